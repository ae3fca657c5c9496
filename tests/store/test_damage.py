"""A campaign's folder that something else has cut, or put other things into."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from acqkit.errors import AcqkitWarning, CampaignError
from acqkit.store import NewBatch, SqliteStore
from acqkit.store.artifacts import Artifacts
from acqkit.store.database import FILE_NAME

STEP = 509


def test_a_cut_database_is_refused_or_has_lost_nothing(tmp_path: Path) -> None:
    """Among its last pages are indexes without which answers would be overlooked."""
    with closing(SqliteStore.create(tmp_path / "c", {"seed": 0})) as store:
        store.add_batch(NewBatch(0, "by-id", np.arange(4)))
        store.add_answers({0: (0,), 1: (1,)}, "ann")
    file = tmp_path / "c" / FILE_NAME
    whole = file.read_bytes()
    refused = 0
    for size in range(STEP, len(whole), STEP):
        file.write_bytes(whole[:size])
        try:
            with closing(SqliteStore.open(tmp_path / "c")) as store:
                store.check(4, 2, False)
                (batch,) = store.batches()
        except CampaignError:
            refused += 1
            continue
        assert batch.pending.tolist() == [2, 3], size
    assert refused > 10


def test_a_pipe_among_the_files_of_an_artifact_is_not_waited_for(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    with artifacts.draft() as draft:
        draft.file("a").write(b"content")
        name = artifacts.publish(draft)
    assert artifacts.find(name) == tmp_path / name
    os.mkfifo(tmp_path / name / "b")
    with pytest.warns(AcqkitWarning, match="is damaged"):
        assert artifacts.find(name) is None
