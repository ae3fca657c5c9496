"""What the plugin's README tells people to type is typed here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from acqkit_memory_bank import MemoryBankTrainer

from acqkit.cli import main
from acqkit.datasets.glyphs import component
from acqkit.datasets.glyphs.images import drawable_characters
from acqkit.models import Schedule
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def every_eighth(font: Any) -> dict[str, Any]:
    return dict(list(drawable_characters(font).items())[::8])


@pytest.fixture(autouse=True)
def _quickly_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Three steps, every eighth glyph: whether it runs is asked here, not how well.
    monkeypatch.setattr(component, "drawable_characters", every_eighth)
    monkeypatch.setattr(Schedule, "steps", lambda self, n: 3)


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for block in blocks("") for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("acqkit ")]
    assert len(commands) == 2
    save_pool(make_pool(80, test_share=0.25), tmp_path / "small")
    for words in commands:
        small = [str(tmp_path / "small") if word == "glyphs" else word for word in words]
        monkeypatch.setattr("sys.argv", [*small, "--rounds", "1", "--seeds", "1"])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        assert (tmp_path / words[-1] / "report.html").exists()


def test_the_python_runs(tmp_path: Path) -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "to-check.parquet").exists()


def test_what_it_names_in_formulas_are_parameters() -> None:
    named = set(re.findall(r"`([a-z_]+)`", README.partition("## How it works")[2]))
    assert named - {"floor"} <= set(MemoryBankTrainer.model_fields)
    assert {"neighbor_temperature", "spread", "alignment", "sharpening", "capacity"} <= named
