"""Distributions laid out as pip would, without pip: a module and its metadata in a folder."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path


def lay_out(site: Path, name: str, code: str, version: str = "1.0") -> None:
    """A distribution `name` with one module of that name, which is its `acqkit` entry point."""
    module = name.replace("-", "_")
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{module}.py").write_text(code, encoding="utf-8")
    _write_metadata(site, name, version, {name.removeprefix("acqkit-"): module})


def install(site: Path, source: Path) -> None:
    """What `pip install SOURCE` does with the package and the entry points of a plugin."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module = project["name"].replace("-", "_")
    shutil.copytree(source / module, site / module)
    _write_metadata(
        site, project["name"], project["version"], project["entry-points"].get("acqkit", {})
    )


def _write_metadata(site: Path, name: str, version: str, entry_points: dict[str, str]) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{entry} = {module}" for entry, module in entry_points.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[acqkit]", *lines, ""]))
