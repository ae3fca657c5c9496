"""Pairs of several pools as one, each at its own place.

What makes up a large pool stays where it is: its features are read from its parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray
from acqkit.errors import PoolError
from acqkit.pool.built import EncoderAbout
from acqkit.pool.features import NOWHERE, PlacedFeatures, Places
from acqkit.pool.ids import check_ids
from acqkit.pool.pairs import PairPool
from acqkit.pool.source import Source


class PlacedColumn(Sequence[Any]):
    """A column for people to look at, of several parts; None where a part has none."""

    def __init__(self, columns: Sequence[Sequence[Any] | None], places: Places) -> None:
        self._columns, self._places = columns, places

    def __len__(self) -> int:
        return len(self._places.part)

    def __getitem__(self, index: Any) -> Any:
        part = int(self._places.part[index])
        column = None if part == NOWHERE else self._columns[part]
        return None if column is None else column[int(self._places.row[index])]


def placed(parts: Sequence[PairPool], places: Places, ids: Any, test: BoolArray) -> PairPool:
    """The pairs of several pools as one pool, whose name and classes are those of the first.

    ids `[n]`, test `[n]` bool: also of pairs that are nowhere; these have neither modality. What
    is known of labels, and the truth, stay with the parts. Raises PoolError where the parts have
    not the same modalities, or features of other widths.
    """
    first = parts[0]
    for part in parts[1:]:
        check_alike(first, part)
    return PairPool(
        features=(
            PlacedFeatures([part.features[0] for part in parts], places),
            PlacedFeatures([part.features[1] for part in parts], places),
        ),
        class_names=first.class_names,
        name=first.name,
        modalities=first.modalities,
        explicit_ids=_checked_ids(ids, len(places.part)),
        multilabel=first.multilabel,
        test=test if test.any() else None,
        present=(_present(parts, places, 0), _present(parts, places, 1)),
        cost=_number_column([part.cost for part in parts], places),
        group=_group_column([part.group for part in parts], places),
        display=_display([part.display for part in parts], places),
        encoders=_encoders(parts),
    )


def _checked_ids(ids: Any, n: int) -> NDArray[Any] | None:
    with Source().naming():
        return check_ids(ids, n)


def check_alike(first: PairPool, other: PairPool) -> None:
    """Raise PoolError unless both have the same modalities, and features of the same width."""

    def named(pool: PairPool) -> str:
        widths = ["raw items" if s.dim is None else f"width {s.dim}" for s in pool.features]
        return " and ".join(f"{m!r} ({w})" for m, w in zip(pool.modalities, widths, strict=True))

    if named(first) != named(other):
        raise PoolError(
            f"pool {other.name!r} has the modalities {named(other)}, but those of {first.name!r} "
            f"are {named(first)}; pairs of one campaign have the same"
        )


def _present(parts: Sequence[PairPool], places: Places, side: int) -> BoolArray | None:
    masks = [part.present[side] for part in parts]
    if all(mask is None for mask in masks) and not len(places.missing()):
        return None
    filled = [np.ones(len(p), bool) if m is None else m for p, m in zip(parts, masks, strict=True)]
    return places.column(filled, False)


def _number_column(columns: Sequence[NDArray[Any] | None], places: Places) -> NDArray[Any] | None:
    known = [column for column in columns if column is not None]
    if not known:
        return None
    if len(known) < len(columns):
        raise PoolError("some of the pools say what a label costs and some do not; say it in all")
    return places.column(known, 0)


def _group_column(columns: Sequence[NDArray[Any] | None], places: Places) -> NDArray[Any] | None:
    known = [column for column in columns if column is not None]
    if not known:
        return None
    kinds = {column.dtype.kind for column in known}
    if len(known) < len(columns) or len(kinds) > 1:
        raise PoolError("some of the pools have groups of another kind, or none; give all of them")
    return places.column(known, "" if kinds == {"U"} else 0)


def _display(
    columns: Sequence[Mapping[str, Sequence[Any]]], places: Places
) -> dict[str, Sequence[Any]]:
    names = dict.fromkeys(name for each in columns for name in each)
    return {name: PlacedColumn([each.get(name) for each in columns], places) for name in names}


def _encoders(parts: Sequence[PairPool]) -> dict[str, EncoderAbout]:
    """Those that made the features of all parts."""

    def made(pool: PairPool, modality: str) -> tuple[Any, ...] | None:
        about = pool.encoders.get(modality)
        return None if about is None else (about.record, about.version)

    first = parts[0]
    return {
        modality: about
        for modality, about in first.encoders.items()
        if all(made(part, modality) == made(first, modality) for part in parts)
    }
