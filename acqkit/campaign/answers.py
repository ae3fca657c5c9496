"""Answers as people give them, checked and turned into class indices."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from acqkit.errors import CampaignError, ContradictionError, PoolError, did_you_mean, shown
from acqkit.pool import PairPool
from acqkit.store import Classes, StoredAnswer
from acqkit.store.answers import Question, question


class Skip(enum.Enum):
    """The answer of somebody who looked and could not tell."""

    SKIP = "skip"


SKIP: Final = Skip.SKIP
"""The answer "can't tell": the pair counts as asked, and stays unlabeled."""

Label = str | int | Collection[str | int] | Skip | None
"""A class name or index; a collection of them in multi-label pools (empty: none applies);
`SKIP` or None for "can't tell"."""


def parse_labels(
    labels: Mapping[Any, Label],
    pool: PairPool,
    former: Mapping[str, int] | None = None,
    multilabel: bool | None = None,
) -> dict[int, Classes]:
    """Answers by id as class indices by position in `pool`.

    former: earlier names of classes, with their indices. multilabel: by default as the pool is.

    Raises CampaignError naming the first pair that is unknown, or whose answer is not one.
    """
    if not isinstance(labels, Mapping):
        raise CampaignError(
            f"labels are given as a {type(labels).__name__}; give a mapping from id to label"
        )
    positions = _positions(labels, pool)
    parsed: dict[int, Classes] = {}
    for position, (pair_id, label) in zip(positions, labels.items(), strict=True):
        try:
            several = pool.multilabel if multilabel is None else multilabel
            classes = parse_label(label, pool.class_names, several, former or {})
        except CampaignError as error:
            raise CampaignError(f"pair {plain(pair_id)!r}: {error}") from None
        if parsed.setdefault(position, classes) != classes:
            raise CampaignError(f"pair {plain(pair_id)!r} is given twice, with different labels")
    return parsed


def _positions(ids: Iterable[Any], pool: PairPool) -> list[int]:
    try:
        found: list[int] = pool.position_of(ids).tolist()
    except PoolError as error:
        raise CampaignError(str(error)) from None
    return found


def plain(value: Any) -> Any:
    """An id as Python would write it, not numpy."""
    return value.item() if isinstance(value, np.generic) else value


def parse_label(
    label: Label,
    class_names: Sequence[str],
    multilabel: bool,
    former: Mapping[str, int] = MappingProxyType({}),
) -> Classes:
    """One answer as ascending class indices, or None for "can't tell"; raises CampaignError."""
    if label is None or label is SKIP:
        return None
    one = isinstance(label, str | int | np.integer)
    if not one and (not isinstance(label, Collection | np.ndarray) or isinstance(label, Mapping)):
        raise CampaignError(
            f"{label!r} is no label; give a class name, "
            + ("a collection of class names, " if multilabel else "")
            + "or SKIP for can't tell"
        )
    members: list[Any] = [label] if one else list(label)  # type: ignore[arg-type]
    # A class that was renamed may be given by both its names, and still is one class.
    classes = {_class_index(member, class_names, former) for member in members}
    if len(set(members)) < len(members):
        raise CampaignError(f"the label {label!r} names a class twice")
    if not multilabel and len(classes) != 1:
        what = f"{len(classes)} classes" if classes else "no class"
        raise CampaignError(
            f"got {what} ({label!r}), but a pair of this pool has exactly one; "
            "answer SKIP if nobody can tell"
        )
    return tuple(sorted(classes))


def _class_index(value: Any, class_names: Sequence[str], former: Mapping[str, int]) -> int:
    if isinstance(value, str):
        if value in class_names:
            return list(class_names).index(value)
        if value in former:
            return former[value]
        hint = did_you_mean(value, class_names)
        raise CampaignError(f"the pool has no class {shown(value)}; {hint}")
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        if 0 <= value < len(class_names):
            return int(value)
        raise CampaignError(
            f"the pool has no class number {value}; its {len(class_names)} classes are "
            f"0 to {len(class_names) - 1}"
        )
    raise CampaignError(f"{shown(value)} is no class; give a class name or its index")


def contradiction(
    clashes: Sequence[StoredAnswer],
    labels: Mapping[Question, Classes],
    annotator: str,
    pool: PairPool,
    remedy: str,
) -> ContradictionError:
    """The error that names the first pair, both answers and both annotators."""
    old = clashes[0]
    now = labels[question(old)]
    more = f" ({len(clashes) - 1} more like it)" if len(clashes) > 1 else ""
    return ContradictionError(
        f"pair {plain(pool.ids[old.position])!r} was answered {_told(old.classes, pool)} by "
        f"{_who(old.annotator)} and is now answered {_told(now, pool)} by "
        f"{_who(annotator)}{more}; nothing was recorded, {remedy} to let the new answer stand"
    )


def _told(classes: Classes, pool: PairPool) -> str:
    if classes is None:
        return '"can\'t tell"'
    if not classes:
        return '"no class"'
    return " and ".join(repr(pool.class_names[c]) for c in classes)


def _who(annotator: str) -> str:
    return repr(annotator) if annotator else "an unnamed annotator"
