"""By what the pairs of a campaign are found again in a pool, whatever else the pool holds.

A pair is known by its id and, under the same id, must have the same features. In a pool without
ids row i is pair i: a row that was deleted or inserted makes the features of the next rows others,
so that no label can come to another pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.campaign.fingerprint import not_the_one, raw_sample
from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import shown
from acqkit.pool import PairPool
from acqkit.pool.digest import is_array
from acqkit.pool.row_keys import row_keys
from acqkit.store import Roster
from acqkit.store.rows import FACTS

_SIDES = ("a", "b")


_PAIRS = 1 << 16
"""Pairs of one roster (65,536), whose ids are objects while it is written or read: 10 MB of them.
A large pool has many."""


def make_rosters(
    start: int, pool: PairPool, rows: IntArray, content: Sequence[Any], test: BoolArray
) -> Iterator[Roster] | None:
    """Those of the pairs in `rows` `[k]` of a pool, which the campaign has from `start` on.

    content: of the pool's fingerprint, None for what cannot be compared. None where the ids are
    neither integers nor texts, by which pairs cannot be found again.
    """
    explicit = pool.explicit_ids
    mixed = explicit[rows].tolist() if explicit is not None and explicit.dtype.kind == "O" else ()
    if not all(type(each) in (int, str) for each in mixed):
        return None
    starts = range(0, len(rows), _PAIRS)
    return (_roster(start, at, pool, rows, content, test) for at in starts)


def _roster(
    start: int, at: int, pool: PairPool, rows: IntArray, content: Sequence[Any], test: BoolArray
) -> Roster:
    """That of the pairs in `rows` from `at` on."""
    own = rows[at : at + _PAIRS]
    ids = None if pool.explicit_ids is None else pool.ids[own].tolist()
    facts = np.zeros(len(own), FACTS)
    facts["test"] = test[at : at + _PAIRS]
    sampled = raw_sample(len(rows)) - at
    sampled = sampled[(sampled >= 0) & (sampled < len(own))]
    for side, source, digest in zip(_SIDES, pool.features, content, strict=True):
        if digest is None:
            continue
        read = np.arange(len(own)) if is_array(source) else sampled
        facts[side][read] = row_keys(source, own[read])
    return Roster(start + at, ids, facts)


def rosters_of(pool: PairPool, made_with: Mapping[str, Any]) -> Iterator[Roster] | None:
    """Those of all pairs of a pool; `made_with` is its fingerprint."""
    test = np.zeros(len(pool), bool) if pool.test is None else np.asarray(pool.test)
    return make_rosters(0, pool, np.arange(len(pool)), [*made_with["content"].values()], test)


class PairList:
    """All pairs of a campaign, from its rosters."""

    def __init__(self, rosters: Sequence[Roster]) -> None:
        self.with_ids = any(roster.ids is not None for roster in rosters)
        self.facts: NDArray[Any] = np.concatenate([roster.facts for roster in rosters])
        self.ids: list[Any] = [
            each
            for roster in rosters
            for each in roster.ids or range(roster.start, roster.start + len(roster.facts))
        ]

    def __len__(self) -> int:
        return len(self.ids)

    def rows_in(self, pool: PairPool) -> IntArray:
        """Where in `pool` each pair is, `[n]`, -1 where it is not."""
        return pool.find(self.ids)

    def check(self, pool: PairPool, rows: IntArray) -> None:
        """Raise CampaignError where a pair that is in `pool` has other features or another part.

        rows: of `rows_in`.
        """
        here = np.flatnonzero(rows >= 0)
        other = {
            name: self._others(source, self.facts[side], rows, here)
            for side, name, source in zip(_SIDES, pool.modalities, pool.features, strict=True)
        }
        differing = [name for name, positions in other.items() if len(positions)]
        if differing:
            where = (
                "that are others under the same ids"
                if pool.explicit_ids is not None
                else "in another order, or others (its pairs have no ids by which to tell)"
            )
            first = int(min(positions[0] for positions in other.values() if len(positions)))
            what = f"{' and '.join(differing)} features {where}, first of {shown(self.ids[first])}"
        elif pool.test is not None and (pool.test[rows[here]] != self.facts["test"][here]).any():
            what = "another split into train and test"
        else:
            return
        raise not_the_one(pool, what)

    @staticmethod
    def _others(
        source: Any, wanted: NDArray[np.uint64], rows: IntArray, here: IntArray
    ) -> IntArray:
        """Positions of the pairs whose features are others."""
        compared = here[wanted[here] != 0]
        found = row_keys(source, rows[compared])
        others: IntArray = compared[(found != 0) & (found != wanted[compared])]
        return others
