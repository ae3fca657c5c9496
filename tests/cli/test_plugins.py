"""`acqkit plugins`: a line for each component, and all of one."""

from __future__ import annotations

import sys

import pytest

from acqkit.cli import main
from acqkit.components.registry import registry

Capture = pytest.CaptureFixture[str]


def listed(monkeypatch: pytest.MonkeyPatch, capfd: Capture, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["acqkit", "plugins", *arguments])
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out + err


def test_every_component_has_one_line_that_fits(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    status, text = listed(monkeypatch, capfd)
    lines = text.splitlines()
    assert status == 0 and max(map(len, lines)) <= 80
    kind, found = "", set()
    for line in lines[:-1]:
        if line.startswith("  "):
            found.add((kind, line.split()[0]))
        else:
            kind = line.strip()
    assert found == set(registry().components)
    assert len(lines) == len(found) + len({kind for kind, _ in found}) + 1
    cut = [line for line in lines if line.rstrip().endswith("…")]
    assert cut and "  coreset" in text and "parameters" in lines[-1]


def test_one_of_them_is_told_with_its_parameters(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    status, text = listed(monkeypatch, capfd, "bald")
    assert status == 0
    assert text.startswith("scorer bald, from acqkit ")
    assert "samples" in text and "stochastic passes over each pair (default: 20)" in text
    status, text = listed(monkeypatch, capfd, "bld")
    assert (status, text) == (2, "error: nothing is called 'bld'; did you mean 'bald'?\n")
