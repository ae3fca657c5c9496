"""What every `Store` must do with batches, answers and records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from acqkit.interfaces import ModelState
from acqkit.store import Classes, Store
from acqkit.testing.checks_store_arrays import keep
from acqkit.testing.store_home import SETTINGS, StoreHome, new_batch, refused, same
from acqkit.testing.subject import require


def _log(store: Store) -> list[tuple[int, int, str, Classes]]:
    return [(a.position, a.revision, a.annotator, a.classes) for a in store.answers_log()]


def _state(store: Store) -> tuple[int, list[int], dict[int, Classes]]:
    state = store.state()
    current = {position: answers[-1].classes for position, answers in state.answers.items()}
    return state.next_round, state.taken.tolist(), current


def a_new_store_has_settings_and_nothing_else(home: StoreHome) -> None:
    """A new store has its settings and nothing else; whoever changes what it gave changes none."""
    store = home.create()
    store.settings()["seed"] = 4
    same(store.settings(), SETTINGS, "settings")
    same(_state(store), (0, [], {}), "state")
    found = (store.batches(), store.batch("batch-000"), store.answers_log(), store.records())
    same(found, ([], None, [], []), "batches, answers and records")
    same((store.embeddings(), store.training("key")), (None, None), "embeddings and training")


def a_second_store_is_not_made_in_its_place(home: StoreHome) -> None:
    """Making a store where there is one is refused, and changes nothing."""
    store = home.create({2: (0,)})
    refused("making a second store in the same place", home.create)
    same(_state(store), (1, [2], {2: (0,)}), "state")


def given_labels_are_a_batch_that_is_answered(home: StoreHome) -> None:
    """Labels known from the start are round 0, all of them or none."""
    store = home.create({7: (1,), 4: None, 5: ()})
    same(_state(store), (1, [4, 5, 7], {4: None, 5: (), 7: (1,)}), "state")
    (batch,) = store.batches()
    same((batch.given, batch.pending.tolist()), (True, []), "the batch of given labels")
    same(store.add_answers({7: (1,), 9: (0,)}, "ann"), [], "clashes of labels that agree")
    same(_state(store)[:2], (2, [4, 5, 7, 9]), "state with more given labels")
    before = _log(store)
    clashes = store.add_answers({9: (2,), 11: (0,)}, "bob")
    same([(c.position, c.classes) for c in clashes], [(9, (0,))], "clashes")
    same(_log(store), before, "the log after given labels that contradict")


def batches_come_back_as_they_were_added(home: StoreHome) -> None:
    """Positions in order of choice, scores, terms and record of a batch come back."""
    store = home.create()
    scores = np.array([0.5, 0.25], np.float32)
    new = new_batch(0, 8, 3, scores=scores, terms={"inter": scores / 2}, record={"why": [1, None]})
    name = store.add_batch(new)
    require(name is not None, "a free round was refused")
    store.add_answers({3: (0,)}, "ann")
    found = store.batch(str(name))
    require(found is not None, f"there is no batch {name!r} after it was added")
    assert found is not None and found.scores is not None
    same((found.round, found.strategy, found.given), (0, "random", False), "the batch")
    same(found.positions.tolist(), [8, 3], "positions in order of choice")
    same(found.scores.tolist(), [0.5, 0.25], "scores")
    same(found.terms["inter"].tolist(), [0.25, 0.125], "terms")
    same((dict(found.record), found.pending.tolist()), ({"why": [1, None]}, [8]), "record, pending")


def a_round_is_used_once(home: StoreHome) -> None:
    """A round that somebody else has used meanwhile, or that is not next, adds nothing."""
    store, other = home.create(), home.open()
    store.add_batch(new_batch(0, 5))
    for round in (0, 2):
        same(other.add_batch(new_batch(round, 7)), None, f"a batch of round {round} when 1 is next")
    same(_state(other), (1, [5], {}), "state")


def a_pair_is_asked_for_once_ever(home: StoreHome) -> None:
    """A batch with a pair of another batch is refused whole."""
    store = home.create()
    store.add_batch(new_batch(0, 5, 3))
    refused("a pair that is in a batch already", lambda: store.add_batch(new_batch(1, 7, 3)))
    same(_state(store), (1, [3, 5], {}), "state")
    require(store.add_batch(new_batch(1, 7)) is not None, "round 1 was free, and refused")


def the_log_of_answers_only_grows(home: StoreHome) -> None:
    """The same again adds nothing; agreement joins; replacement begins a revision and keeps all."""
    store, begun = home.create(), datetime.now(UTC).replace(microsecond=0)
    store.add_batch(new_batch(0, 1, 4))
    store.add_answers({1: (2,), 4: None}, "ann")
    store.add_answers({1: (2,)}, "ann")
    store.add_answers({1: (2,)}, "bob")
    same(store.add_answers({1: (0,), 4: None}, "cyd", True), [], "clashes when replacing")
    wanted: list[tuple[int, int, str, Classes]] = [(1, 0, "ann", (2,)), (4, 0, "ann", None)]
    wanted += [(1, 0, "bob", (2,)), (1, 1, "cyd", (0,)), (4, 0, "cyd", None)]
    same(_log(store), wanted, "the log")
    same(_state(store)[2], {1: (0,), 4: None}, "current answers")
    times = [begun, *(datetime.fromisoformat(answer.at) for answer in store.answers_log())]
    same(sorted([*times, datetime.now(UTC)])[:-1], times, "when answers came")


def answers_are_all_recorded_or_none(home: StoreHome) -> None:
    """One answer that contradicts keeps all others out, of its own batch, of others and of none."""
    store = home.create()
    store.add_batch(new_batch(0, 1, 4))
    store.add_batch(new_batch(1, 6))
    store.add_answers({4: (1,)}, "ann")
    before = _log(store), _state(store)
    clashes = store.add_answers({1: (0,), 4: (2,), 6: (1,), 9: (1,)}, "bob")
    same([(c.position, c.annotator) for c in clashes], [(4, "ann")], "clashes")
    same((_log(store), _state(store)), before, "log and state")
    same(store.add_answers({6: (1,), 9: (1,), 1: (0,)}, "bob"), [], "clashes of answers that agree")
    same(_state(store), (3, [1, 4, 6, 9], {1: (0,), 4: (1,), 6: (1,), 9: (1,)}), "state")
    rounds = {answer.position: answer.round for answer in store.answers_log()}
    same(rounds, {4: 0, 1: 0, 6: 1, 9: 2}, "rounds of the answers")


def withdrawn_pairs_are_free_again(home: StoreHome) -> None:
    """What nobody has answered leaves its batch and may be asked for again; answers stay."""
    store = home.create()
    scores = np.array([0.5, 0.25, 0.125], np.float32)
    store.add_batch(new_batch(0, 8, 3, 6, scores=scores, terms={"inter": scores / 2}))
    store.add_batch(new_batch(1, 5))
    store.add_answers({3: (1,)}, "ann")
    before = _log(store)
    same(store.withdraw(0).tolist(), [8, 6], "withdrawn positions, in order of choice")
    same(store.withdraw(0).tolist(), [], "positions withdrawn a second time")
    same((_log(store), _state(store)), (before, (2, [3, 5], {3: (1,)})), "log and state")
    kept = home.open().batch("batch-000")
    require(kept is not None and kept.scores is not None, "the batch's scores are gone")
    assert kept is not None and kept.scores is not None
    found = kept.positions, kept.scores, kept.terms["inter"], kept.pending, kept.withdrawn
    wanted: list[Any] = [[3], [0.25], [0.125], [], [8, 6]]
    same([values.tolist() for values in found], wanted, "the batch after that")
    same(store.withdraw(1).tolist(), [5], "positions of a batch without any answer")
    same([b.positions.tolist() for b in store.batches()], [[3], []], "what is left of the batches")
    same(store.settings(), SETTINGS, "settings")
    same(store.add_batch(new_batch(2, 6, 5)), "batch-002", "a batch of pairs that were withdrawn")
    store.add_answers({8: (2,), 6: (0,)}, "bob")
    same(_state(store), (4, [3, 5, 6, 8], {3: (1,), 8: (2,), 6: (0,)}), "state with late answers")
    rounds = {answer.position: answer.round for answer in store.answers_log()}
    same(rounds, {3: 0, 6: 2, 8: 3}, "rounds of the answers")


def a_copy_is_a_store_of_its_own(home: StoreHome) -> None:
    """A copy holds all that its original held, and neither changes the other."""
    store = home.create({2: (0,)})
    kept = keep(store, "key", model=ModelState({}, {"words": ["a"]}))
    store.add_record(0, {"map": 0.5})
    elsewhere = replace(home, folder=home.folder.with_name("copy"))
    store.backup(elsewhere.folder)
    refused("a copy where there is one already", lambda: store.backup(elsewhere.folder))
    copy = elsewhere.open()
    same(copy.settings(), SETTINGS, "settings of the copy")
    same((_state(copy), copy.records()), ((1, [2], {2: (0,)}), [{"map": 0.5}]), "its contents")
    training = copy.training("key")
    require(training is not None and training.model is not None, "the copy has no training")
    assert training is not None and training.model is not None
    same((training.name, training.model.data), (kept.name, {"words": ["a"]}), "its training")
    copy.add_answers({4: (1,)}, "ann")
    store.add_batch(new_batch(1, 7))
    same((_state(copy)[1], _state(store)[1]), ([2, 4], [2, 7]), "taken positions of both")


def rows_that_cannot_be_are_noticed(home: StoreHome) -> None:
    """Answers and pairs that no step on a pool of that size could have written are damage."""
    store = home.create({2: (0,), 5: (1, 3)})
    store.check(6, 4, True)
    refused("a pool of five pairs with one at position 5", lambda: store.check(5, 4, True))
    refused("a pool of three classes with a class 3", lambda: store.check(6, 3, True))
    refused("a single-label pool with two classes for a pair", lambda: store.check(6, 4, False))


def records_are_kept_by_round_and_replaced(home: StoreHome) -> None:
    """A later record of a round stands in the place of the one before."""
    store = home.create()
    for round, value in ((1, 0.25), (0, 0.5), (1, 0.75)):
        store.add_record(round, {"round": round, "map": value})
    wanted = [{"round": 0, "map": 0.5}, {"round": 1, "map": 0.75}]
    same(store.records(), wanted, "records")


def two_handles_see_one_store(home: StoreHome) -> None:
    """What one handle wrote the other reads at once, and after the first was closed."""
    first, second = home.create(), home.open()
    first.add_batch(new_batch(0, 5))
    second.add_answers({5: (1,)}, "ann")
    same(_state(first), (1, [5], {5: (1,)}), "state of the first handle")
    first.close()
    second.add_record(0, {"map": 0.5})
    same((home.open().records(), _log(second)), ([{"map": 0.5}], [(5, 0, "ann", (1,))]), "contents")


def a_closed_store_says_so(home: StoreHome) -> None:
    """Everything is refused once a store is closed; closing it again is not."""
    store = home.create()
    store.close()
    store.close()
    calls: dict[str, Callable[[], object]] = {
        "settings": store.settings,
        "state": store.state,
        "batches": store.batches,
        "changes": store.changes,
        "rosters": lambda: list(store.rosters()),
        "add_change": lambda: store.add_change("class", {"name": "owl"}, 0),
        "answers_log": store.answers_log,
        "records": store.records,
        "embeddings": store.embeddings,
        "batch": lambda: store.batch("batch-000"),
        "training": lambda: store.training("key"),
        "add_batch": lambda: store.add_batch(new_batch(0, 1)),
        "add_answers": lambda: store.add_answers({1: None}, ""),
        "withdraw": lambda: store.withdraw(0),
        "backup": lambda: store.backup(home.folder.with_name("copy")),
        "add_record": lambda: store.add_record(0, {}),
        "keep_training": lambda: keep(store, "key"),
    }
    for name, call in calls.items():
        refused(f"{name} of a closed store", call)
    same(_state(home.open()), (0, [], {}), "state")


STORE = (
    a_new_store_has_settings_and_nothing_else,
    a_second_store_is_not_made_in_its_place,
    given_labels_are_a_batch_that_is_answered,
    batches_come_back_as_they_were_added,
    a_round_is_used_once,
    a_pair_is_asked_for_once_ever,
    the_log_of_answers_only_grows,
    answers_are_all_recorded_or_none,
    withdrawn_pairs_are_free_again,
    a_copy_is_a_store_of_its_own,
    rows_that_cannot_be_are_noticed,
    records_are_kept_by_round_and_replaced,
    two_handles_see_one_store,
    a_closed_store_says_so,
)
