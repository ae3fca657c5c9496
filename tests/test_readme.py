"""What the README and the user's guide tell people to type is typed here."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit.cli import main
from acqkit.datasets.glyphs import component
from acqkit.datasets.glyphs.images import drawable_characters
from acqkit.models import Schedule
from acqkit.pool.folder import save_pool
from acqkit.report import layout
from acqkit.testing import make_pool

ROOT = Path(__file__).parents[1]
README, GUIDE = ROOT / "README.md", ROOT / "docs" / "use.md"


def blocks(page: Path, language: str) -> list[str]:
    """A page's code blocks of one language; "" for commands."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def every_eighth(font: Any) -> dict[str, Any]:
    return dict(list(drawable_characters(font).items())[::8])


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Three steps instead of seven hundred, every eighth glyph, and maps of a hundred points:
    # whether it runs is asked here, not how well.
    monkeypatch.setattr(component, "drawable_characters", every_eighth)
    monkeypatch.setattr(Schedule, "steps", lambda self, n: 3)
    monkeypatch.setattr(layout, "MOST_POINTS", 100)


def test_the_commands_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = replace(make_pool(220, test_share=0.25), class_names=("cat", "dog", "owl", "yak"))
    save_pool(more, tmp_path / "my-pool-with-more")
    pool = replace(more.take(np.arange(200)), explicit_ids=None)
    save_pool(pool, tmp_path / "my-pool")
    batch = pool.batch(np.arange(200))
    assert pool.truth is not None and pool.test is not None
    np.savez(
        tmp_path / "my-pool.npz",
        modality_a=batch.a,
        modality_b=batch.b,
        labels=pool.truth,
        class_names=np.array(pool.class_names),
        split=np.where(pool.test, "test", "train"),
    )
    config = "pool: my-pool\nstrategy: random\nseeds: 1\nrounds: 1\n"
    (tmp_path / "config.yaml").write_text(config)
    commands = [
        line.partition("  #")[0]
        for block in blocks(GUIDE, "")
        for line in block.splitlines()
        if line.startswith("acqkit ")
    ]
    assert len(commands) >= 6
    for number, command in enumerate(commands):
        words = shlex.split(command)
        if words[1] == "run":
            # One seed and two rounds of it say whether it runs, where the page says nothing else.
            added = {"--out": f"out-{number}", "--seeds": "1", "--rounds": "2"}
            words += [part for item in added.items() if item[0] not in words for part in item]
        monkeypatch.setattr(sys, "argv", words)
        try:
            main()
        except SystemExit as end:
            assert not end.code, command


@pytest.mark.parametrize("page", [README, GUIDE], ids=lambda page: page.name)
def test_the_python_runs_as_it_stands(page: Path) -> None:
    (code,) = blocks(page, "python")
    exec(compile(code, page.name, "exec"), {})


def test_the_install_lines_name_what_is_there() -> None:
    installs = [
        line.partition("  #")[0]
        for block in blocks(README, "")
        for line in block.splitlines()
        if line.startswith("pip install ")
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    sources = [shlex.split(line)[2:] for line in installs]
    assert [words[:2] for words in sources] == [["-c", "constraints.txt"]] * 2
    assert sources[0][2] == ".[cpu]" and "cpu" in project["optional-dependencies"]
    assert list(ROOT.glob(sources[1][2]))
    assert (ROOT / "constraints.txt").is_file()


def test_the_figure_is_the_one_that_the_benchmark_printed() -> None:
    printed = (ROOT / "benchmarks" / "results" / "full.md").read_text(encoding="utf-8")
    (measured,) = re.findall(r"It needs (\d\.\d+) labels for each of", printed)
    assert f"**{measured}** of the labels" in README.read_text(encoding="utf-8")


def test_make_and_ci_are_what_the_readme_says() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make (\w+)`", README.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (plain,) = re.findall(r"^test:.*\n(.*)", makefile, re.MULTILINE)
    (measured,) = re.findall(r"^coverage:.*\n(.*)", makefile, re.MULTILINE)
    assert measured.startswith(f"{plain} --cov ")
