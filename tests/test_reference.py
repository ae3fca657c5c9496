"""The API reference cannot drift: each public name has an entry, and the entry says something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from _site import NAMES_OF, PAGES, entries, public_names

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
WITHOUT_ENTRIES = {
    "acqkit.cli": "a command, which --help describes",
    "acqkit.datasets": "data sets are asked for by name: docs/data-sets.md",
}


def described() -> list[str]:
    """The packages whose names a page of the reference lists."""
    return [
        name
        for page in sorted(REFERENCE.glob("*.md"))
        for name in NAMES_OF.findall(page.read_text(encoding="utf-8"))
    ]


def packages() -> list[str]:
    """The core, its packages, and the plugins."""
    core = [path.parent.name for path in ROOT.glob("acqkit/[!_]*/__init__.py")]
    plugins = [path.parent.name for path in ROOT.glob("plugins/acqkit-*/acqkit_*/__init__.py")]
    return ["acqkit", *(f"acqkit.{name}" for name in core), *plugins]


def test_each_package_is_described_once() -> None:
    assert sorted(described()) == sorted(set(packages()) - WITHOUT_ENTRIES.keys())
    assert WITHOUT_ENTRIES.keys() <= set(packages())


def test_public_names_are_what_all_or_the_re_exports_say() -> None:
    assert "acqkit.Campaign" in public_names("acqkit")  # `__all__`, made from a table
    assert "acqkit.metrics.evaluate_retrieval" in public_names("acqkit.metrics")
    assert "acqkit.testing.make_pool" in public_names("acqkit.testing")  # `X as X`
    assert "acqkit.components.kinds" in public_names("acqkit.components")  # modules
    for name in public_names("acqkit.models"):
        assert f"::: {name}\n" in entries("acqkit.models") + "\n"


@pytest.fixture(scope="module")
def sources() -> Any:
    """The code as mkdocstrings reads it: what a docstring is, also of a constant."""
    griffe = pytest.importorskip("griffe", reason="griffe is missing: pip install 'acqkit[docs]'")
    loader = griffe.GriffeLoader()
    for package in packages():
        if "." not in package:
            loader.load(package)
    loader.resolve_aliases(implicit=False)
    return loader.modules_collection


@pytest.mark.parametrize("package", sorted(set(packages()) - WITHOUT_ENTRIES.keys()))
def test_each_public_name_has_a_docstring_and_so_have_its_methods(
    package: str, sources: Any
) -> None:
    silent = []
    for name in public_names(package):
        entry = sources[name]
        entry = entry.final_target if entry.is_alias else entry
        methods = entry.members.values() if entry.is_class else []
        public = [each for each in methods if each.is_function and each.name[0] != "_"]
        silent += [each.path for each in [entry, *public] if not each.has_docstring]
    assert not silent


def test_each_page_is_in_the_navigation() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(_leaves(yaml.safe_load(config)["nav"]))
    pages = {
        str(path.relative_to(ROOT))
        for pattern in PAGES
        for path in ROOT.glob(pattern)
        if path.suffix == ".md" and "benchmarks" not in path.parts
    }
    assert listed == pages


def _leaves(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    items = nav.values() if isinstance(nav, dict) else nav
    return [leaf for item in items for leaf in _leaves(item)]
