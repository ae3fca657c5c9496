"""The pools that the pairs of a campaign are from, made one pool again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.campaign.classes import ClassTable
from acqkit.campaign.fingerprint import difference, fingerprint, not_the_one
from acqkit.campaign.roster import PairList
from acqkit.campaign.whereabouts import Source, class_table, sources
from acqkit.embeddings import IntArray
from acqkit.errors import AcqkitWarning, CampaignError, PoolError, shown
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.pool.features import NOWHERE, Places
from acqkit.pool.placed import placed
from acqkit.store import Store, StoredChange


class Pools:
    """The pools of one campaign that is open, given or found, as one: position by position."""

    def __init__(
        self, folder: Path, store: Store, settings: Mapping[str, Any], given: PairPool | None
    ) -> None:
        self._folder = folder
        self._store = store
        self._settings = settings
        self._given = given
        self._added: list[PairPool] = []
        self._found: dict[str, PairPool] = {}
        self._fingerprints: dict[int, tuple[PairPool, dict[str, Any]]] = {}

    def whole(self, changes: Sequence[StoredChange]) -> tuple[PairPool, ClassTable]:
        """All pairs and classes after these changes; the pool has the names of all classes.

        Warns of pairs that are in no pool; raises CampaignError where a pool is another one, or
        cannot be found.
        """
        classes = class_table(self._settings, changes)
        parts = sources(self._settings, changes)
        pool = self._exact(parts[0]) if len(parts) == 1 else None
        if pool is None:
            pool = self._placed(parts, classes)
        if pool.class_names == classes.names:
            return pool, classes
        # What is known by position of classes goes by the classes that the pool itself has.
        changed = replace(pool, class_names=classes.names, truth=None, truth_of=None, known=None)
        return changed, classes

    def add(self, pool: PairPool) -> None:
        """Note a pool of which pairs were added while the campaign is open."""
        self._added.append(pool)

    def _exact(self, only: Source) -> PairPool | None:
        """The pool that the campaign was made with, if it is still the same in everything."""
        pool = self._referenced(only) if self._given is None else self._given
        what = self._difference(pool, only)
        if what is None:
            return pool
        if any(True for _ in self._store.rosters()):
            return None
        raise not_the_one(pool, what)

    def _difference(self, pool: PairPool, source: Source) -> str | None:
        """In what a pool is another one than the pairs of a source were taken from."""
        kept = self._fingerprints.setdefault(id(pool), (pool, {}))[1]
        if not kept:
            kept.update(fingerprint(pool))
        return difference(pool, kept, source.fingerprint)

    def _placed(self, parts: Sequence[Source], classes: ClassTable) -> PairPool:
        pairs = self._pairs(parts)
        part, row = np.full((2, len(pairs)), NOWHERE, dtype=np.int64)
        used: list[PairPool] = []
        for pool in self._candidates(parts):
            rows = self._rows(pool, pairs, classes, parts)
            new = (part == NOWHERE) & (rows >= 0)
            if new.any():
                part[new], row[new] = len(used), rows[new]
                used.append(pool)
            if not (part == NOWHERE).any():
                break
        if not used:
            assert self._given is not None  # else what was not found was an error
            raise not_the_one(self._given, "none of its pairs")
        places = Places(part, row)
        self._tell_missing(places, pairs)
        if len(used) == 1 and not len(places.missing()):
            taken, test = used[0].take(row), pairs.facts["test"]
            return taken if taken.test is not None or not test.any() else replace(taken, test=test)
        ids = pairs.ids if pairs.with_ids else None
        return placed(used, places, ids, pairs.facts["test"])

    def _pairs(self, parts: Sequence[Source]) -> PairList:
        rosters, wanted = list(self._store.rosters()), parts[-1].start + parts[-1].pairs
        found = sum(len(roster.facts) for roster in rosters)
        if found < wanted:  # more of them came this very moment
            raise CampaignError(
                f"campaign {self._folder} is damaged: it lists {found} of its {wanted} pairs; go "
                "on with a backup"
            )
        return PairList(rosters)

    def _candidates(self, parts: Sequence[Source]) -> Iterator[PairPool]:
        if self._given is not None:
            yield self._given
        yield from self._added
        for source in parts:
            try:
                yield self._referenced(source)
            except CampaignError:
                if self._given is None:
                    raise

    def _rows(
        self, pool: PairPool, pairs: PairList, classes: ClassTable, parts: Sequence[Source]
    ) -> IntArray:
        """Where the pairs are in a pool; raises CampaignError where it is another one."""
        made_with = self._settings["fingerprint"]
        # A pool without labels that was added later does not say how many a pair may have.
        compared = {"modalities": list(pool.modalities), "multilabel": pool.multilabel}
        for key, found in compared.items():
            if found != made_with[key] and (key == "modalities" or pool is self._given):
                raise not_the_one(pool, f"{key} {found!r}, not {made_with[key]!r}")
        if pool is self._given:
            _check_classes(pool, classes)
        rows = pairs.rows_in(pool)
        if all(self._difference(pool, source) is not None for source in parts):
            pairs.check(pool, rows)
        more = len(pool) - int((rows >= 0).sum())
        if more < len(pool) and more and pool is self._given:
            warnings.warn(
                f"{more} pairs of pool {pool.name!r} are not in the campaign, and stay out of it "
                "until they are added (acqkit campaign add-pairs)",
                AcqkitWarning,
                stacklevel=6,
            )
        return rows

    def _tell_missing(self, places: Places, pairs: PairList) -> None:
        missing = places.missing().tolist()
        if missing:
            named = shown([pairs.ids[position] for position in missing[:5]])
            warnings.warn(
                f"{len(missing)} pairs of the campaign are in none of its pools ({named}); their "
                "answers are kept, and they are neither asked for nor learned from until they are "
                "back",
                AcqkitWarning,
                stacklevel=5,
            )

    def _referenced(self, source: Source) -> PairPool:
        """A source's own pool: the one that moved with the campaign, else where it was."""
        reference = source.reference
        if reference is None:
            raise CampaignError(
                f"campaign {self._folder} does not know where its pool {source.pool!r} is; "
                "pass the pool: --pool PATH, or open(folder, pool)"
            )
        if reference not in self._found:
            self._found[reference] = self._load(source, reference)
        return self._found[reference]

    def _load(self, source: Source, reference: str) -> PairPool:
        moved = self._folder.resolve() / source.beside if source.beside else None
        places: list[str | Path] = [reference]
        if moved is not None and moved.exists():
            places.insert(0, moved)
        errors = []
        for place in places:
            try:
                pool = load_pool(place)
                what = self._difference(pool, source)
                rosters = [] if what is None else list(self._store.rosters())
                if what is not None and not rosters:
                    raise not_the_one(pool, what)
                if what is not None:
                    pairs = PairList(rosters)
                    pairs.check(pool, pairs.rows_in(pool))
                return pool
            except (PoolError, CampaignError) as error:
                errors.append(error)
        raise CampaignError(
            f"campaign {self._folder} cannot load its pool: {errors[0]}; if it moved, pass the "
            "pool: --pool PATH, or open(folder, pool)"
        )


def _check_classes(pool: PairPool, classes: ClassTable) -> None:
    """Raise CampaignError unless the pool's classes are the campaign's, by name and number."""
    shared = zip(pool.class_names, classes.names, strict=False)
    if any(classes.find(name) != index for index, (name, _) in enumerate(shared)):
        wanted = list(classes.names)
        raise not_the_one(pool, f"classes {list(pool.class_names)!r}, not {wanted!r}")
    more = pool.class_names[len(classes.names) :]
    if more:
        warnings.warn(
            f"the campaign has no class {shown(more[0])}, which pool {pool.name!r} has; it is "
            "not asked about until it is added (acqkit campaign add-class)",
            AcqkitWarning,
            stacklevel=7,
        )
