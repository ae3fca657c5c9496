"""Components from whatever is given, and what tells two objects of one class apart."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

import acqkit
from acqkit import Campaign, Component, PairPool, RoundContext
from acqkit.campaign.setup import reopen_part
from acqkit.components.registry import Registry, new_registry
from acqkit.components.resolve import resolve, spec_of
from acqkit.components.spec import ComponentSpec
from acqkit.embeddings import IntArray
from acqkit.errors import AcqkitError, CampaignError, ConfigError, PluginError
from acqkit.models import SklearnPairModel
from acqkit.strategies import Entropy, Random
from acqkit.testing import make_pool


class Mine(Component):
    """Every k-th pair first; needs no model."""

    needs_embeddings = False
    k: int = 1

    def select(self, context: RoundContext, n: int) -> IntArray:
        order = np.argsort(context.candidates % self.k, kind="stable")
        return context.candidates[order[:n]]


class Guarded(Mine):
    """Holds something of which nobody can say what it is."""

    lock: Any = None


def classifiers(kind: Any) -> SklearnPairModel:
    return SklearnPairModel(kind(), kind())


SHORT: dict[str, Any] = {
    "model": "sklearn",
    "initial": 8,
    "per_round": 4,
    "rounds": 1,
    "seeds": 1,
}


def test_two_objects_of_one_class_are_two_strategies(tmp_path: Path) -> None:
    pool = make_pool(60, test_share=0.25)
    mine = [Mine(k=2), Mine(k=3)]
    found = acqkit.compare(pool, strategy=mine, out=tmp_path / "both", **SHORT)
    for strategy, results in zip(mine, found, strict=True):
        alone = acqkit.run(pool, strategy=strategy, out=tmp_path / f"k{strategy.k}", **SHORT)
        assert [r.picked for r in results.rounds] == [r.picked for r in alone.rounds]
    assert found[0].rounds[1].picked != found[1].rounds[1].picked
    folders = {path.parent.name for path in (tmp_path / "both").glob("*/results.json")}
    assert len(folders) == 2 and all("Mine" in name for name in folders)


def test_another_model_object_is_another_run(tmp_path: Path) -> None:
    pool = make_pool(60, test_share=0.25)
    how = SHORT | {"strategy": "random", "out": tmp_path / "run"}
    acqkit.run(pool, **how | {"model": classifiers(LogisticRegression)})
    with pytest.raises(ConfigError, match=r"holds another run.*model"):
        acqkit.run(pool, **how | {"model": classifiers(GaussianNB)})
    again = acqkit.run(pool, **how | {"model": classifiers(LogisticRegression)})
    assert len(again.rounds) == 2


def _campaign_pool() -> PairPool:
    a, b = np.random.default_rng(0).normal(size=(2, 20, 3))
    return PairPool.from_arrays(a, b, class_names=["u", "v"])


def test_another_classifier_object_is_refused_with_both_named(tmp_path: Path) -> None:
    pool, made = _campaign_pool(), {"strategy": "random", "trainer": "own-fit"}
    Campaign.create(
        tmp_path / "c",
        pool,
        model=classifiers(LogisticRegression),
        **made,  # type: ignore[arg-type]
    ).close()
    with pytest.raises(CampaignError, match=r"LogisticRegression.* but .*GaussianNB.* was passed"):
        Campaign.open(tmp_path / "c", pool, model=classifiers(GaussianNB))
    Campaign.open(tmp_path / "c", pool, model=classifiers(LogisticRegression)).close()


def test_a_campaign_with_an_object_that_cannot_say_what_it_is(tmp_path: Path) -> None:
    pool = make_pool(20)
    guarded = Guarded(lock=threading.Lock())
    with pytest.warns(UserWarning, match="cannot be opened again: .*make it an acqkit.Component"):
        campaign = Campaign.create(tmp_path / "c", pool, strategy=guarded)
    with campaign:
        assert len(campaign.ask(3).ids) == 3
    with pytest.raises(CampaignError, match=r"lock: .*make it an acqkit\.Component whose"):
        Campaign.open(tmp_path / "c", pool, strategy=guarded)


def test_no_two_things_that_cannot_say_what_they_are_have_one_title() -> None:
    guarded = Guarded(lock=threading.Lock())
    one, other = (resolve("strategy", guarded) for _ in range(2))
    assert one.record != other.record and one.title != other.title
    assert spec_of("strategy", guarded).label != spec_of("strategy", guarded).label


MODEL = "acqkit.models.sklearn_pair:SklearnPairModel"


def test_records_of_0_1_0_are_read() -> None:
    """They named objects by their class alone where these are no plain data."""
    path = f"{Mine.__module__}:Mine"
    assert reopen_part("strategy", {"class": path, "params": {"k": 2}}, Mine(k=2))
    with pytest.raises(CampaignError, match=r"k=2\), but .*k=3\) was passed"):
        reopen_part("strategy", {"class": path, "params": {"k": 2}}, Mine(k=3))
    old = {"class": MODEL, "params": None}
    with pytest.warns(UserWarning, match="noted only the class of its model"):
        assert reopen_part("model", old, classifiers(GaussianNB))
    composed = {
        "scorer": {"name": "bald", "params": {"samples": 5}},
        "allocator": {"name": "top", "params": {}},
    }
    part = reopen_part("strategy", composed, None)
    assert part.title == "bald+top" and part.record == composed
    chained = {"name": "supervised", "params": {}}
    assert reopen_part("trainer", chained, None).title == "supervised"


def test_titles_are_short_and_differ() -> None:
    assert resolve("strategy", Mine(k=2)).title == f"{Mine.__module__}:Mine(k=2)"
    made = [classifiers(kind) for kind in (LogisticRegression, GaussianNB)]
    titles = {resolve("model", model).title for model in made}
    assert len(titles) == 2 and all(len(title) < 64 for title in titles)


@pytest.mark.parametrize("params", [{"name": "x"}, {"params": 1}, {"k": 1}, {}])
def test_a_written_spec_is_read_back(params: dict[str, Any]) -> None:
    spec = ComponentSpec(name="mine", params=params)
    assert ComponentSpec.model_validate(spec.model_dump()) == spec


def test_a_registered_class_whose_parameters_are_no_data_is_an_object() -> None:
    class Ruled(Component):
        rule: Any = None

        def select(self, context: RoundContext, n: int) -> IntArray:
            return context.candidates[:n]

    @acqkit.hookimpl
    def acqkit_register_strategies() -> dict[str, type[Component]]:
        return {"ruled": Ruled}

    found = new_registry()
    plugin = SimpleNamespace(acqkit_register_strategies=acqkit_register_strategies)
    found.add(plugin, "ruled", "acqkit-ruled", "1")
    assert resolve("strategy", Ruled(rule=3), found).record == {
        "name": "ruled",
        "params": {"rule": 3},
    }
    record = resolve("strategy", {"name": "ruled", "rule": np.arange(3)}, found).record
    assert "name" not in record and record["params"]["rule"]["array"] == "int64"
    assert record != resolve("strategy", Ruled(rule=np.arange(4)), found).record


CONFUSED = [
    ("strategy", "entropy", PluginError, "'entropy' is a scorer, .*entropy\\+top"),
    ("strategy", "top", PluginError, "'top' is an allocator, .*entropy\\+top"),
    ("strategy", "typiclust+top", PluginError, "'typiclust' is a strategy, which stands alone"),
    ("strategy", "supervised", PluginError, "'supervised' is of kind trainer"),
    ("trainer", "two-tower", PluginError, "'two-tower' is of kind model"),
    ("strategy", "a+b+c", ConfigError, "has 3 parts, wanted SCORER\\+ALLOCATOR"),
    ("strategy", Entropy(), ConfigError, "no strategy: .*looks like a scorer"),
    ("trainer", Random(), ConfigError, "no trainer: .*looks like a strategy"),
]


@pytest.mark.parametrize(("kind", "given", "error", "words"), CONFUSED)
def test_one_kind_taken_for_another_says_how_it_is_written(
    kind: str, given: Any, error: type[AcqkitError], words: str
) -> None:
    with pytest.raises(error, match=words):
        resolve(kind, given)


def test_names_come_from_the_registry_that_is_handed_in() -> None:
    found: Registry = new_registry()
    with pytest.raises(PluginError, match="no strategy called 'random' is installed; known: none"):
        resolve("strategy", "random", found)


@pytest.mark.parametrize(
    "given",
    [
        "bald+top",
        {"name": "bald+top"},
        {"name": "bald+top", "params": {}},
        {"scorer": "bald", "allocator": "top"},
        {"scorer": {"name": "bald"}},
        {"scorer": {"name": "bald", "params": {}}, "allocator": {"name": "top"}},
        spec_of("strategy", "bald+top"),
    ],
)
def test_one_grammar(given: Any) -> None:
    assert resolve("strategy", given).record == resolve("strategy", "bald+top").record


def test_parameters_of_joined_parts_stand_under_their_names() -> None:
    joined = resolve("strategy", {"name": "bald+top", "bald": {"samples": 3}})
    apart = resolve("strategy", {"scorer": {"name": "bald", "samples": 3}})
    assert joined.record == apart.record and joined.component == apart.component
    with pytest.raises(ConfigError, match=r"unknown key 'samples'; .* under its name: bald, top"):
        resolve("strategy", {"name": "bald+top", "samples": 3})
