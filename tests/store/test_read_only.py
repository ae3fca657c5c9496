"""A campaign where nothing may be written: as another user, on a read-only folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from acqkit.errors import CampaignError
from acqkit.store import NewBatch, SqliteStore
from killable import run_in_fork

NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users can read, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def made(folder: Path) -> SqliteStore:
    store = SqliteStore.create(folder, {"seed": 1})
    store.add_batch(NewBatch(0, "random", np.array([5, 3])))
    store.add_answers({5: (1,)}, "ann")
    return store


def protect(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def as_somebody_else(work: Callable[[], None]) -> None:
    def as_nobody() -> None:
        if os.getuid() == 0:  # whom no mode of a file holds back
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        work()

    assert not run_in_fork(as_nobody, None)


def see(folder: Path, answers: int) -> Callable[[], None]:
    def look() -> None:
        with closing(SqliteStore.open(folder)) as store:
            assert len(store.answers_log()) == answers
            assert store.batches()[0].positions.tolist() == [5, 3]
            assert store.settings() == {"seed": 1}

    return look


def test_a_closed_campaign_is_read(place: Path) -> None:
    made(place / "c").close()
    protect(place / "c")
    as_somebody_else(see(place / "c", answers=1))
    assert [path.name for path in (place / "c").iterdir()] == ["campaign.sqlite"]


def test_what_another_process_has_just_written_is_read(place: Path) -> None:
    with closing(made(place / "c")) as store:
        store.add_answers({3: (0,)}, "ann")
        assert (place / "c" / "campaign.sqlite-wal").stat().st_size > 0
        protect(place / "c")
        as_somebody_else(see(place / "c", answers=2))
        store.add_answers({3: (0,)}, "bob")
        as_somebody_else(see(place / "c", answers=3))


def test_what_a_killed_process_left_is_read(place: Path) -> None:
    def work() -> None:
        made(place / "c").add_answers({3: (0,)}, "ann")
        os._exit(0)

    run_in_fork(work, None)
    protect(place / "c")
    as_somebody_else(see(place / "c", answers=2))


def test_answers_that_cannot_be_read_are_not_passed_over(place: Path) -> None:
    with closing(made(place / "c")):
        (place / "copy").mkdir()
        for name in ("campaign.sqlite", "campaign.sqlite-wal"):
            shutil.copy(place / "c" / name, place / "copy")
    protect(place / "copy")

    def refused() -> None:
        with pytest.raises(CampaignError, match=r"last answers are in campaign\.sqlite-wal"):
            SqliteStore.open(place / "copy")

    as_somebody_else(refused)


@pytest.mark.parametrize("protected", ["file", "folder"])
def test_every_step_that_writes_is_refused_in_a_sentence(place: Path, protected: str) -> None:
    made(place / "c").close()
    (place / "c" / "campaign.sqlite").chmod(0o444 if protected == "file" else 0o666)
    (place / "c").chmod(0o555 if protected == "folder" else 0o777)

    def refused() -> None:
        store = SqliteStore.open(place / "c")
        steps: list[Callable[[], object]] = [
            lambda: store.add_answers({3: (0,)}, "ann"),
            lambda: store.add_batch(NewBatch(1, "random", np.array([1]))),
            lambda: store.add_record(0, {}),
        ]
        for step in steps:
            with pytest.raises(CampaignError, match=r"can only be looked at.* copy the folder"):
                step()
        assert len(store.answers_log()) == 1

    as_somebody_else(refused)


def test_a_name_that_looks_like_an_address_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% of?mode=ro&c#1 ä"
    made(folder).close()
    see(folder, answers=1)()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_no_campaign_is_made_where_the_database_cannot_be_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.mkdir

    def with_rubbish(self: Path, parents: bool = False) -> None:
        original(self, parents=parents)
        (self / "campaign.sqlite").write_bytes(b"no database" * 99)

    monkeypatch.setattr(Path, "mkdir", with_rubbish)
    with pytest.raises(CampaignError, match=r"no campaign can be made in .*/c: .*not a database"):
        SqliteStore.create(tmp_path / "c", {})
    assert list(tmp_path.iterdir()) == []
