"""Giving batches back, copies, campaigns that moved, and who answered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from filled_sheets import counts, fill
from finished import Command, assert_one_sentence

from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool


def test_a_batch_is_withdrawn_and_its_sheet_still_counts(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    assert acqkit("campaign", "ask", folder, "-n", 4).returncode == 0
    sheet = folder / "batch-000.csv"
    fill(sheet, "class0")
    assert acqkit("campaign", "tell", folder, sheet).returncode == 0
    gone = acqkit("campaign", "withdraw", folder, "batch-000")
    assert gone.stdout == "3 unanswered pairs of batch-000 are free again; its answers stay\n"
    assert "0 unanswered pairs" in acqkit("campaign", "withdraw", folder, "batch-000").stdout
    assert counts(folder) == (1, 0, 44)
    assert_one_sentence(acqkit("campaign", "withdraw", folder, "batch-7"), "batch-000")
    assert_one_sentence(acqkit("campaign", "sheet", folder), "no batch has unanswered pairs")
    fill(sheet, "class0", "class1", "class1", "class1")
    late = acqkit("campaign", "tell", folder, sheet, "--annotator", "ann")
    assert late.returncode == 0 and counts(folder) == (4, 0, 41), late.stderr


def test_a_backup_is_a_campaign(acqkit: Command, folder: Path, tmp_path: Path) -> None:
    assert acqkit("campaign", "ask", folder, "-n", 3).returncode == 0
    fill(folder / "batch-000.csv", "class0")
    kept = acqkit("campaign", "backup", folder, "--out", tmp_path / "deep" / "copy")
    assert kept.returncode == 0, kept.stderr
    acqkit("campaign", "tell", folder, folder / "batch-000.csv")
    copy = tmp_path / "deep" / "copy"
    assert counts(copy) == (0, 3, 42) and counts(folder) == (1, 2, 42)
    # A sheet that nobody has told yet is people's work too.
    assert acqkit("campaign", "tell", copy, copy / "batch-000.csv").returncode == 0
    assert counts(copy) == counts(folder)
    again = acqkit("campaign", "backup", folder, "--out", copy)
    assert_one_sentence(again, "already holds a campaign")


def test_campaign_and_pool_move_together_or_apart(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    together = tmp_path / "elsewhere"
    together.mkdir()
    shutil.move(folder, together / "c")
    shutil.move(tmp_path / "pool", together / "pool")
    assert acqkit("campaign", "status", together / "c").returncode == 0
    shutil.move(together / "pool", tmp_path / "apart")
    assert_one_sentence(acqkit("campaign", "ask", together / "c"), "--pool PATH")
    sheet, pool = tmp_path / "s.csv", ("--pool", tmp_path / "apart")
    for command in (
        ("status", together / "c"),
        ("ask", together / "c", "-n", 2, "--sheet", sheet),
        ("sheet", together / "c", "--sheet", tmp_path / "again.csv"),
        ("tell", together / "c", sheet),
        ("withdraw", together / "c", "batch-000"),
        ("backup", together / "c", "--out", tmp_path / "copy"),
    ):
        done = acqkit("campaign", *command, *pool)
        assert done.returncode == 0, (command, done.stderr)
    save_pool(make_pool(60, 3, test_share=0.25, seed=1), tmp_path / "other")
    other = acqkit("campaign", "status", together / "c", "--pool", tmp_path / "other")
    assert_one_sentence(other, "is not the one that the campaign was made with")


def test_status_says_who_answered(acqkit: Command, folder: Path) -> None:
    assert acqkit("campaign", "ask", folder, "-n", 12).returncode == 0
    sheet = folder / "batch-000.csv"
    fill(sheet, *["class0"] * 10)
    assert acqkit("campaign", "tell", folder, sheet).returncode == 0
    fill(sheet, *["class0"] * 3)
    assert acqkit("campaign", "tell", folder, sheet, "--annotator", "ann").returncode == 0
    shown = acqkit("campaign", "status", folder).stdout
    lines = [re.sub(r"[│|]", " ", line).split() for line in shown.splitlines()]
    assert ["answers", "by", "annotator", "10", "nobody", "named"] in lines
    assert lines[lines.index(["answers", "by", "annotator", "10", "nobody", "named"]) + 1] in (
        ["10", "ann"],
        ["3", "ann"],
    )
    assert ["labels", "per", "class", "10", "class0"] in lines
    assert ["open", "batches", "batch-000"] in lines
    assert "{" not in shown and "(" in shown
