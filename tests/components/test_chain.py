"""Chained trainers: who learns from whom, and how they are named, stored and refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acqkit import Component, hookimpl
from acqkit.components.registry import Registry, new_registry
from acqkit.components.resolve import resolve
from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError
from acqkit.interfaces import BelievingTrainer
from acqkit.testing import make_pool


class Noted:
    """A model that keeps what was done to it."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def fit(self, pool: Any, seed: int) -> None:
        raise AssertionError("trainers do this")

    def embed(self, batch: Any) -> Any:
        raise AssertionError("nobody asks")


class Teacher(Component):
    strength: int = 1

    def fit(self, model: Noted, pool: Any, seed: int) -> dict[str, int] | None:
        model.notes.append(f"taught {self.strength} with {seed}")
        return {"lessons": self.strength} if self.strength > 1 else None


class Pupil(Teacher):
    def fit_from(
        self, source: Noted, model: Noted, pool: Any, seed: int, beliefs: FloatArray | None
    ) -> dict[str, int] | None:
        assert source is not model
        model.notes.append(f"learned {self.strength} from {source.notes} and {beliefs}")
        return {"learned": self.strength} if self.strength > 1 else None


class Believer(Teacher):
    def pool_beliefs(self, model: Noted, pool: Any) -> FloatArray:
        return np.full((1, 1), len(model.notes), dtype=np.float32)


@pytest.fixture
def registry() -> Registry:
    @hookimpl
    def acqkit_register_trainers() -> Mapping[str, type[Component]]:
        return {"teacher": Teacher, "pupil": Pupil, "believer": Believer}

    made = new_registry()
    made.add(SimpleNamespace(acqkit_register_trainers=acqkit_register_trainers), "x", "x", "1")
    return made


def made(registry: Registry, name: str, params: Any = None) -> Any:
    return resolve("trainer", {"name": name, "params": params or {}}, registry).component


def test_each_stage_learns_from_the_model_that_the_one_before_left(registry: Registry) -> None:
    chain: Any = made(registry, "teacher+pupil", {"pupil": {"strength": 3}})
    model = Noted()
    chain.fit(model, make_pool(8), 5)
    assert model.notes == ["taught 1 with 5", "learned 3 from ['taught 1 with 5'] and None"]


def test_what_a_trainer_believes_is_passed_on(registry: Registry) -> None:
    chain: Any = made(registry, "believer+pupil")
    model = Noted()
    chain.fit(model, make_pool(8), 5)
    assert model.notes[1].endswith("and [[1.]]")


@pytest.mark.parametrize(
    ("teacher", "pupil", "record"),
    [
        (2, 3, {"teacher": {"lessons": 2}, "pupil": {"learned": 3}}),
        (1, 3, {"pupil": {"learned": 3}}),
        (1, 1, None),
    ],
)
def test_the_record_of_each_stage_is_returned_by_its_name(
    registry: Registry, teacher: int, pupil: int, record: Any
) -> None:
    params = {"teacher": {"strength": teacher}, "pupil": {"strength": pupil}}
    chain: Any = made(registry, "teacher+pupil", params)
    assert chain.fit(Noted(), make_pool(8), 5) == record


def test_a_chain_is_made_again_from_its_record(registry: Registry) -> None:
    given = {"name": "teacher+pupil", "teacher": {"strength": 2}}
    chain = resolve("trainer", given, registry)
    stored = {
        "name": "teacher+pupil",
        "params": {"teacher": {"strength": 2}, "pupil": {"strength": 1}},
    }
    assert chain.record == stored and chain.title == "teacher+pupil"
    assert resolve("trainer", stored, registry).component == chain.component
    assert resolve("trainer", chain.component, registry).record == stored


def test_a_chain_believes_what_its_first_stage_does(registry: Registry) -> None:
    believing, other = made(registry, "believer+pupil"), made(registry, "teacher+pupil")
    assert not isinstance(other, BelievingTrainer)
    model: Any = Noted()
    believing.fit(model, make_pool(8), 5)
    assert isinstance(believing, BelievingTrainer)
    assert believing.pool_beliefs(model, make_pool(8)) == [[2]]


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("pupil+teacher", {}, "'teacher' cannot come after another trainer: .* put it first"),
        ("pupil+pupil", {}, "names one trainer twice"),
        ("teacher+pupil", {"strength": 2}, "unknown key 'strength'; .* teacher, pupil"),
        ("teacher+pupil", {"pupil": {"strenght": 2}}, "did you mean 'strength'"),
    ],
)
def test_what_cannot_be_chained_is_refused(
    registry: Registry, name: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        made(registry, name, params)
