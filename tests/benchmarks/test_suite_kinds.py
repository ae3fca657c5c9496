"""Collections of suites and the suite of sizes, run by the same command as studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from acqkit.errors import ConfigError
from run import run_suite
from suite.collection import run_collection
from suite.config import SUITES
from suite.scale import measure
from suite.scale import run as scale
from suite.session import Session, kind_of


def write(path: Path, **content: Any) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Console(quiet=True), tmp_path / "out")


def test_the_shipped_suites_are_what_they_say() -> None:
    kinds = {file.stem: kind_of(file) for file in SUITES.glob("*.yaml")}
    wanted = {"papers": "collection", "scale": "scale", "speed": "speed", "smoke": "study"}
    assert wanted.items() <= kinds.items()
    assert {"demo", "strategies", "ablations"} <= kinds.keys()


def test_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'race'; known: study, speed, scale, collection"):
        kind_of(write(tmp_path / "a.yaml", kind="race"))


def test_a_collection_runs_each_suite_into_a_folder_of_its_name(
    tmp_path: Path, session: Session
) -> None:
    for name in ("one", "two"):
        write(tmp_path / f"{name}.yaml", title=name)
    files = [str(tmp_path / f"{name}.yaml") for name in ("one", "two")]
    file = write(tmp_path / "all.yaml", kind="collection", title="All", suites=files)
    ran: list[tuple[str, Path]] = []
    run_collection(file, session, lambda path, own: ran.append((path.stem, own.out)))
    assert ran == [("one", session.out / "one"), ("two", session.out / "two")]


def test_a_collection_with_an_unknown_suite_runs_nothing(tmp_path: Path, session: Session) -> None:
    file = write(tmp_path / "all.yaml", kind="collection", title="All", suites=["smoke", "nope"])
    with pytest.raises(ConfigError, match="no suite is called 'nope'"):
        run_suite(file, session)
    assert not session.out.exists()


def test_the_suite_of_sizes_measures_each_once(
    tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("LABELED", 20), ("PICKS", 5), ("CENTERS", 10), ("CLUSTERS", 4)):
        monkeypatch.setattr(measure, name, value)
    asked: list[int] = []

    def here(folder: Path, size: int) -> str:
        asked.append(size)
        return json.dumps(measure.measure(folder, size))

    monkeypatch.setattr(scale, "measured", here)
    file = write(tmp_path / "s.yaml", kind="scale", title="Sizes", pairs=[400, 200])
    run_suite(file, session)
    text = (session.out / "table.md").read_text(encoding="utf-8")
    assert "| 200 | 200 |" in text and "| 400 | 400 |" in text and "Seconds grow as n^" in text
    assert not (session.out / "data").exists()
    with pytest.raises(ConfigError, match="--resume"):
        run_suite(file, session)
    assert sorted(asked) == [200, 400]


def test_growth_is_the_slope_on_logarithmic_axes() -> None:
    results = [{"pairs": n, "seconds": 3e-5 * n**1.5} for n in (100, 1_000, 10_000)]
    assert scale.growth(results) == pytest.approx(1.5)
