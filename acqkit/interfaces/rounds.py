"""What a round hands to a strategy, and what it gets back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import (
    DEFAULT_BLOCK_SIZE,
    BoolArray,
    Float64Array,
    FloatArray,
    IntArray,
    PairEmbeddings,
)
from acqkit.engine import Engine, LocalEngine
from acqkit.interfaces.models import Model
from acqkit.interfaces.pools import Pool
from acqkit.labels import UNLABELED
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.timing import PhaseClock


@dataclass(frozen=True, eq=False)
class RoundContext:
    """Everything known when picks are to be made.

    `candidates` `[u]` are the positions that may be picked: unlabeled, not skipped, not
    already asked for. `waiting` `[w]` are those that were asked for and have no answer yet; None
    stands for all unlabeled pairs that are no candidates. A pair can be neither: in a simulation
    on a partly labeled pool nobody can answer for the others. `embeddings` cover the whole pool,
    row = position; `block_size` is the most pairs in a block of them. `clock` adds up
    seconds by phase. `engine` runs what is mapped over blocks; picks do not depend on it. `device`
    is where vectors are worked on: `cpu` stands for numpy and faiss, any other torch device
    (`cuda`, `cuda:1`) for tensors there; picks differ by rounding.
    """

    round: int
    seed: int
    pool: Pool
    embeddings: PairEmbeddings
    candidates: IntArray
    model: Model | None = None
    block_size: int = DEFAULT_BLOCK_SIZE
    clock: PhaseClock = field(default_factory=PhaseClock)
    engine: Engine = field(default_factory=LocalEngine)
    waiting: IntArray | None = None
    device: str = "cpu"

    def covering(self) -> BoolArray:
        """Which pairs count as covered, `[n]`: labeled, or asked for and waiting for an answer."""
        rounds = self.pool.labels.round
        covering = np.asarray(rounds >= 0)
        if self.waiting is not None:
            covering[self.waiting] = True
        else:
            covering |= rounds == UNLABELED
            covering[self.candidates] = False
        return covering

    def rng(self, purpose: str = "select") -> np.random.Generator:
        """A fresh generator derived from (seed, round, purpose): equal calls, equal streams."""
        return np.random.default_rng(self.derive(purpose))

    def derive(self, purpose: str) -> int:
        """An integer seed derived from (seed, round, purpose), for libraries that want one."""
        return derive_seed(self.seed, self.round, purpose)

    def uniforms(self, purpose: str = "select", positions: IntArray | None = None) -> Float64Array:
        """One number in [0, 1) per pair, `[n]`, or of those at `positions` `[k]`, from its id.

        Reordering the pool reorders them.
        """
        keys = self.pool.id_keys()
        if positions is not None:
            keys = keys[positions]
        return uniforms(pair_keys(keys, self.derive(purpose)))

    def canonical(self, positions: IntArray, first: int | None = None) -> IntArray:
        """`positions` `[k]` in an order that depends on ids and seed only, or the `first` of them.

        Algorithms whose result depends on the order of their input (k-means, greedy with
        ties) run on this order, so that permuting the pool permutes the picks.
        """
        keys = pair_keys(self.pool.id_keys()[positions], self.derive("order"))
        if first is not None and first < len(keys):
            head = np.argpartition(keys, first)[:first]
            positions, keys = positions[head], keys[head]
        # A stable sort takes four times as long, and two ids share a key once in billions of pairs.
        order = np.argsort(keys) if self.device == "cpu" else _sorted_there(keys, self.device)
        return positions[order]


def _sorted_there(keys: NDArray[np.uint64], device: str) -> IntArray:
    """The order of keys `[n]`, sorted on a device: at ten million two seconds less."""
    # Not at the top: this file is read with the interfaces, and torch takes a second.
    import torch  # noqa: PLC0415

    # torch sorts signed integers alone.
    signed = torch.from_numpy((keys ^ np.uint64(1 << 63)).view(np.int64))
    order: IntArray = signed.to(device).argsort().cpu().numpy()
    return order


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """Informativeness per pair, higher is more wanted; `terms` say what it is made of.

    values `[n]`; terms: name -> `[n]`. sentences: by the name of a term, why a pair was picked
    whose largest term it is.
    """

    values: FloatArray
    terms: Mapping[str, FloatArray] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)

    def reasons(self, positions: IntArray) -> list[str]:
        """What the largest term of each of `positions` `[k]` says; "" where no term is above 0."""
        if not self.sentences:
            return [""] * len(positions)
        terms = np.stack([self.terms[name][positions] for name in self.sentences])
        largest, names = terms.argmax(axis=0), list(self.sentences)
        return [
            self.sentences[names[term]] if terms[term, pair] > 0 else ""
            for pair, term in enumerate(largest.tolist())
        ]


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """Picks in order of choice, with what is worth keeping beside them.

    positions `[k]`; scores `[k]` or None; terms name -> `[k]`; record: plain data for the
    report (an allocation table, a bound, ...), which must be JSON. Its `reasons`, where it has
    them, are k strings: why each was picked, in sentences for people.
    """

    positions: IntArray
    scores: FloatArray | None = None
    terms: Mapping[str, FloatArray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
