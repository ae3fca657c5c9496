"""What every `Store` must do while a campaign grows, and with what is asked again."""

from __future__ import annotations

import numpy as np

from acqkit.store import Roster, Store
from acqkit.store.rows import FACTS
from acqkit.testing.store_home import StoreHome, new_batch, refused, same

_MERGE = {"classes": [0], "into": 2, "name": None}


def _roster(start: int, n: int) -> Roster:
    facts = np.zeros(n, FACTS)
    facts["a"], facts["b"] = 2**64 - 1, np.arange(n)
    facts["test"] = np.arange(n) % 2 == 1
    return Roster(start, [f"im{start + i}" if i else start for i in range(n)], facts)


def _plain(roster: Roster) -> tuple[object, ...]:
    return roster.start, roster.ids, roster.facts.tolist()


def changes_are_a_log_that_only_grows(home: StoreHome) -> None:
    """Changes come back in order, with how many answers and rounds there were before them."""
    store, other = home.create({2: (0,)}), home.open()
    same(store.add_change("class", {"name": "owl"}, 0), 1, "the number of the first change")
    store.add_batch(new_batch(1, 5, changes=1, answers=1))
    store.add_answers({5: (1,)}, "ann")
    same(other.add_change("class", {"name": "emu"}, 0), None, "a change that missed another")
    same(other.add_change("rename", {"class": 0, "name": "tomcat"}, 1), 2, "the second one")
    found = [(c.number, c.kind, c.value, c.answers, c.round) for c in store.changes()]
    wanted = [(1, "class", {"name": "owl"}, 1, 1)]
    same(found, [*wanted, (2, "rename", {"class": 0, "name": "tomcat"}, 2, 2)], "the log")
    same((store.state().last_change, store.state().last_answer), (2, 2), "what was last")


def a_batch_that_missed_a_change_is_not_added(home: StoreHome) -> None:
    """What was picked before a change is picked anew; what a batch knew comes back."""
    store = home.create({2: (0,)})
    store.add_change("class", {"name": "owl"}, 0)
    same(store.add_batch(new_batch(1, 5)), None, "a batch that missed a change")
    same(store.add_batch(new_batch(1, 5, changes=1, answers=1)), "batch-001", "one that did not")
    found = store.batch("batch-001")
    assert found is not None
    same((found.answers, found.changes, found.about), (1, 1, None), "what the batch knew")
    store.add_answers({5: (1,), 7: (0,)}, "ann")
    same([a.changes for a in store.answers_log()], [0, 1, 1], "changes that answers know of")


def new_pairs_come_with_their_roster_and_labels(home: StoreHome) -> None:
    """A change, rosters and labels are added together, or none of them."""
    store = home.create()
    both = [_roster(0, 4), _roster(4, 3)]
    same(store.add_change("pairs", {"start": 4}, 1, both, {5: (1,)}), None, "a missed change")
    same((list(store.rosters()), store.answers_log()), ([], []), "rosters and answers after that")
    same(store.add_change("pairs", {"start": 4}, 0, both, {5: (1,), 6: None}), 1, "its number")
    same(list(map(_plain, home.open().rosters())), list(map(_plain, both)), "rosters")
    (given,) = store.batches()
    same((given.given, given.positions.tolist(), given.changes), (True, [5, 6], 1), "labels")


def what_is_asked_again_is_another_question(home: StoreHome) -> None:
    """A pair that was answered may be asked again about a class, in batches of their own."""
    store = home.create({2: (0,), 5: (1,)})
    store.add_change("class", {"name": "owl"}, 0)
    refused("a pair that has an answer", lambda: store.add_batch(new_batch(1, 5, changes=1)))
    again = new_batch(1, 5, 2, changes=1, answers=2, about=2)
    same(store.add_batch(again), "batch-001", "a batch that asks again")
    same(store.state().taken.tolist(), [2, 5], "taken positions")
    same(store.batches()[1].pending.tolist(), [5, 2], "what it waits for")
    same(store.add_answers({5: (1,)}, "ann", False, {1: {5: (2,)}}), [], "clashes")
    clashes = store.add_answers({}, "bob", False, {1: {2: (), 5: ()}})
    same([(c.position, c.classes) for c in clashes], [(5, (2,))], "clashes of another answer")
    same(store.batches()[1].pending.tolist(), [2], "what it waits for after that")
    store.add_answers({}, "bob", True, {1: {5: ()}})
    standing = store.state().answers[5]
    found = [(a.round, a.revision, a.annotator, a.classes, a.about) for a in standing]
    same(found, [(0, 0, "", (1,), None), (1, 1, "bob", (), 2)], "the answers that stand")
    same(store.withdraw(1).tolist(), [2], "withdrawn positions")
    same(store.state().taken.tolist(), [2, 5], "taken positions after that")


def answers_agree_after_their_classes_were_merged(home: StoreHome) -> None:
    """What was said of a class counts as said of the one that it was merged into."""
    store = home.create({2: (0,)})
    same(len(store.add_answers({2: (2,)}, "ann")), 1, "clashes before the merger")
    store.add_change("merge", _MERGE, 0)
    same(store.add_answers({2: (2,)}, "ann"), [], "clashes after it")
    same(_log(store), [(2, 0, "", (0,)), (2, 0, "ann", (2,))], "the log")


def _log(store: Store) -> list[tuple[object, ...]]:
    return [(a.position, a.revision, a.annotator, a.classes) for a in store.answers_log()]


STORE_GROWTH = (
    changes_are_a_log_that_only_grows,
    a_batch_that_missed_a_change_is_not_added,
    new_pairs_come_with_their_roster_and_labels,
    what_is_asked_again_is_another_question,
    answers_agree_after_their_classes_were_merged,
)
