"""What is under test: a component, what kind it is, and the strategy that it makes up."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np

from acqkit.components.compose import Composed
from acqkit.components.kinds import KINDS
from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.interfaces import (
    Allocator,
    Component,
    ModelFactory,
    RoundContext,
    Scorer,
    Selection,
    Strategy,
)
from acqkit.selection import as_selection, select
from acqkit.strategies.top import Top
from acqkit.testing.scenes import Scene


class ConformanceError(AssertionError):
    """A component does not keep the contract of its kind; the message says how."""


def require(condition: object, sentence: str) -> None:
    """Raise ConformanceError with `sentence` unless `condition` holds."""
    if not condition:
        raise ConformanceError(sentence)


def kind_of(component: object, kinds: Iterable[str]) -> str:
    """Which of `kinds` a component is, by its method; raises TypeError when that is unclear."""
    if isinstance(component, type):
        raise TypeError(
            f"the conformance kit got the class {component.__name__}, wanted an instance: "
            f"write {component.__name__}()"
        )
    if not isinstance(component, Component):
        raise TypeError(
            f"the conformance kit got a {type(component).__name__}, wanted an instance of a "
            "subclass of acqkit.Component"
        )
    methods = {kind: KINDS[kind].method for kind in kinds}
    found = [kind for kind, name in methods.items() if callable(getattr(component, name, None))]
    if len(found) != 1:
        raise TypeError(
            f"{type(component).__name__} has {len(found)} of the methods "
            f"{', '.join(methods.values())}, wanted one; "
            "say which kind it is with kind="
        )
    return found[0]


class NormScorer(Component):
    """A fixed scorer for allocators under test: the length of the unified mean."""

    def score(self, block: PairEmbeddings, context: RoundContext) -> FloatArray:
        """The length `[k]` of each pair's unified mean."""
        mean = block.unified_mean().astype(np.float64)
        return np.asarray(np.linalg.norm(mean, axis=1), dtype=np.float32)


@dataclass(frozen=True)
class Subject:
    """A component under test; `model` builds what a trainer under test is to train."""

    component: Component
    kind: str
    model: ModelFactory | None = None

    @property
    def title(self) -> str:
        """Its name in messages."""
        return type(self.component).__name__

    @property
    def strategy(self) -> Strategy:
        """The component itself, or a composition in which all else is known to be sound."""
        if self.kind == "scorer":
            return Composed(scorer=cast(Scorer, self.component), allocator=Top())
        if self.kind == "allocator":
            allocator = cast(Allocator, self.component)
            return Composed(scorer=NormScorer(), allocator=allocator)
        return cast(Strategy, self.component)

    def fresh(self) -> Subject:
        """A subject with a copy of the component, so that no check sees what another left."""
        return Subject(copy.deepcopy(self.component), self.kind, self.model)

    def raw_picks(self, scene: Scene, n: int) -> IntArray:
        """What the strategy itself returns, unchecked."""
        return as_selection(self.strategy.select(scene.context(), n)).positions

    def select(
        self, scene: Scene, n: int, *, seed: int = 0, round: int = 1, block_size: int = 64
    ) -> Selection:
        """Checked picks, by the way that a campaign takes."""
        context = scene.context(seed=seed, round=round, block_size=block_size)
        return select(self.strategy, context, n)

    def picks(self, scene: Scene, n: int, *, seed: int = 0, block_size: int = 64) -> list[int]:
        """Checked picks as a sorted list of positions: order of choice is free."""
        selection = self.select(scene, n, seed=seed, block_size=block_size)
        return sorted(selection.positions.tolist())


def describe_difference(wanted: list[int], got: list[int]) -> str:
    """The picks that two runs do not share, for a message."""
    return (
        f"{len(set(wanted) - set(got))} of {len(wanted)} picks differ "
        f"({sorted(set(wanted) - set(got))} became {sorted(set(got) - set(wanted))})"
    )
