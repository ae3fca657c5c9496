"""The rule by which answers are accepted: the same again, agreement, replacement, conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acqkit.store.changes import meaning
from acqkit.store.rows import Classes, StoredAnswer


@dataclass(slots=True)
class Standing:
    """The current answer of one pair and everybody who gave it."""

    answer: StoredAnswer
    annotators: set[str] = field(default_factory=set)


Question = tuple[int, int | None]
"""What is asked: a position, and the round of the batch that asks again about a class, or None."""

Into = Mapping[int, int]
"""What each merged class is now, of `acqkit.store.changes.merged`."""


def question(answer: StoredAnswer) -> Question:
    """What `answer` answers."""
    return answer.position, None if answer.about is None else answer.round


def questions(
    labels: Mapping[int, Classes], again: Mapping[int, Mapping[int, Classes]]
) -> dict[Question, Classes]:
    """Answers by question, from those by position, and those to what was asked again by round."""
    asked: dict[Question, Classes] = {(position, None): told for position, told in labels.items()}
    for round, answers in again.items():
        asked |= {(position, round): told for position, told in answers.items()}
    return asked


def standings(log: Iterable[StoredAnswer]) -> dict[Question, Standing]:
    """The current answers by question, from the log in the order in which it was written."""
    found: dict[Question, Standing] = {}
    for answer in log:
        asked = question(answer)
        standing = found.get(asked)
        if standing is None or answer.revision > standing.answer.revision:
            standing = found[asked] = Standing(answer)
        standing.annotators.add(answer.annotator)
    return found


class StandingAnswers:
    """The answers that stand, brought up to date by what is appended to the log.

    `by_position` has them in the order in which they came; `last` is the number of the latest
    answer of the log, 0 before any.
    """

    def __init__(self) -> None:
        self.by_position: dict[int, tuple[StoredAnswer, ...]] = {}
        self.last = 0

    def add(self, log: Iterable[StoredAnswer]) -> None:
        """Take the next answers of the log."""
        for answer in log:
            asked = question(answer)
            others = self.by_position.get(answer.position, ())
            before = next((each for each in others if question(each) == asked), None)
            if before is None or answer.revision > before.revision:
                others = tuple(each for each in others if each is not before)
                self.by_position[answer.position] = (*others, answer)
            self.last = max(self.last, answer.number)


def standing_answers(log: Iterable[StoredAnswer]) -> dict[int, tuple[StoredAnswer, ...]]:
    """The answers that stand, by position, in the order in which they came."""
    standing = StandingAnswers()
    standing.add(log)
    return standing.by_position


def conflicts(
    current: Mapping[Question, Standing], labels: Mapping[Question, Classes], into: Into
) -> list[StoredAnswer]:
    """The current answers that `labels` contradict, after mergers."""
    return [
        current[asked].answer
        for asked, classes in labels.items()
        if asked in current and not _agree(current[asked].answer.classes, classes, into)
    ]


def additions(
    current: Mapping[Question, Standing],
    labels: Mapping[Question, Classes],
    annotator: str,
    into: Into,
) -> list[tuple[Question, int, Classes]]:
    """What must be added to the log: (question, revision, classes).

    Nothing where this annotator gave the same answer already; an agreeing annotator joins
    the revision; another answer begins a new one.
    """
    added = []
    for asked, classes in labels.items():
        standing = current.get(asked)
        if standing is None:
            added.append((asked, 0, classes))
        elif not _agree(standing.answer.classes, classes, into):
            added.append((asked, standing.answer.revision + 1, classes))
        elif annotator not in standing.annotators:
            added.append((asked, standing.answer.revision, classes))
    return added


def _agree(one: Classes, other: Classes, into: Into) -> bool:
    return one == other or meaning(one, into) == meaning(other, into)
