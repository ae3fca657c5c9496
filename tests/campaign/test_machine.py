"""A campaign against a plain dictionary that says what it should hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acqkit import Campaign
from acqkit.campaign import SKIP
from acqkit.errors import BudgetError, ContradictionError
from acqkit.labels import SKIPPED, UNLABELED, LabelState
from acqkit.randomness import derive_seed
from acqkit.testing import make_context, make_pool
from light_components import LightFactory, LightMargin, LightTrainer

pytestmark = pytest.mark.net

PARTS: dict[str, Any] = {
    "strategy": LightMargin(),
    "trainer": LightTrainer(),
    "model": LightFactory(),
}
Answer = tuple[int, ...] | None


class CampaignMachine(RuleBasedStateMachine):
    multilabel = False

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.pool = make_pool(40, 3, multilabel=self.multilabel, test_share=0.25, seed=3)
        self.answers: dict[int, Answer] = {}
        self.log: list[tuple[int, Answer]] = []
        self.batches: list[list[int]] = []
        self.withdrawn: dict[int, list[int]] = {}
        self.campaign = Campaign.create(self.root / "campaign", self.pool, seed=5, **PARTS)

    def teardown(self) -> None:
        self.campaign.close()
        shutil.rmtree(self.root)

    # What the campaign is told.

    def draw_answer(self, data: st.DataObject) -> Answer:
        sizes = {} if self.multilabel else {"min_size": 1, "max_size": 1}
        classes = st.sets(st.integers(0, 2), **sizes).map(lambda found: tuple(sorted(found)))
        answer: Answer = data.draw(st.none() | classes)
        return answer

    def as_told(self, data: st.DataObject, answer: Answer) -> Any:
        """One of the forms in which an answer may be given."""
        if answer is None:
            return data.draw(st.sampled_from([None, SKIP]))
        names = [self.pool.class_names[c] for c in answer]
        forms: list[Any] = [names, set(names), tuple(reversed(answer)), np.array(answer, dtype=int)]
        if len(answer) == 1:
            forms += [names[0], answer[0], np.int64(answer[0])]
        return data.draw(st.sampled_from(forms))

    def tell(
        self, data: st.DataObject, round: int, answers: dict[int, Answer], **options: Any
    ) -> None:
        batch = self.campaign.batches()[round]
        labels = {self.pool.ids[p]: self.as_told(data, a) for p, a in answers.items()}
        self.campaign.tell(batch.batch_id, labels, **options)

    def note(self, answers: dict[int, Answer]) -> None:
        for position, answer in answers.items():
            if position not in self.answers or self.answers[position] != answer:
                self.log.append((position, answer))
        self.answers |= answers

    def round_of(self, position: int) -> int:
        return next(r for r, members in enumerate(self.batches) if position in members)

    @property
    def free(self) -> list[int]:
        taken = {position for members in self.batches for position in members}
        return [p for p in self.pool.train_positions.tolist() if p not in taken]

    @initialize(data=st.data())
    def first_labels(self, data: st.DataObject) -> None:
        positions = self.free[3:9]
        labels = {p: (i % 3,) for i, p in enumerate(positions)}
        told = {int(self.pool.ids[p]): self.as_told(data, a) for p, a in labels.items()}
        self.campaign.add_labels(told, annotator="team")
        self.batches.append(positions)
        self.note(dict(labels))

    @rule(n=st.integers(1, 6))
    def ask(self, n: int) -> None:
        if n > len(self.free):
            with pytest.raises(BudgetError):
                self.campaign.ask(n)
            return
        wanted = self.picks(n)
        batch = self.campaign.ask(n)
        assert batch.positions.tolist() == wanted
        assert self.pool.ids[batch.positions].tolist() == list(batch.ids) == list(batch.pending)
        assert batch.round == len(self.batches)
        self.batches.append(wanted)

    def picks(self, n: int) -> list[int]:
        """What a campaign that was never closed would pick, worked out from the dictionary."""
        positions = self.pool.train_positions
        train = self.pool.take(positions).with_labels(self.state().take(positions))
        latest = max(
            (self.round_of(p) for p, a in self.answers.items() if a is not None), default=0
        )
        model = LightFactory().build(train, "cpu")
        model.fit(train, derive_seed(5, latest, "train"))
        embeddings = model.embed(train.batch(np.arange(len(train))))
        context = make_context(train, embeddings, round=len(self.batches), seed=5)
        object.__setattr__(context, "candidates", np.flatnonzero(np.isin(positions, self.free)))
        chosen: list[int] = positions[LightMargin().select(context, n)].tolist()
        return chosen

    @rule(data=st.data(), annotator=st.sampled_from(["", "ann", "bob"]))
    def answer_some(self, data: st.DataObject, annotator: str) -> None:
        waiting = [r for r, m in enumerate(self.batches) if not set(m) <= set(self.answers)]
        if not waiting:
            return
        round = data.draw(st.sampled_from(waiting))
        pending = [p for p in self.batches[round] if p not in self.answers]
        chosen = data.draw(st.lists(st.sampled_from(pending), unique=True))
        answers = {p: self.draw_answer(data) for p in chosen}
        self.tell(data, round, answers, annotator=annotator)
        self.note(answers)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        round = data.draw(st.integers(0, len(self.batches) - 1))
        pending = [p for p in self.batches[round] if p not in self.answers]
        name = self.campaign.batches()[round].batch_id
        assert self.campaign.withdraw(name) == tuple(self.pool.ids[pending].tolist())
        assert self.campaign.withdraw(name) == ()
        self.batches[round] = [p for p in self.batches[round] if p in self.answers]
        self.withdrawn.setdefault(round, []).extend(pending)

    @rule(data=st.data())
    def answer_what_was_withdrawn(self, data: st.DataObject) -> None:
        late = {r: [p for p in m if p not in self.answers] for r, m in self.withdrawn.items()}
        rounds = [round for round, members in late.items() if members]
        if not rounds:
            return
        round = data.draw(st.sampled_from(rounds))
        chosen = data.draw(st.lists(st.sampled_from(late[round]), min_size=1, unique=True))
        answers = {p: self.draw_answer(data) for p in chosen}
        self.tell(data, round, answers, annotator="late")
        free = sorted(set(chosen) & set(self.free))
        if free:
            self.batches.append(free)
        self.note(answers)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), annotator=st.sampled_from(["ann", "bob"]))
    def agree(self, data: st.DataObject, annotator: str) -> None:
        position = data.draw(st.sampled_from(sorted(self.answers)))
        answers = {position: self.answers[position]}
        for _ in range(2):
            self.tell(data, self.round_of(position), answers, annotator=annotator)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), replace=st.booleans())
    def disagree(self, data: st.DataObject, replace: bool) -> None:
        position = data.draw(st.sampled_from(sorted(self.answers)))
        round = self.round_of(position)
        other = self.draw_answer(data)
        # Pairs beside the contradicted one must stay as they are when it is refused.
        answers = {p: self.answers.get(p, other) for p in self.batches[round]} | {position: other}
        if replace or other == self.answers[position]:
            self.tell(data, round, answers, annotator="cyd", replace=replace)
            self.note(answers)
            return
        with pytest.raises(ContradictionError, match="replace=True"):
            self.tell(data, round, answers, annotator="cyd")

    @rule(data=st.data())
    def bring_labels(self, data: st.DataObject) -> None:
        if len(self.free) < 12:
            return
        positions = data.draw(st.lists(st.sampled_from(self.free), max_size=2, unique=True))
        pending = [p for m in self.batches for p in m if p not in self.answers][:1]
        answers = {p: self.draw_answer(data) for p in [*positions, *pending]}
        told = {int(self.pool.ids[p]): self.as_told(data, a) for p, a in answers.items()}
        self.campaign.add_labels(told)
        if positions:
            self.batches.append(sorted(positions))
        self.note(answers)

    @rule()
    def reopen(self) -> None:
        self.campaign.close()
        self.campaign = Campaign.open(self.root / "campaign", self.pool, **PARTS)

    def state(self) -> LabelState:
        state = LabelState.empty(len(self.pool), 3)
        for position, answer in self.answers.items():
            if answer is None:
                state.round[position] = SKIPPED
            else:
                state.round[position] = self.round_of(position)
                state.matrix[position, list(answer)] = 1
        return state

    @invariant()
    def labels_are_as_told(self) -> None:
        state, found = self.state(), self.campaign.labels
        np.testing.assert_array_equal(found.round, state.round)
        np.testing.assert_array_equal(found.matrix, state.matrix)

    @invariant()
    def batches_are_as_asked(self) -> None:
        found = self.campaign.batches()
        assert [batch.positions.tolist() for batch in found] == self.batches
        pending = [[p for p in m if p not in self.answers] for m in self.batches]
        assert [self.pool.position_of(b.pending).tolist() for b in found] == pending
        withdrawn = [self.withdrawn.get(round, []) for round in range(len(found))]
        assert [self.pool.position_of(b.withdrawn).tolist() for b in found] == withdrawn
        ids = [batch.batch_id for batch in found if batch.pending]
        assert [batch.batch_id for batch in self.campaign.open_batches()] == ids

    @invariant()
    def status_counts(self) -> None:
        status, state = self.campaign.status(), self.state()
        counts = [len(state.labeled), int((state.round == SKIPPED).sum()), status.pending]
        assert [status.labeled, status.skipped, len(self.free)] == [*counts[:2], status.free]
        assert sum(counts) + status.free == status.pairs == len(self.pool.train_positions)
        assert int((state.round == UNLABELED).sum()) >= status.free

    @invariant()
    def nothing_leaves_the_log(self) -> None:
        log = [(a.position, a.classes) for a in self.campaign._store.answers_log()]
        changes = [entry for i, entry in enumerate(log) if entry not in _since(log, i)]
        assert changes == self.log


def _since(log: list[tuple[int, Answer]], index: int) -> list[tuple[int, Answer]]:
    """The latest earlier entry of the same position: agreement repeats it."""
    return next(([entry] for entry in reversed(log[:index]) if entry[0] == log[index][0]), [])


class MultiLabelMachine(CampaignMachine):
    multilabel = True


_SETTINGS = settings(max_examples=12, stateful_step_count=20, deadline=None)

TestSingleLabel = CampaignMachine.TestCase
TestSingleLabel.settings = _SETTINGS
TestMultiLabel = MultiLabelMachine.TestCase
TestMultiLabel.settings = _SETTINGS
