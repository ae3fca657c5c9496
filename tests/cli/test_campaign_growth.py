"""More pairs and other classes, by the command and in sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filled_sheets import fill, rows
from finished import Command, assert_one_sentence
from growing_pool import labels, made

from acqkit import Campaign
from acqkit.pool.folder import save_pool


@pytest.fixture
def folder(acqkit: Command, tmp_path: Path) -> Path:
    save_pool(made(), tmp_path / "pool")
    save_pool(made(np.r_[30:45]), tmp_path / "more")
    made_by = ("campaign", "init", tmp_path / "c", "--pool", tmp_path / "pool")
    assert acqkit(*made_by, "--strategy", "random").returncode == 0
    return tmp_path / "c"


def test_pairs_and_classes_come_while_people_label(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    assert acqkit("campaign", "ask", folder, "-n", 5).returncode == 0
    first = folder / "batch-000.csv"
    added = acqkit("campaign", "add-pairs", folder, tmp_path / "more")
    assert added.stdout == "15 new pairs, 3 of them test pairs; the campaign has 45\n"
    again = acqkit("campaign", "add-pairs", folder, tmp_path / "more", "--test-share", 0.5)
    assert again.stdout.startswith("0 new pairs")
    said = acqkit("campaign", "rename-class", folder, "cat", "tomcat")
    assert said.stdout == "classes: tomcat, dog, owl\n"
    assert acqkit("campaign", "add-class", folder, "emu").stdout.endswith("owl, emu\n")
    # The sheet is of before all this.
    fill(first, "cat", "dog", "cat", "?", "owl")
    assert acqkit("campaign", "tell", folder, first).returncode == 0
    ids = [row["id"] for row in rows(first)]
    told = dict(zip(ids, (["tomcat"], ["dog"], ["tomcat"], None, ["owl"]), strict=True))
    with Campaign.open(folder) as campaign:
        assert labels(campaign) == {pair: name for pair, name in told.items() if name}
    sheet = tmp_path / "emus.csv"
    asked = acqkit("campaign", "ask", folder, "--again", "emu", "-n", 3, "--sheet", sheet)
    assert asked.returncode == 0, asked.stderr
    assert "emu where it applies | - where it does not | ? can't tell" in rows(sheet)[0]
    fill(sheet, "emu", "-", "cat")
    assert_one_sentence(acqkit("campaign", "tell", folder, sheet), "asks about class 'emu' alone")
    fill(sheet, "emu", "-", "?")
    assert acqkit("campaign", "tell", folder, sheet).returncode == 0
    merged = acqkit("campaign", "merge-classes", folder, "cat", "emu", "--into", "pet")
    assert merged.stdout == "classes: dog, owl, pet\n"
    told[rows(sheet)[0]["id"]] = ["pet"]
    wanted = {p: ["pet"] if n == ["tomcat"] else n for p, n in told.items() if n}
    with Campaign.open(folder) as campaign:
        assert labels(campaign) == wanted and len(campaign.pool) == 45
    status = acqkit("campaign", "status", folder).stdout
    assert "36" in status and f"{sum(n == ['pet'] for n in wanted.values())}  pet" in status
    assert "tomcat" not in status


def test_what_cannot_be_done_is_one_sentence(acqkit: Command, folder: Path, tmp_path: Path) -> None:
    for command, message in (
        (("add-class", folder, "dog"), "has the class 'dog' already"),
        (("rename-class", folder, "dogg", "x"), "did you mean 'dog'"),
        (("merge-classes", folder, "cat", "dog", "--into", "owl"), "the only class left"),
        (("add-pairs", folder, tmp_path / "none"), "there is no file or folder"),
        (("ask", folder, "--again", "dog", "-n", 1), "0"),
    ):
        assert_one_sentence(acqkit("campaign", *command), message)
