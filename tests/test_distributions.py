"""What every distribution of this repository declares; deptry compares the imports (make lint)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import acqkit

ROOT = Path(__file__).parents[1]
BESIDE_THE_CORE = sorted([*ROOT.glob("plugins/acqkit-*"), *ROOT.glob("examples/acqkit-*")])


def project(folder: Path) -> dict[str, Any]:
    declared: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return dict(declared["project"])


@pytest.mark.parametrize(
    "folder", [*BESIDE_THE_CORE, ROOT / "plugins" / "_template"], ids=lambda folder: folder.name
)
def test_a_plugin_says_which_acqkit_it_works_with(folder: Path) -> None:
    declared = [Requirement(line) for line in project(folder)["dependencies"]]
    (core,) = [line.specifier for line in declared if line.name == "acqkit"]
    assert core.contains(acqkit.__version__)
    major, minor, _ = (int(part) for part in acqkit.__version__.split("."))
    assert not core.contains(f"{major}.{minor + 1}.0"), "a plugin has to be tried with the next"


@pytest.mark.parametrize("folder", BESIDE_THE_CORE, ids=lambda folder: folder.name)
def test_a_plugin_carries_the_license_of_the_core(folder: Path) -> None:
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_core_does_without_the_solver_of_one_plugin() -> None:
    names = {Requirement(line).name for line in project(ROOT)["dependencies"]}
    assert "cvxpy" not in names
    density = project(ROOT / "plugins" / "acqkit-density")["dependencies"]
    assert "cvxpy" in {Requirement(line).name for line in density}
