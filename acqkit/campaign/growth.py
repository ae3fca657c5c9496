"""Growing: the steps that append to the log of changes. No step moves a position or an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.campaign.classes import ClassTable
from acqkit.campaign.fingerprint import fingerprint
from acqkit.campaign.roster import PairList, make_rosters, rosters_of
from acqkit.campaign.view import known_answers
from acqkit.campaign.whereabouts import class_table, whereabouts
from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import CampaignError, PoolError, did_you_mean, shown
from acqkit.pool import PairPool
from acqkit.pool.ids import check_ids
from acqkit.pool.look_alikes import look_alike, told_apart
from acqkit.pool.placed import check_alike
from acqkit.pool.source import Source as Columns
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.store import Classes, Roster, Store, StoredChange

_FIRST_NAMES = 2
"""Classes that must be left: with fewer there is nothing to tell apart."""


class Growth:
    """Appends to the log of one campaign; each step is one transaction."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._settings = store.settings()

    def add_class(self, name: str) -> None:
        """See `Campaign.add_class`."""
        while True:
            changes, classes = self._now()
            _check_new(name, classes)
            if self._store.add_change("class", {"name": name}, len(changes)):
                return

    def rename_class(self, old: str, new: str) -> None:
        """See `Campaign.rename_class`."""
        while True:
            changes, classes = self._now()
            index = live_class(old, classes)
            if classes.names[index] == new:
                return
            if classes.former.get(new) != index:
                _check_new(new, classes)
            if self._store.add_change("rename", {"class": index, "name": new}, len(changes)):
                return

    def merge_classes(self, names: Sequence[str], into: str) -> None:
        """See `Campaign.merge_classes`."""
        if isinstance(names, str):
            raise CampaignError(f"the classes to merge are {names!r}; give a list of names")
        while True:
            changes, classes = self._now()
            new = classes.find(into) is None
            if new:
                _check_new(into, classes)
            target = len(classes.names) if new else live_class(into, classes)
            merged = sorted({live_class(name, classes) for name in names} - {target})
            if not merged:
                raise CampaignError(f"there is nothing to merge into {into!r}; name other classes")
            if len(classes.live) + new - len(merged) < _FIRST_NAMES:
                raise CampaignError(
                    f"after that {into!r} would be the only class left; with one class there is "
                    "nothing to tell apart"
                )
            value = {"classes": merged, "into": target, "name": into if new else None}
            if self._store.add_change("merge", value, len(changes)):
                return

    def add_pairs(
        self, whole: PairPool, pool: PairPool, test_share: float, reference: str | None
    ) -> int:
        """See `Campaign.add_pairs`; how many were new. whole: the pairs before."""
        _check_joins(whole, pool)
        while True:
            changes, classes = self._now()
            rosters = self._rosters(whole)
            pairs = PairList(rosters)
            rows = pairs.rows_in(pool)
            pairs.check(pool, rows)
            new = np.setdiff1d(np.arange(len(pool)), rows)
            if not len(new):
                return 0
            _check_ids(pairs, pool, new)
            test = self._test_part(pool, new, test_share)
            made_with = fingerprint(pool)
            content = [*made_with["content"].values()]
            more = make_rosters(len(pairs), pool, new, content, test)
            if more is None:
                raise CampaignError(f"pool {pool.name!r} has ids that are no integers or texts")
            value = {
                "start": len(pairs),
                "pairs": len(new),
                "train": int((~test).sum()),
                "pool": pool.name,
                "fingerprint": made_with,
                **whereabouts(self._folder, reference),
            }
            stored = {roster.start for roster in self._store.rosters()}
            added = [each for each in (*rosters, *more) if each.start not in stored]
            given = _given(pool, new, test, len(pairs), classes)
            if self._store.add_change("pairs", value, len(changes), added, given):
                return len(new)

    def _now(self) -> tuple[list[StoredChange], ClassTable]:
        changes = self._store.changes()
        return changes, class_table(self._settings, changes)

    def _rosters(self, whole: PairPool) -> list[Roster]:
        """Those stored; for a campaign of schema 1, whose `whole` pool is its own, a new one."""
        stored = list(self._store.rosters())
        if stored:
            return stored
        made = rosters_of(whole, fingerprint(whole))
        if made is None:
            raise CampaignError(
                "the ids of the campaign's pairs are no integers or texts, by which pairs cannot "
                "be found again, so none can be added; make another campaign"
            )
        return list(made)

    def _test_part(self, pool: PairPool, new: IntArray, share: float) -> BoolArray:
        """Which of the new pairs are test pairs: as the pool says, else by their ids."""
        if not 0 <= share < 1:
            raise CampaignError(f"the share of test pairs is {share!r}; give one from 0 to below 1")
        if pool.test is not None:
            if share:
                raise CampaignError(
                    f"pool {pool.name!r} says which pairs are test pairs; leave the share out"
                )
            return np.asarray(pool.test)[new]
        seed = derive_seed(self._settings["seed"], 0, "test part")
        return uniforms(pair_keys(pool.id_keys()[new], seed)) < share


def live_class(name: str, classes: ClassTable) -> int:
    """The index of a class that is not merged into another; raises CampaignError."""
    index = classes.find(name) if isinstance(name, str) else None
    if index is None:
        hint = did_you_mean(name, classes.names)
        raise CampaignError(f"the campaign has no class {shown(name)}; {hint}")
    if index in classes.into:
        now = classes.names[classes.into[index]]
        raise CampaignError(f"the class {name!r} was merged into {now!r}; name that one")
    return index


def _check_new(name: Any, classes: ClassTable) -> None:
    """Raise CampaignError unless people can tell the name from all that there ever were."""
    if not isinstance(name, str) or not look_alike(name):
        raise CampaignError(f"{name!r} is no name of a class; give a text that can be seen")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CampaignError(f"{name!r} has characters that are not in Unicode") from None
    for known in (*classes.names, *classes.former):
        if look_alike(known) == look_alike(name):
            index = classes.find(known)
            assert index is not None  # found under all of its names
            what = (
                f"has the class {known!r} already"
                if known in classes.names and known == name
                else f"knows class {classes.names[index]!r} by the name {known!r} too"
                if known == name
                else f"would have {told_apart(known, name)}"
            )
            raise CampaignError(f"the campaign {what}; give another name")


def _check_joins(whole: PairPool, pool: PairPool) -> None:
    """Raise CampaignError unless pairs of `pool` can be pairs of the campaign."""
    if pool.multilabel != whole.multilabel and pool.labels.labeled.size:
        raise CampaignError(
            f"pool {pool.name!r} has multilabel {pool.multilabel}, the campaign "
            f"{whole.multilabel}; give a pool of the same kind"
        )
    if (pool.explicit_ids is None) != (whole.explicit_ids is None):
        which = "the campaign's pairs" if whole.explicit_ids is None else f"pairs of {pool.name!r}"
        raise CampaignError(
            f"{which} have no ids and the others have, so that nobody can tell which are new; "
            "give both ids"
        )
    try:
        check_alike(whole, pool)
    except PoolError as error:
        raise CampaignError(str(error)) from None


def _check_ids(pairs: PairList, pool: PairPool, new: IntArray) -> None:
    """Raise CampaignError where a new id looks like one that is there already."""
    if pool.explicit_ids is None:
        return
    try:
        with Columns().naming():
            check_ids([*pairs.ids, *pool.ids[new].tolist()], len(pairs) + len(new))
    except PoolError as error:
        raise CampaignError(f"pairs of pool {pool.name!r} cannot be added: {error}") from None


def _given(
    pool: PairPool, new: IntArray, test: BoolArray, start: int, classes: ClassTable
) -> dict[int, Classes]:
    """The labels that new train pairs come with, by position and class of the campaign."""
    index: list[int] = []
    for name in pool.class_names:
        found = classes.find(name)
        if found is None:
            raise CampaignError(
                f"pool {pool.name!r} has the class {shown(name)}, which the campaign has not; add "
                "it first: acqkit campaign add-class"
            )
        index.append(found)
    known: Mapping[int, Classes] = known_answers(pool)
    return {
        start + place: None if told is None else tuple(sorted({index[c] for c in told}))
        for place, row in enumerate(new.tolist())
        if not test[place] and row in known
        for told in [known[row]]
    }
