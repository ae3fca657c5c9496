"""What MkDocs needs to know of this repository: which files are pages, which names are public."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE",
    "docs/**/*.*",
    "plugins/acqkit-*/README.md",
    "plugins/acqkit-*/*.png",
    "examples/acqkit-*/README.md",
    "benchmarks/results/*.*",
)
"""Every page keeps its path in the repository, so that a link works here and on a code host."""

NAMES_OF = re.compile(r"^\{\{ names of ([\w.]+) \}\}$", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The theme's files and ours."""
    from mkdocs.structure.files import File, Files  # noqa: PLC0415

    theme = [file for file in files if file.src_dir != config.docs_dir]
    paths = sorted(path for pattern in PAGES for path in ROOT.glob(pattern) if path.suffix != ".py")
    ours = [
        File(str(path.relative_to(ROOT)), str(ROOT), config.site_dir, config.use_directory_urls)
        for path in paths
    ]
    return Files([*ours, *theme])


def on_page_markdown(markdown: str, **_: Any) -> str:
    """An entry for every public name where a page says `{{ names of acqkit.models }}`."""
    return NAMES_OF.sub(lambda found: entries(found[1]), markdown)


def entries(package: str) -> str:
    """A package's docstring, and the directives by which mkdocstrings describes its names."""
    about = getdoc(import_module(package)) or ""
    return "\n\n".join([about, *(f"::: {name}" for name in public_names(package))])


def public_names(package: str) -> list[str]:
    """Dotted paths of what a package offers: `__all__`, or what its `__init__` re-exports.

    A package that does neither is used by its modules: then these, by name.
    """
    module = import_module(package)
    source = Path(str(module.__file__))
    names = getattr(module, "__all__", None) or [
        alias.asname
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    ]
    if not names:
        names = [path.stem for path in source.parent.glob("[!_]*.py")]
    return [f"{package}.{name}" for name in sorted(names)]
