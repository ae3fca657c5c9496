"""A `Store` without a disk: what the Protocol asks, in the fewest words."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from acqkit.embeddings import IntArray, ModalityEmbeddings, PairEmbeddings
from acqkit.errors import CampaignError
from acqkit.store import (
    Classes,
    EmbeddingWriter,
    Kind,
    NewBatch,
    NewTraining,
    Roster,
    StoredAnswer,
    StoredBatch,
    StoredChange,
    StoredState,
    StoredTraining,
)
from acqkit.store.answers import additions, conflicts, questions, standing_answers, standings
from acqkit.store.changes import merged


@dataclass
class Contents:
    """What all handles on one store share."""

    settings: Mapping[str, Any]
    batches: list[StoredBatch] = field(default_factory=list)
    log: list[StoredAnswer] = field(default_factory=list)
    changes: list[StoredChange] = field(default_factory=list)
    rosters: list[Roster] = field(default_factory=list)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    embeddings: dict[str, PairEmbeddings] = field(default_factory=dict)
    latest: PairEmbeddings | None = None
    training: tuple[str, StoredTraining] | None = None


class MemoryStore:
    """Handles by folder, which is a name here and nothing else."""

    _all: ClassVar[dict[Path, Contents]] = {}

    def __init__(self, contents: Contents) -> None:
        self._contents: Contents | None = contents

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: Mapping[str, Any],
        given: Mapping[int, Classes],
        rosters: Iterable[Roster] = (),
    ) -> MemoryStore:
        if folder in cls._all:
            raise CampaignError(f"{folder} already holds a campaign; choose another name")
        cls._all[folder] = Contents(copy.deepcopy(dict(settings)), rosters=list(rosters))
        cls(cls._all[folder]).add_answers(given, "")
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> MemoryStore:
        return cls(cls._all[folder])

    @property
    def _open(self) -> Contents:
        if self._contents is None:
            raise CampaignError("the campaign is closed; open it again")
        return self._contents

    def close(self) -> None:
        self._contents = None

    def settings(self) -> dict[str, Any]:
        return copy.deepcopy(dict(self._open.settings))

    def check(self, pairs: int, classes: int, multilabel: bool) -> None:
        taken = [p for batch in self._open.batches for p in batch.positions.tolist()]
        given = [list(answer.classes) for answer in self._open.log if answer.classes is not None]
        if not (
            all(0 <= position < pairs for position in taken)
            and all(0 <= c < classes for answer in given for c in answer)
            and all(answer == sorted(set(answer)) for answer in given)
            and (multilabel or all(len(answer) == 1 for answer in given))
        ):
            raise CampaignError("the campaign is damaged; go on with a backup")

    def state(self) -> StoredState:
        taken = [b.positions for b in self._open.batches if b.about is None]
        positions = np.sort(np.concatenate(taken)) if taken else np.arange(0)
        numbers = len(self._open.log), len(self._open.changes)
        answers = standing_answers(self._open.log)
        return StoredState(len(self._open.batches), positions, answers, *numbers)

    def batches(self) -> list[StoredBatch]:
        answered = {(answer.round, answer.position) for answer in self._open.log}
        waiting = [
            [position for position in b.positions.tolist() if (b.round, position) not in answered]
            for b in self._open.batches
        ]
        return [
            replace(b, pending=np.array(pending, np.int64))
            for b, pending in zip(self._open.batches, waiting, strict=True)
        ]

    def batch(self, batch_id: str) -> StoredBatch | None:
        return next((b for b in self.batches() if b.batch_id == batch_id), None)

    def answers_log(self) -> list[StoredAnswer]:
        return list(self._open.log)

    def add_batch(self, batch: NewBatch) -> str | None:
        if (batch.round, batch.changes) != (len(self._open.batches), len(self._open.changes)):
            return None
        self._insert(batch)
        if batch.embeddings is not None:
            self._open.latest = self._open.embeddings.get(batch.embeddings, self._open.latest)
        return batch.batch_id

    def _insert(self, new: NewBatch) -> None:
        if new.about is None and np.isin(new.positions, self.state().taken).any():
            raise CampaignError("the campaign is as it was: a pair is in another batch")
        self._open.batches.append(replace(new.stored(), record=copy.deepcopy(new.record)))

    def withdraw(self, round: int) -> IntArray:
        batch = self.batches()[round]
        stays = ~np.isin(batch.positions, batch.pending)
        self._open.batches[round] = replace(
            batch,
            positions=batch.positions[stays],
            scores=None if batch.scores is None else batch.scores[stays],
            terms={name: values[stays] for name, values in batch.terms.items()},
            withdrawn=np.concatenate([batch.withdrawn, batch.pending]),
        )
        return batch.pending

    def add_answers(
        self,
        labels: Mapping[int, Classes],
        annotator: str,
        replace: bool = False,
        again: Mapping[int, Mapping[int, Classes]] | None = None,
    ) -> list[StoredAnswer]:
        current, into = standings(self._open.log), merged(self._open.changes)
        asked = questions(labels, again or {})
        clashes = [] if replace else conflicts(current, asked, into)
        if clashes:
            return clashes
        new = np.setdiff1d(np.array(list(labels), np.int64), self.state().taken)
        if len(new):
            given = NewBatch(len(self._open.batches), "", new)
            said, grown = len(self._open.log), len(self._open.changes)
            self._insert(dataclasses.replace(given, answers=said, changes=grown))
        regular = [b for b in self._open.batches if b.about is None]
        rounds = {p: b.round for b in regular for p in b.positions.tolist()}
        for (position, once_more), revision, classes in additions(current, asked, annotator, into):
            round = rounds[position] if once_more is None else once_more
            batch = self._open.batches[round]
            at = datetime.now(UTC).isoformat(timespec="seconds")
            answer = StoredAnswer(position, round, revision, annotator, classes, at)
            number, known = len(self._open.log) + 1, batch.changes or 0
            self._open.log.append(
                dataclasses.replace(answer, number=number, changes=known, about=batch.about)
            )
        return []

    def changes(self) -> list[StoredChange]:
        return copy.deepcopy(self._open.changes)

    def add_change(
        self,
        kind: Kind,
        value: Mapping[str, Any],
        after: int,
        rosters: Sequence[Roster] = (),
        given: Mapping[int, Classes] | None = None,
    ) -> int | None:
        if after != len(self._open.changes):
            return None
        known = len(self._open.log), len(self._open.batches)
        change = StoredChange(after + 1, kind, copy.deepcopy(dict(value)), *known)
        self._open.changes.append(change)
        self._open.rosters += rosters
        self.add_answers(given or {}, "")
        return after + 1

    def rosters(self) -> list[Roster]:
        return list(self._open.rosters)

    def backup(self, folder: Path) -> None:
        contents = self._open
        if folder in self._all:
            raise CampaignError(f"{folder} already holds a campaign; choose another name")
        self._all[folder] = copy.deepcopy(contents)

    def records(self) -> list[dict[str, Any]]:
        return [copy.deepcopy(record) for _, record in sorted(self._open.records.items())]

    def add_record(self, round: int, record: Mapping[str, Any]) -> None:
        self._open.records[round] = copy.deepcopy(dict(record))

    @contextmanager
    def new_embeddings(self, positions: IntArray) -> Iterator[EmbeddingWriter]:
        yield Blocks(positions)

    def keep_training(self, training: NewTraining, written: EmbeddingWriter) -> StoredTraining:
        assert isinstance(written, Blocks)
        embeddings = written.joined()
        digest = hashlib.blake2b(embeddings.manifest().encode())
        for values in (*embeddings.columns().values(), *embeddings.constants().values()):
            digest.update(np.ascontiguousarray(values).data)
        kept = StoredTraining(training.record, training.model, embeddings, digest.hexdigest())
        self._open.embeddings[kept.name] = embeddings
        self._open.training = (training.key, kept)
        return kept

    def training(self, key: str) -> StoredTraining | None:
        found = self._open.training
        return found[1] if found is not None and found[0] == key else None

    def embeddings(self) -> PairEmbeddings | None:
        return self._open.latest


class Blocks:
    """Blocks as they come."""

    def __init__(self, positions: IntArray) -> None:
        self._positions = positions
        self._blocks: list[PairEmbeddings] = []

    def write(self, block: PairEmbeddings) -> None:
        self._blocks.append(block)

    def joined(self) -> PairEmbeddings:
        if sum(map(len, self._blocks)) != len(self._positions):
            raise CampaignError("rows of embeddings are missing; write one a pair")
        columns = [block.columns() for block in self._blocks]
        whole = {name: np.concatenate([each[name] for each in columns]) for name in columns[0]}
        a, b = (
            ModalityEmbeddings(**{name[2:]: v for name, v in whole.items() if name[0] == side})
            for side in "ab"
        )
        return replace(self._blocks[-1], a=a, b=b, positions=self._positions)
