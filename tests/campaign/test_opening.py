from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from acqkit import Campaign, Component, PairPool, RoundContext, Scores, load_pool
from acqkit.base import hookimpl
from acqkit.campaign.setup import reopen_part
from acqkit.components.compose import Composed
from acqkit.components.registry import new_registry
from acqkit.components.resolve import resolve
from acqkit.components.spec import ComponentSpec, StrategySpec
from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.errors import CampaignError, ConfigError, PluginError
from acqkit.interfaces import Model, Pool
from acqkit.testing import LinearPairModel, make_pool
from light_components import LightFactory, LightMargin, LightTrainer
from simulated_annotators import ById


class Warmth(Component):
    """A scorer with a parameter."""

    degrees: int = Field(20, ge=0)

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        return np.full(len(block), self.degrees, dtype=np.float32)


class First(Component):
    """The first candidates."""

    def allocate(self, scores: Scores, context: RoundContext, n: int) -> IntArray:
        return context.candidates[:n]


class OtherTrainer(Component):
    """Not registered."""

    rate: float = 0.5

    def fit(self, model: Model, pool: Pool, seed: int) -> None:
        model.fit(pool, seed)


class Plugin:
    """What an installed plugin would register."""

    @hookimpl
    def acqkit_register_strategies(self) -> dict[str, type[Component]]:
        return {"by-id": ById, "light-margin": LightMargin}

    @hookimpl
    def acqkit_register_scorers(self) -> dict[str, type[Component]]:
        return {"warmth": Warmth}

    @hookimpl
    def acqkit_register_allocators(self) -> dict[str, type[Component]]:
        return {"top": First, "first": First}

    @hookimpl
    def acqkit_register_trainers(self) -> dict[str, type[Component]]:
        return {"light": LightTrainer}

    @hookimpl
    def acqkit_register_models(self) -> dict[str, type[Component]]:
        return {"light": LightFactory}


REGISTRY = new_registry()
REGISTRY.add(Plugin(), "light", "acqkit-light", "1.0")
create = functools.partial(Campaign.create, registry=REGISTRY)
reopen = functools.partial(Campaign.open, registry=REGISTRY)

BY_NAME: dict[str, Any] = {"strategy": "by-id", "trainer": "light", "model": "light"}
BY_ID: dict[str, Any] = {"name": "by-id", "params": {}}
WARM = {"name": "warmth", "params": {"degrees": 20}}
WARMER = {"name": "warmth", "params": {"degrees": 30}}
FIRST = {"name": "first", "params": {}}
TOP = {"name": "top", "params": {}}


@pytest.mark.parametrize(
    ("given", "record", "label"),
    [
        ("by-id", BY_ID, "by-id"),
        (ById(), BY_ID, "by-id"),
        ({"name": "by-id"}, BY_ID, "by-id"),
        (ComponentSpec(name="by-id"), BY_ID, "by-id"),
        (
            StrategySpec(strategy=ComponentSpec(name="by-id")),
            BY_ID,
            "by-id",
        ),
        ("warmth+first", {"scorer": WARM, "allocator": FIRST}, "warmth+first"),
        ({"scorer": "warmth"}, {"scorer": WARM, "allocator": TOP}, "warmth+top"),
        (
            {"scorer": {"name": "warmth", "degrees": 30}, "allocator": First()},
            {"scorer": WARMER, "allocator": TOP},
            "warmth+top",
        ),
        (
            StrategySpec(scorer=ComponentSpec(name="warmth", params={"degrees": 30})),
            {"scorer": WARMER, "allocator": TOP},
            "warmth+top",
        ),
        (
            Composed(scorer=Warmth(degrees=30), allocator=First()),
            {"scorer": WARMER, "allocator": TOP},
            "warmth+top",
        ),
    ],
)
def test_a_strategy_in_all_its_forms(given: Any, record: dict[str, Any], label: str) -> None:
    part = resolve("strategy", given, REGISTRY)
    assert part.record == record and part.title == label
    json.dumps(part.record)
    again = reopen_part("strategy", json.loads(json.dumps(record)), None, REGISTRY)
    assert again.component == part.component
    assert reopen_part("strategy", record, given, REGISTRY).component == part.component


@pytest.mark.parametrize(
    ("kind", "given", "error", "message"),
    [
        ("strategy", "by-ids", PluginError, "no strategy called 'by-ids'.*'by-id'"),
        ("strategy", "warmth+topp", PluginError, "no allocator called 'topp'.*'top'"),
        ("strategy", {"scorer": {"name": "warmth", "degree": 3}}, ConfigError, "'degrees'"),
        (
            "strategy",
            {"scorer": "warmth", "alocator": "top"},
            ConfigError,
            "did you mean 'allocator'",
        ),
        ("strategy", {"nam": "by-id"}, ConfigError, "name"),
        ("strategy", ById, ConfigError, r"is the class ById, wanted an object: ById\(\.\.\.\)"),
        ("strategy", 3, ConfigError, "3 is no strategy: it has no method 'select'"),
        ("trainer", Warmth(), ConfigError, "is no trainer: it has no method 'fit'"),
        ("model", Warmth(), ConfigError, "is no model: it has no method 'build'"),
    ],
)
def test_what_is_no_part(kind: Any, given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve(kind, given, REGISTRY)


def test_registered_parts_are_made_again_by_name(tmp_path: Path) -> None:
    pool = make_pool(40)
    made = BY_NAME | {"strategy": {"scorer": Warmth(degrees=3), "allocator": "first"}}
    with create(tmp_path / "c", pool, **made) as campaign:
        first = campaign.ask(3)
    with reopen(tmp_path / "c", pool) as campaign:
        second = campaign.ask(3)
        assert campaign.status().strategy == "warmth+first"
    assert first.scores is not None and first.scores.tolist() == [3, 3, 3]
    assert second.scores is not None and second.scores.tolist() == [3, 3, 3]
    with pytest.raises(CampaignError, match=r"warmth\(degrees=3\) \+ .*warmth\(degrees=20\)"):
        reopen(tmp_path / "c", pool, strategy="warmth+first")


def test_other_objects_must_be_passed_again(tmp_path: Path) -> None:
    pool = make_pool(40)
    made = BY_NAME | {"trainer": OtherTrainer()}
    create(tmp_path / "c", pool, **made).close()
    with pytest.raises(CampaignError, match=r"test_opening:OtherTrainer.*open\(folder, trainer="):
        reopen(tmp_path / "c", pool)
    with pytest.raises(CampaignError, match=r"OtherTrainer\(rate=0\.5\), but light\(\) was passed"):
        reopen(tmp_path / "c", pool, trainer="light")
    with pytest.raises(CampaignError, match=r"rate=0\.5\), but .*rate=0\.25\) was passed"):
        reopen(tmp_path / "c", pool, trainer=OtherTrainer(rate=0.25))
    reopen(tmp_path / "c", pool, trainer=OtherTrainer()).close()


def test_a_model_object_is_trained_from_a_copy(tmp_path: Path) -> None:
    pool = make_pool(40, 3)

    class Learning(LinearPairModel):
        fits: list[int]

        def fit(self, pool: Pool, seed: int) -> None:
            self.__dict__.setdefault("fits", []).append(len(pool.labels.labeled))

    model = Learning.for_pool(pool)
    made = BY_NAME | {"model": model}
    with create(tmp_path / "c", pool, **made) as campaign:
        batch = campaign.ask(4)
        for pair in batch.ids[:2]:
            campaign.tell(batch.batch_id, {pair: 0})
            trained = campaign.trained().model
        assert isinstance(trained, Learning) and trained.fits == [2]
    assert not hasattr(model, "fits")


def test_parameters_that_are_no_plain_data_are_left_out(tmp_path: Path) -> None:
    class WithFunction(Component):
        rule: Callable[[int], int] = abs

        def select(self, context: RoundContext, n: int) -> IntArray:
            return context.candidates[:n]

    pool = make_pool(20)
    made = BY_NAME | {"strategy": WithFunction()}
    create(tmp_path / "c", pool, **made).close()
    reopen(tmp_path / "c", pool, strategy=WithFunction()).close()


def test_the_pool_is_found_by_its_reference(tmp_path: Path) -> None:
    pool = make_pool(40)
    path = tmp_path / "pool.npz"
    a, b = (source.rows(np.arange(40)) for source in pool.features)
    np.savez(
        path,
        modality_a=a,
        modality_b=b,
        labels=np.asarray(pool.truth),
        class_names=pool.class_names,
        split=np.repeat(["train", "test"], 20),
    )
    loaded = load_pool(path)
    create(tmp_path / "c", loaded, pool_reference=str(path), **BY_NAME).close()
    with reopen(tmp_path / "c") as campaign:
        assert len(campaign.pool) == 40 and campaign.ask(3).positions.max() < 20
    path.unlink()
    with pytest.raises(CampaignError, match=r"cannot load its pool: .*pass the pool"):
        reopen(tmp_path / "c")
    create(tmp_path / "d", loaded, **BY_NAME).close()
    with pytest.raises(CampaignError, match=r"does not know where its pool '.*' is; pass"):
        reopen(tmp_path / "d")


CHANGES: list[tuple[Callable[[PairPool], PairPool], str]] = [
    (lambda pool: pool.swap_modalities(), r"modalities \['text', 'image'\], not \['image'"),
    (lambda pool: replace(pool, class_names=("a", "b", "c", "d")), "classes"),
    (lambda pool: replace(pool, multilabel=True), "multilabel True, not False"),
    (lambda pool: replace(pool, explicit_ids=np.arange(40)[::-1]), "image and text features"),
    (lambda pool: replace(pool, explicit_ids=np.arange(100, 140)), "none of its pairs"),
    (lambda pool: replace(pool, test=np.arange(40) < 20), "another split"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_another_pool_is_refused(
    tmp_path: Path, change: Callable[[PairPool], PairPool], message: str
) -> None:
    pool = make_pool(40)
    create(tmp_path / "c", pool, **BY_NAME).close()
    with pytest.raises(CampaignError, match=f"is not the one.*{message}"):
        reopen(tmp_path / "c", change(pool))
    reopen(tmp_path / "c", make_pool(40)).close()


def test_folders_that_hold_none_or_something(tmp_path: Path) -> None:
    pool = make_pool(20)
    with pytest.raises(CampaignError, match=re.escape(f"{tmp_path / 'c'} does not exist")):
        reopen(tmp_path / "c", pool)
    with pytest.raises(CampaignError, match=r"is no campaign: there is no campaign\.sqlite"):
        reopen(tmp_path, pool)
    for name in ("c", "odd [name]", "deep/er"):
        create(tmp_path / name, pool, **BY_NAME).close()
        with pytest.raises(CampaignError, match="already holds a campaign; open it"):
            create(tmp_path / name, pool, **BY_NAME)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("precious")
    for taken in ("thesis", "thesis/chapter.txt"):
        with pytest.raises(CampaignError, match="exists already; name a folder that does not"):
            create(tmp_path / taken, pool, **BY_NAME)
    with pytest.raises(CampaignError, match="no campaign can be made in"):
        create(tmp_path / "thesis" / "chapter.txt" / "c", pool, **BY_NAME)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "precious"
