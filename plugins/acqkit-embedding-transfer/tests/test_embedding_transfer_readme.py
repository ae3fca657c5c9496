"""What the plugin's README tells people to type is typed here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from acqkit_embedding_transfer import EmbeddingTransfer

from acqkit.cli import main
from acqkit.datasets.glyphs import component
from acqkit.datasets.glyphs.images import drawable_characters
from acqkit.models import Schedule
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("acqkit ")]


def every_eighth(font: Any) -> dict[str, Any]:
    return dict(list(drawable_characters(font).items())[::8])


@pytest.fixture(autouse=True)
def _quickly_in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Three steps, every eighth glyph: whether it runs is asked here, not how well.
    monkeypatch.setattr(component, "drawable_characters", every_eighth)
    monkeypatch.setattr(Schedule, "steps", lambda self, n: 3)


def test_there_are_two_commands_and_two_examples() -> None:
    assert len(commands()) == 2 and len(blocks("python")) == 2


@pytest.mark.parametrize("words", commands(), ids=lambda words: words[-1])
def test_the_commands_run(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if any("memory-bank" in word for word in words):
        pytest.importorskip("acqkit_memory_bank", reason="acqkit-memory-bank is not installed")
    save_pool(make_pool(80, test_share=0.25), tmp_path / "small")
    small = [str(tmp_path / "small") if word == "glyphs" else word for word in words]
    monkeypatch.setattr("sys.argv", [*small, "--rounds", "1", "--seeds", "1"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert (tmp_path / words[-1] / "report.html").exists()


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})
    assert 0 <= float(capsys.readouterr().out.split()[-1]) <= 1


def test_every_parameter_is_listed_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9.]+) \|", README, re.MULTILINE)
    fields = EmbeddingTransfer.model_fields
    own = {
        name: field.default for name, field in fields.items() if name not in Schedule.model_fields
    }
    assert {name: float(default) for name, default in rows} == own


def test_what_it_names_in_formulas_are_parameters() -> None:
    named = set(re.findall(r"`([a-z_]+)`", README.partition("## How it works")[2]))
    assert named - {"supervised", "active_share"} == set(EmbeddingTransfer.model_fields)
