"""Campaigns that grow in any order against plain dictionaries: no label is lost, none moves.

`ACQKIT_SEQUENCES` says how many sequences are tried, by default few; see
`benchmarks/growth_sequences.py`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acqkit import Campaign, PairPool
from acqkit.components.registry import new_registry
from acqkit.errors import ContradictionError
from light_components import LightFactory, LightTrainer
from simulated_annotators import ById

pytestmark = pytest.mark.net

N, FIRST, MOST_CLASSES = 40, 16, 9
CLASSES = ("cat", "dog", "emu", "owl")
"""Enough to merge some twice."""
RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(N, 3)).astype(np.float32), RNG.normal(size=(N, 2)).astype(np.float32)
Words = frozenset[str] | None


class GrowingMachine(RuleBasedStateMachine):
    """What people said is kept in words; classes are what the words of each stand for now."""

    multilabel = False

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.order: list[int] = list(range(FIRST))
        self.meant = {name: name for name in CLASSES}  # every name ever: what it is called now
        self.columns = list(CLASSES)
        self.said: dict[int, Words] = {}
        self.asked: dict[int, str] = {}
        self.waiting: dict[str, set[int]] = {}
        self.about: dict[str, str] = {}
        self.parts: dict[str, Any] = {
            "strategy": ById(),
            "trainer": LightTrainer(),
            "model": LightFactory(),
            "registry": new_registry(),
        }
        self.campaign = Campaign.create(self.root / "c", self.pool(), seed=3, **self.parts)

    def teardown(self) -> None:
        self.campaign.close()
        shutil.rmtree(self.root)

    def pool(self, rows: list[int] | None = None) -> PairPool:
        """The pool of some of the pairs, as a team would have it, in any order."""
        rows = self.order if rows is None else rows
        return PairPool.from_arrays(
            A[rows],
            B[rows],
            ids=[f"p{row}" for row in rows],
            class_names=self.columns,
            multilabel=self.multilabel,
            split=["test" if row % 7 == 0 else "train" for row in rows],
        )

    @property
    def names(self) -> list[str]:
        """What the classes are called."""
        return sorted(set(self.meant.values()))

    @property
    def joined(self) -> list[str]:
        """Classes that have other names, too."""
        return sorted({now for name, now in self.meant.items() if now != name})

    def answer(self, data: st.DataObject) -> Words:
        sizes = {"max_size": 2} if self.multilabel else {"min_size": 1, "max_size": 1}
        given = st.frozensets(st.sampled_from(sorted(self.meant)), **sizes)
        chosen: Words = data.draw(st.none() | given)
        return chosen

    def now(self, words: Words) -> Words:
        return None if words is None else frozenset(self.meant[word] for word in words)

    @rule(n=st.integers(1, 4))
    def ask(self, n: int) -> None:
        free = self.campaign.status().free
        if free:
            batch = self.campaign.ask(min(n, free))
            members = {int(pair[1:]) for pair in batch.ids}
            assert not members & self.asked.keys() and all(row % 7 for row in members)
            self.waiting[batch.batch_id] = members
            self.asked |= dict.fromkeys(members, batch.batch_id)

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(sorted(b for b, rest in self.waiting.items() if rest)))
        rows = data.draw(st.lists(st.sampled_from(sorted(self.waiting[batch])), unique=True))
        if batch in self.about:
            self.tell_again(data, batch, rows)
            return
        told = {row: self.answer(data) for row in rows}
        self.campaign.tell(batch, {f"p{row}": _given(words) for row, words in told.items()})
        self.said |= {row: self.now(words) for row, words in told.items()}
        self.waiting[batch] -= told.keys()

    def tell_again(self, data: st.DataObject, batch: str, rows: list[int]) -> None:
        """The class that a batch asks about applies, or does not."""
        name = self.about[batch]
        told = {row: data.draw(st.booleans()) for row in rows}
        self.campaign.tell(batch, {f"p{row}": [name] if yes else [] for row, yes in told.items()})
        for row, yes in told.items():
            before, one = self.said[row], frozenset([self.meant[name]])
            if yes:
                self.said[row] = (before or frozenset()) | one if self.multilabel else one
            elif self.multilabel and before is not None:
                self.said[row] = before - one
        self.waiting[batch] -= told.keys()

    @precondition(lambda self: self.said)
    @rule(data=st.data(), replace=st.booleans())
    def tell_otherwise(self, data: st.DataObject, replace: bool) -> None:
        """Somebody else answers for a pair that nobody was asked again about."""
        again = {int(p[1:]) for b in self.campaign.batches() if b.about for p in b.ids}
        rows = sorted(self.said.keys() - again)
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        words = self.answer(data)
        change = (self.asked[row], {f"p{row}": _given(words)})
        if replace or self.now(words) == self.said[row]:
            self.campaign.tell(*change, annotator="bob", replace=replace)
            self.said[row] = self.now(words)
            return
        try:
            self.campaign.tell(*change, annotator="bob")
        except ContradictionError:
            return
        raise AssertionError("a contradiction was recorded")

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(sorted(self.waiting)))
        freed = {int(pair[1:]) for pair in self.campaign.withdraw(batch)}
        assert freed == self.waiting.pop(batch)
        if batch not in self.about:
            self.asked = {r: b for r, b in self.asked.items() if r not in freed}

    @precondition(lambda self: len(self.order) < N)
    @rule(data=st.data())
    def add_pairs(self, data: st.DataObject) -> None:
        rest = [row for row in range(N) if row not in self.order]
        new = data.draw(st.lists(st.sampled_from(rest), min_size=1, max_size=6, unique=True))
        train = [row for row in self.order if row % 7]  # a pool has train pairs
        known = data.draw(st.lists(st.sampled_from(train), min_size=1, max_size=3, unique=True))
        rows = data.draw(st.permutations([*new, *known]))
        added = self.campaign.add_pairs(self.pool(list(rows)))
        self.order += [row for row in rows if row in new]
        assert added == tuple(f"p{row}" for row in rows if row in new)

    @precondition(lambda self: len(self.columns) < MOST_CLASSES)
    @rule()
    def add_class(self) -> None:
        name = f"class {len(self.meant)}"
        self.campaign.add_class(name)
        self.meant[name] = name
        self.columns.append(name)

    @rule(data=st.data())
    def rename_class(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.names))
        if len(self.meant) < 2 * MOST_CLASSES:
            self.call(old, f"class {len(self.meant)}", self.campaign.rename_class)

    def call(self, old: str, new: str, rename: Any) -> None:
        rename(old, new)
        self.meant = {name: new if now == old else now for name, now in self.meant.items()}
        self.meant[new] = new
        self.columns = [new if column == old else column for column in self.columns]
        self.said = {row: self.now(words) for row, words in self.said.items()}

    @precondition(lambda self: len(self.names) > 2 and len(self.columns) < MOST_CLASSES)
    @rule(data=st.data(), new=st.booleans())
    def merge_classes(self, data: st.DataObject, new: bool) -> None:
        size: dict[str, Any] = {"min_size": 2, "max_size": len(self.names) - 1 + new}
        names = data.draw(st.lists(st.sampled_from(self.names), unique=True, **size))
        if new and len(names) == len(self.names):
            names = names[:-1]
        into = f"class {len(self.meant)}" if new else names[0]
        if new:
            self.columns.append(into)
        self.merge(names, into)

    @precondition(lambda self: len(self.names) > 2 and self.joined)
    @rule(data=st.data())
    def merge_again(self, data: st.DataObject) -> None:
        """What goes by several names goes into another class."""
        old = data.draw(st.sampled_from(self.joined))
        rest = [name for name in self.names if name != old]
        self.merge([old], data.draw(st.sampled_from(rest)))

    def merge(self, names: list[str], into: str) -> None:
        self.campaign.merge_classes(names, into)
        self.meant = {name: into if now in names else now for name, now in self.meant.items()}
        self.meant[into] = into
        self.said = {row: self.now(words) for row, words in self.said.items()}

    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.names))
        for n in (2, 1):
            try:
                batch = self.campaign.ask_again(name, n)
            except ValueError:  # fewer are left
                continue
            members = {int(pair[1:]) for pair in batch.ids}
            assert members <= self.said.keys() and batch.about == name
            assert not any(name in (self.said[row] or ()) for row in members)
            self.about[batch.batch_id] = name
            self.waiting[batch.batch_id] = members
            return

    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        """With a pool of all pairs, in another order."""
        self.campaign.close()
        pool = self.pool(list(data.draw(st.permutations(self.order))))
        self.campaign = Campaign.open(self.root / "c", pool, **self.parts)

    @invariant()
    def no_label_is_lost_or_moved(self) -> None:
        state, pool = self.campaign.labels, self.campaign.pool
        assert pool.ids.tolist() == [f"p{row}" for row in self.order]
        np.testing.assert_array_equal(pool.batch(np.arange(len(pool))).a, A[self.order])
        found: dict[int, Words] = {}
        for position in np.flatnonzero(state.round != -1).tolist():
            words = {pool.class_names[c] for c in np.flatnonzero(state.matrix[position])}
            skipped = state.round[position] == -2
            found[self.order[position]] = None if skipped else frozenset(words)
        assert found == self.said
        assert sorted(self.campaign.live_classes) == self.names
        pending = {b.batch_id: {int(p[1:]) for p in b.pending} for b in self.campaign.batches()}
        assert {b: rest for b, rest in pending.items() if rest} == {
            b: rest for b, rest in self.waiting.items() if rest
        }


def _given(words: Words) -> Any:
    return None if words is None else sorted(words)


class MultiLabelGrowingMachine(GrowingMachine):
    multilabel = True


_SETTINGS = settings(
    max_examples=int(os.environ.get("ACQKIT_SEQUENCES", "24")) // 2,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

TestSingleLabelGrowth = GrowingMachine.TestCase
TestSingleLabelGrowth.settings = _SETTINGS
TestMultiLabelGrowth = MultiLabelGrowingMachine.TestCase
TestMultiLabelGrowth.settings = _SETTINGS
