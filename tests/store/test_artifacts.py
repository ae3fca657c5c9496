"""Folders beside the database: what stays of them when a process is killed."""

from __future__ import annotations

import os
from pathlib import Path

from acqkit.store import SqliteStore


def test_what_a_killed_process_left_goes_when_the_campaign_is_opened(tmp_path: Path) -> None:
    SqliteStore.create(tmp_path / "c", {"seed": 1}).close()
    old, new = (tmp_path / "c" / "artifacts" / f".draft.{name}.new" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    SqliteStore.open(tmp_path / "c").close()
    assert not old.exists() and new.exists()
