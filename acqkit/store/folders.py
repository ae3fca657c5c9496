"""Folders that appear whole or not at all, and the removal of those that never did."""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acqkit.errors import CampaignError

ABANDONED_AFTER = 600.0
"""Seconds without a write after which a temporary folder's process is taken for dead."""

_SUFFIX = ".new"


@contextmanager
def temporary_folder(final: Path) -> Iterator[Path]:
    """A new folder beside `final` to be filled and renamed; removed if it was not renamed."""
    remove_abandoned(final)
    folder = final.with_name(f".{final.name}.{secrets.token_hex(4)}{_SUFFIX}")
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(final: Path) -> None:
    """Remove what killed processes left of their attempts to make `final`."""
    for folder in final.parent.glob(f".{glob.escape(final.name)}.*{_SUFFIX}"):
        if time.time() - _last_write(folder) > ABANDONED_AFTER:
            shutil.rmtree(folder, ignore_errors=True)


def _last_write(folder: Path) -> float:
    # Another process may rename the folder or its files at any moment.
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.glob("*")))
    except FileNotFoundError:
        return time.time()


def check_vacant(folder: Path, marker: str) -> None:
    """Raise CampaignError if `folder` exists; `marker` is the file that a campaign has."""
    if (folder / marker).exists():
        raise CampaignError(f"{folder} already holds a campaign; open it, or choose another folder")
    if folder.exists():
        raise CampaignError(
            f"{folder} exists already; name a folder that does not, the campaign makes it"
        )


def publish(temporary: Path, final: Path) -> None:
    """Rename `temporary` to `final`, durably; raises OSError if `final` is there already."""
    temporary.rename(final)
    if os.name == "posix":
        descriptor = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
