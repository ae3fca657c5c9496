"""Asking and telling: a step is done whole or not at all, and what people wrote stays."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filled_sheets import counts, fill, rows
from finished import Command, Finished, assert_one_sentence

from acqkit.cli import sheet_files
from acqkit.cli.ending import Terminated
from acqkit.files import NewFile


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*.new")]


def test_a_sheet_that_exists_is_not_written_over(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    monday = tmp_path / "monday.csv"
    assert acqkit("campaign", "ask", folder, "-n", 3, "--sheet", monday).returncode == 0
    fill(monday, "class0", "class1")
    before = monday.read_bytes()
    for command in (("ask", folder, "-n", 3), ("sheet", folder, "batch-000")):
        refused = acqkit("campaign", *command, "--sheet", monday)
        assert_one_sentence(refused, f"{monday} exists already", "--sheet", "tell")
    assert monday.read_bytes() == before and counts(folder) == (0, 3, 42)
    (folder / "batch-001.csv").write_text("ours")
    assert_one_sentence(acqkit("campaign", "ask", folder), "batch-001.csv exists already")
    assert (folder / "batch-001.csv").read_text() == "ours" and counts(folder) == (0, 3, 42)
    assert hidden(tmp_path) == []


def test_a_sheet_that_appears_meanwhile_is_not_written_over(
    acqkit: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday = tmp_path / "monday.csv"
    publish = NewFile.publish

    def late(self: NewFile, path: Path) -> None:
        path.write_text("ours")
        publish(self, path)

    monkeypatch.setattr(NewFile, "publish", late)
    refused = acqkit("campaign", "ask", folder, "-n", 3, "--sheet", monday)
    assert_one_sentence(refused, "batch-000 is stored", f"sheet {folder} batch-000 --sheet")
    assert monday.read_text() == "ours" and hidden(tmp_path) == []
    monkeypatch.undo()
    again = acqkit("campaign", "sheet", folder, "batch-000", "--sheet", tmp_path / "again.csv")
    assert again.returncode == 0 and len(rows(tmp_path / "again.csv")) == 3


def test_a_disk_without_links_gets_sheets_too(
    acqkit: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*paths: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    monday = tmp_path / "monday.csv"
    assert acqkit("campaign", "ask", folder, "-n", 3, "--sheet", monday).returncode == 0
    assert len(rows(monday)) == 3 and hidden(tmp_path) == []
    with pytest.raises(FileExistsError):
        file = NewFile(monday)
        file.write(b"other")
        file.publish(monday)
    assert len(rows(monday)) == 3


@pytest.mark.parametrize("sheet", ["nowhere/monday.csv", "pool/class_names.npy/monday.csv"])
def test_a_sheet_that_cannot_be_written_takes_no_batch(
    acqkit: Command, folder: Path, tmp_path: Path, sheet: str
) -> None:
    refused = acqkit("campaign", "ask", folder, "-n", 3, "--sheet", tmp_path / sheet)
    assert_one_sentence(refused, "monday.csv cannot be written", "nothing was done")
    assert counts(folder) == (0, 0, 45)


def test_a_disk_that_is_full_when_the_sheet_is_written_takes_no_batch(
    acqkit: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = NewFile.write

    def full(self: NewFile, content: bytes) -> None:
        if content:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, content)

    monkeypatch.setattr(NewFile, "write", full)
    refused = acqkit("campaign", "ask", folder, "-n", 3)
    assert_one_sentence(refused, "No space left on device", "nothing was done")
    assert counts(folder) == (0, 0, 45) and hidden(tmp_path) == []
    monkeypatch.undo()
    assert acqkit("campaign", "ask", folder, "-n", 3).returncode == 0
    assert len(rows(folder / "batch-000.csv")) == 3


def test_the_sheet_of_an_open_batch_can_be_had_again(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    assert acqkit("campaign", "ask", folder, "-n", 3).returncode == 0
    first = folder / "batch-000.csv"
    written = first.read_bytes()
    first.unlink()
    again = acqkit("campaign", "sheet", folder)
    assert again.returncode == 0 and first.read_bytes() == written, again.stderr
    fill(first, "class0")
    assert acqkit("campaign", "tell", folder, first).returncode == 0
    rest = tmp_path / "rest.csv"
    assert acqkit("campaign", "sheet", folder, "batch-000", "--sheet", rest).returncode == 0
    assert [row["id"] for row in rows(rest)] == [row["id"] for row in rows(first)][1:]
    assert acqkit("campaign", "ask", folder, "-n", 5).returncode == 0
    several = acqkit("campaign", "sheet", folder, "--sheet", tmp_path / "x.csv")
    assert_one_sentence(several, "batch-000 (2 unanswered), batch-001 (5 unanswered)")
    fill(first, "class0", "class1", "?")
    assert acqkit("campaign", "tell", folder, first).returncode == 0
    answered = acqkit("campaign", "sheet", folder, "batch-000", "--sheet", tmp_path / "x.csv")
    assert_one_sentence(answered, "batch-000 is no open batch", "batch-001 (5 unanswered)")
    assert not (tmp_path / "x.csv").exists()


def test_a_sheet_of_several_batches_is_told_as_a_whole(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        sheet = tmp_path / f"{name}.csv"
        assert acqkit("campaign", "ask", folder, "-n", 2, "--sheet", sheet).returncode == 0
        fill(sheet, "class0", "class0")
    told = acqkit("campaign", "tell", folder, tmp_path / "b.csv", "--annotator", "ann")
    assert "2 answers recorded" in told.stdout
    both = tmp_path / "both.csv"
    lines = (tmp_path / "a.csv").read_text() + (tmp_path / "b.csv").read_text().partition("\n")[2]
    both.write_text(lines.replace("class0", "class1"))
    refused = acqkit("campaign", "tell", folder, both, "--annotator", "bob")
    assert_one_sentence(refused, "'ann'", "nothing was recorded")
    assert counts(folder) == (2, 2, 41)
    told = acqkit("campaign", "tell", folder, both, "--annotator", "bob", "--replace")
    assert "4 answers recorded" in told.stdout and counts(folder) == (4, 0, 41)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("interrupt", "status"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_an_interrupted_ask_says_what_is_kept(
    acqkit: Command,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    interrupt: type[KeyboardInterrupt],
    status: int,
    stored: bool,
) -> None:
    def stop(*arguments: object) -> None:
        raise interrupt

    with monkeypatch.context() as patch:
        patch.setattr(sheet_files.SheetFile, "publish" if stored else "write", stop)
        ended = acqkit("campaign", "ask", folder, "-n", 3)
    assert ended.returncode == status and ended.stdout == ""
    said = "batch-000 is stored" if stored else "no batch was taken"
    assert_one_sentence(ended, said)
    assert counts(folder)[1] == 3 * stored and hidden(tmp_path) == []
    if stored:
        command = re.search(r"`acqkit (.+) FILE`", ended.stderr)
        assert command is not None
        again = acqkit(*command[1].split(), tmp_path / "again.csv")
        assert again.returncode == 0 and len(rows(tmp_path / "again.csv")) == 3


def test_a_real_ctrl_c_ends_an_ask_with_a_sentence(folder: Path) -> None:
    # A shell starts what runs in the background with Ctrl-C ignored.
    wait = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    wait += "from acqkit.campaign import Campaign; import time, sys; from acqkit.cli import main\n"
    wait += "Campaign.ask = lambda *a, **k: (print('asking', flush=True), time.sleep(60))\n"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{wait}main()", "campaign", "ask", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "asking\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 20
    assert_one_sentence(Finished(process.returncode, out, err), "interrupted", "no batch was taken")
    assert process.returncode == 130


@pytest.mark.net
def test_a_killed_ask_leaves_no_batch_without_a_sheet_to_be_had() -> None:
    result = subprocess.run(
        [sys.executable, Path(__file__).parents[1] / "kill_asks.py", "--kills", "6"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    tally = json.loads(result.stdout)
    assert tally["kills"] == 6 and tally["without_sheet"] >= 1
