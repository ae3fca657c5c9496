"""The door through which labels come: sheets that are told to a campaign."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from door import IN_CI, Door, hold
from hypothesis import given, settings
from sheet_campaigns import log_of, made
from sheet_inputs import SHEETS, Sheet
from sheet_reader import difference

from acqkit.cli.campaign import tell
from acqkit.errors import AcqkitError

pytestmark = pytest.mark.net


def write(sheet: Sheet, folder: Path) -> Path:
    (folder / "sheet.csv").write_bytes(sheet.content())
    (folder / "how.json").write_text(json.dumps([sheet.setting, sheet.replace]))
    shutil.copytree(made(sheet.setting).folder, folder / "campaign")
    return folder / "sheet.csv"


def open_sheet(path: Path) -> list[Any]:
    """What `acqkit campaign tell` adds to the log; where it refuses, that is nothing."""
    campaign = path.with_name("campaign")
    setting, replace = json.loads(path.with_name("how.json").read_text())
    before = made(setting).log
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            tell(campaign, path, annotator="door", replace=replace)
    except AcqkitError:
        assert log_of(campaign) == before, "refused, and recorded"
        raise
    log = log_of(campaign)
    assert log[: len(before)] == before, "what was told before is another thing"
    return log[len(before) :]


def judge(path: Path, new: list[Any]) -> str | None:
    setting, replace = json.loads(path.with_name("how.json").read_text())
    try:
        return difference(path.read_bytes(), made(setting), new, replace)
    except Exception as error:  # noqa: BLE001 - read by acqkit and not by the other reader
        return f"another reader says {type(error).__name__}: {error}"


DOOR = Door("sheet", SHEETS, write, open_sheet, judge, several="; (?=line )")


@settings(IN_CI, max_examples=60)
@given(SHEETS)
def test_a_sheet_is_recorded_as_it_says_or_refused_in_sentences(sheet: Sheet) -> None:
    hold(DOOR, sheet)
