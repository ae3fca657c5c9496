from __future__ import annotations

from acqkit.store.answers import additions, conflicts, questions, standings
from acqkit.store.rows import StoredAnswer


def answer(position: int, revision: int, annotator: str, *classes: int) -> StoredAnswer:
    return StoredAnswer(position, 0, revision, annotator, classes)


def test_the_rule_of_answers() -> None:
    log = [answer(1, 0, "ann", 2), answer(1, 0, "bob", 2), answer(4, 0, "ann", 0)]
    log.append(answer(4, 1, "bob", 3))
    current = standings(log)
    assert {p: s.answer.classes for (p, _), s in current.items()} == {1: (2,), 4: (3,)}
    assert current[1, None].answer.annotator == "ann"
    assert current[1, None].annotators == {"ann", "bob"}
    assert current[4, None].annotators == {"bob"}
    labels = questions({1: (2,), 4: (0,), 9: None}, {})
    assert conflicts(current, labels, {}) == [log[3]]
    four, nine = ((4, None), 2, (0,)), ((9, None), 0, None)
    assert additions(current, labels, "ann", {}) == [four, nine]
    assert additions(current, labels, "cyd", {}) == [((1, None), 0, (2,)), four, nine]
    merged = {0: 3}
    assert conflicts(current, labels, merged) == []
    assert additions(current, labels, "bob", merged) == [nine]
    again = questions({}, {7: {1: (5,)}})
    assert conflicts(current, again, {}) == []
    assert additions(current, again, "ann", {}) == [((1, 7), 0, (5,))]
