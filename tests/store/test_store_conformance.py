"""Both stores pass the kit, and the kit notices a store that does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore

from acqkit.embeddings import IntArray
from acqkit.store import Classes, NewBatch, SqliteStore, StoredAnswer
from acqkit.testing import ConformanceError, store_conformance_test
from acqkit.testing.store import STORE_CHECKS
from acqkit.testing.store_home import StoreHome

test_sqlite_store = store_conformance_test(SqliteStore.create, SqliteStore.open)
test_memory_store = store_conformance_test(MemoryStore.create, MemoryStore.open)


class Overwriting(MemoryStore):
    """Replaced answers are forgotten."""

    def answers_log(self) -> list[StoredAnswer]:
        last = {(a.position, a.annotator): a for a in super().answers_log()}
        return [a for a in super().answers_log() if a.revision == 0 and a in last.values()]


class Careless(MemoryStore):
    """Any round will do."""

    def add_batch(self, batch: NewBatch) -> str | None:
        rounds = len(self.batches())
        return super().add_batch(NewBatch(rounds, batch.strategy, batch.positions))


class Forgetful(MemoryStore):
    """Every training has the one key that was asked for."""

    def training(self, key: str) -> Any:
        found = self._open.training
        return found and found[1]


class HalfGiven(MemoryStore):
    """Labels that contradict keep none out."""

    def add_answers(
        self,
        labels: Mapping[int, Classes],
        annotator: str,
        replace: bool = False,
        again: Mapping[int, Mapping[int, Classes]] | None = None,
    ) -> list[StoredAnswer]:
        clashes = super().add_answers(labels, annotator, replace, again)
        if clashes:
            agreed = set(labels) - {clash.position for clash in clashes}
            super().add_answers({position: labels[position] for position in agreed}, annotator)
        return clashes


class Keeping(MemoryStore):
    """Withdrawn pairs stay in their batch."""

    def withdraw(self, round: int) -> IntArray:
        return self.batches()[round].pending


class Sharing(MemoryStore):
    """A copy is another handle."""

    def backup(self, folder: Path) -> None:
        self._all[folder] = self._open


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (Overwriting, "the_log_of_answers_only_grows"),
        (Careless, "a_round_is_used_once"),
        (Forgetful, "a_training_is_found_again_by_its_key"),
        (HalfGiven, "given_labels_are_a_batch_that_is_answered"),
        (Keeping, "withdrawn_pairs_are_free_again"),
        (Sharing, "a_copy_is_a_store_of_its_own"),
    ],
)
def test_the_kit_notices(kind: type[MemoryStore], check: str, tmp_path: Path) -> None:
    checks: dict[str, Callable[[StoreHome], None]] = {run.__name__: run for run in STORE_CHECKS}
    with pytest.raises(ConformanceError):
        checks[check](StoreHome(tmp_path / "c", kind.create, kind.open))
