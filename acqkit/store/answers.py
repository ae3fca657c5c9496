"""The rule by which answers are accepted: the same again, agreement, replacement, conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acqkit.store.rows import Classes, StoredAnswer


@dataclass(slots=True)
class Standing:
    """The current answer of one pair and everybody who gave it."""

    answer: StoredAnswer
    annotators: set[str] = field(default_factory=set)


def standings(log: Iterable[StoredAnswer]) -> dict[int, Standing]:
    """The current answers by position, from the log in the order in which it was written."""
    found: dict[int, Standing] = {}
    for answer in log:
        standing = found.get(answer.position)
        if standing is None or answer.revision > standing.answer.revision:
            standing = found[answer.position] = Standing(answer)
        standing.annotators.add(answer.annotator)
    return found


def conflicts(current: Mapping[int, Standing], labels: Mapping[int, Classes]) -> list[StoredAnswer]:
    """The current answers that `labels` contradict."""
    return [
        current[position].answer
        for position, classes in labels.items()
        if position in current and current[position].answer.classes != classes
    ]


def additions(
    current: Mapping[int, Standing], labels: Mapping[int, Classes], annotator: str
) -> list[tuple[int, int, Classes]]:
    """What must be added to the log: (position, revision, classes).

    Nothing where this annotator gave the same answer already; an agreeing annotator joins
    the revision; another answer begins a new one.
    """
    added = []
    for position, classes in labels.items():
        standing = current.get(position)
        if standing is None:
            added.append((position, 0, classes))
        elif standing.answer.classes != classes:
            added.append((position, standing.answer.revision + 1, classes))
        elif annotator not in standing.annotators:
            added.append((position, standing.answer.revision, classes))
    return added
