"""From encoded pairs to the pool's folder, and what came out of a build."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.embeddings import BoolArray, IntArray
from acqkit.encoding.columns import Column
from acqkit.encoding.config import BuildConfig
from acqkit.encoding.duplicates import Duplicate, exact_duplicates, near_duplicates
from acqkit.encoding.features import EncodedFeatures, ShownItems
from acqkit.encoding.labels import RawLabels
from acqkit.encoding.pairs import RawPairs
from acqkit.encoding.vectors import VectorStore
from acqkit.errors import PoolError
from acqkit.files import replace_folder, temporary_folder, write_text
from acqkit.labels import UNLABELED
from acqkit.pool import PairPool
from acqkit.pool.arrays import Columns, checked_fields
from acqkit.pool.built import ABOUT, About, EncoderAbout, about_json, read_about
from acqkit.pool.folder import write_folder
from acqkit.pool.source import ARGUMENTS, Source

FAILURES, DUPLICATES = "failures.csv", "duplicates.csv"


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item that has no vector, by the number of its pair in the table."""

    pair: int
    modality: str
    where: str
    problem: str


@dataclass(frozen=True, slots=True)
class Side:
    """One encoded modality: items of pair i are `rows[starts[i]:starts[i + 1]]` of the store."""

    modality: str
    column: Column
    store: VectorStore
    starts: IntArray
    rows: IntArray
    encoded: int
    failed: Sequence[FailedItem]
    about: EncoderAbout

    def items_of(self, pair: int) -> IntArray:
        """Rows in the store of a pair's items."""
        return self.rows[self.starts[pair] : self.starts[pair + 1]]


@dataclass(frozen=True)
class Before:
    """What an earlier build left: ids and classes, which keep their places."""

    ids: tuple[Any, ...] = ()
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Built:
    """What a build did. Counts are of pairs, but for `encoded`, which are items by modality."""

    path: Path
    pairs: int
    new: int
    gone: int
    labeled: int
    encoded: dict[str, int]
    failed: int
    left_out: int
    duplicates: dict[str, int]
    dropped: int
    ids_from: str
    classes_declared: bool


def read_before(out: Path) -> Before:
    """Ids and classes of the pool that is there already.

    Raises PoolError where something else is, which is not written over.
    """
    if not out.exists():
        return Before()
    if read_about(out) is None:
        raise PoolError(f"{out} is there already and no pool that was built; give another --out")
    ids = np.load(out / "ids.npy", allow_pickle=False).tolist()
    names = np.load(out / "class_names.npy", allow_pickle=False).tolist()
    return Before(tuple(ids), tuple(names))


def write_pool_of(
    config: BuildConfig,
    pairs: RawPairs,
    sides: Sequence[Side],
    labels: RawLabels,
    splits: Sequence[str] | None,
    before: Before,
) -> Built:
    """Write the pool of all pairs whose items have vectors, whole or not at all."""
    failed = [item for side in sides for item in side.failed]
    order, out_of_it = _order(pairs, sides, failed, before)
    pool = _pool(config, pairs, sides, labels, splits, order)
    found = _duplicates(config, pool, sides, order)
    dropped: list[int] = []
    if config.dedup is not None:
        wanted = {"exact"} | ({"near"} if config.dedup == "near" else set())
        dropped = sorted({each.position for each in found if each.kind in wanted})
        order_kept = np.delete(order, dropped)
        pool = _pool(config, pairs, sides, labels, splits, order_kept)
    with temporary_folder(config.out) as folder:
        write_folder(pool, folder)
        about = About(
            encoders={side.modality: side.about for side in sides},
            settings=config.model_dump(mode="json", exclude={"encode_a", "encode_b", "engine"}),
        )
        write_text(folder / ABOUT, about_json(about))
        _write_failures(folder / FAILURES, pairs, failed)
        _write_duplicates(folder / DUPLICATES, sides, [pairs.ids[p] for p in order], found)
        replace_folder(folder, config.out)
    ids = set(pool.ids.tolist())
    kinds = [each.kind for each in found]
    return Built(
        path=config.out,
        pairs=len(pool),
        new=len(ids - set(before.ids)),
        gone=len(set(before.ids) - ids),
        labeled=sum(labels.of_pairs[pair] is not None for pair in order.tolist()),
        encoded={side.modality: side.encoded for side in sides},
        failed=len(failed),
        left_out=len(out_of_it),
        duplicates={kind: kinds.count(kind) for kind in ("exact", "near")},
        dropped=len(dropped),
        ids_from=pairs.ids_from,
        classes_declared=labels.declared,
    )


def _order(
    pairs: RawPairs, sides: Sequence[Side], failed: Sequence[FailedItem], before: Before
) -> tuple[IntArray, list[int]]:
    """The pairs of the pool by their numbers in the table, those of before first; and the others.

    A pair is left out where an item of it failed, or where it has none in either modality.
    """
    counts = np.stack([np.diff(side.starts) for side in sides])
    bad = {item.pair for item in failed} | set(np.flatnonzero(counts.sum(axis=0) == 0).tolist())
    if len(bad) == len(pairs):
        why = f"{failed[0].where} {failed[0].problem}" if failed else "every row is empty"
        raise PoolError(f"no pair of the source can be encoded: {why}")
    places = {value: place for place, value in enumerate(before.ids)}
    good = [pair for pair in range(len(pairs)) if pair not in bad]
    last = len(places)
    order = sorted(good, key=lambda pair: places.get(pairs.ids[pair], last))
    return np.array(order, dtype=np.int64), sorted(bad)


def _pool(
    config: BuildConfig,
    pairs: RawPairs,
    sides: Sequence[Side],
    labels: RawLabels,
    splits: Sequence[str] | None,
    order: IntArray,
) -> PairPool:
    own = [labels.of_pairs[pair] for pair in order.tolist()]
    labeled = np.array([each is not None for each in own])
    columns = Columns(
        a=_features(sides[0], order),
        b=_features(sides[1], order),
        labels=[each or [] for each in own] if labeled.any() else None,
        class_names=labels.class_names,
        ids=[pairs.ids[pair] for pair in order.tolist()],
        modalities=tuple(side.modality for side in sides),
        name=config.name or config.out.name,
        multilabel=labels.multilabel,
        split=None if splits is None else [splits[pair] for pair in order.tolist()],
        present=tuple(_present(side, order) for side in sides),
        display={side.modality: ShownItems(pairs, side.column, order) for side in sides},
        labeled_round=None if labeled.all() else np.where(labeled, 0, UNLABELED),
    )
    with Source(str(config.source), names=ARGUMENTS).naming():
        pool = PairPool(**checked_fields(columns))
    # What is known of some pairs only is the truth of none.
    return pool if labeled.all() else replace(pool, truth=None)


def _features(side: Side, order: IntArray) -> EncodedFeatures:
    counts = np.diff(side.starts)[order]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = [side.items_of(pair) for pair in order.tolist()]
    return EncodedFeatures(side.store.array(), starts, np.concatenate(rows).astype(np.int64))


def _present(side: Side, order: IntArray) -> BoolArray | None:
    there = np.diff(side.starts)[order] > 0
    return None if there.all() else np.asarray(there)


def _duplicates(
    config: BuildConfig, pool: PairPool, sides: Sequence[Side], order: IntArray
) -> list[Duplicate]:
    items = [
        (sides[0].items_of(pair).tobytes(), sides[1].items_of(pair).tobytes())
        for pair in order.tolist()
    ]
    exact = exact_duplicates(items)
    skip = {each.position for each in exact}
    near = near_duplicates(pool.features, config.near, skip)
    return sorted([*exact, *near], key=lambda each: each.position)


def _write_failures(path: Path, pairs: RawPairs, failed: Sequence[FailedItem]) -> None:
    rows = ([pairs.ids[item.pair], item.modality, item.where, item.problem] for item in failed)
    write_text(path, _csv(["id", "modality", "where", "problem"], rows))


def _write_duplicates(
    path: Path, sides: Sequence[Side], ids: Sequence[Any], found: Sequence[Duplicate]
) -> None:
    header = ["id", "duplicate_of", "kind", *(f"cosine_{side.modality}" for side in sides)]
    rows = (
        [ids[each.position], ids[each.of], each.kind, *(f"{cos:.4f}" for cos in each.cosines)]
        for each in found
    )
    write_text(path, _csv(header, rows))


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
