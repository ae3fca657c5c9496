"""The API reference cannot drift: each public name has an entry, and the entry says something."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from _site import NAMES_OF, PAGES, entries, public_names
from acqkit import errors
from acqkit.components.registry import registry

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


ARRAY = re.compile(r"\b(\w*Array(Like)?|Tensor)\b")
SHAPE = re.compile(r"(?<![\w)\]])\[((\w|\.\.\.)[^\[\]]*)?\]")
# Words that say what a number counts, or between what it lies.
UNIT = re.compile(
    r"\b(seconds|bytes|[MG]iB|nats|bits|pixels|cosines?|distances?|radius|standard deviations?|"
    r"labels|shares?|fraction|probability|probabilities|odds|percent|length|weights?|between|"
    r"0 to 1)\b|\b(ge|gt|le|lt)=|[<>≤≥]|[\[(]0,",
    re.IGNORECASE,
)
FLOAT = re.compile(r"\bfloat\b")
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.AcqkitError)
}


def functions_of(package: str, sources: Any) -> list[Any]:
    """Public functions, and public methods and properties of public classes, as griffe reads them.

    What a class inherits is described where it is written.
    """
    return [found for name in public_names(package) for found in _functions(sources[name])]


def _functions(entry: Any) -> list[Any]:
    entry = entry.final_target if entry.is_alias else entry
    if entry.is_function or "property" in entry.labels:
        return [entry]
    own = entry.members.values() if entry.is_class or entry.is_module else []
    public = [each for each in own if each.name[0] != "_" and not each.is_alias]
    return [found for each in public for found in _functions(each)]


def declared_types(function: Any) -> list[str]:
    """What is written of parameters and result."""
    if not function.is_function:
        return [str(function.annotation)]
    return [str(each.annotation) for each in function.parameters] + [str(function.returns)]


def raised(function: Any) -> set[str]:
    """Names of the errors of acqkit that are raised in the function's own body."""
    tree = ast.parse(textwrap.dedent(function.source))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    made = [call.func if isinstance(call, ast.Call) else call for call in calls]
    return ERRORS & {node.id for node in made if isinstance(node, ast.Name)}


def gaps(function: Any) -> list[str]:
    """What the entry of a function does not say."""
    text = function.docstring.value if function.has_docstring else ""
    found = [f"{name} is raised" for name in sorted(raised(function)) if name not in text]
    if any(ARRAY.search(each) for each in declared_types(function)) and not SHAPE.search(text):
        found.append("an array without a shape such as [n, d]")
    if any(FLOAT.search(each) for each in declared_types(function)) and not UNIT.search(text):
        found.append("a number without a unit or a range")
    return [f"{function.path}: {gap}" for gap in found]


@pytest.mark.parametrize("package", sorted(set(packages()) - WITHOUT_ENTRIES.keys()))
def test_entries_say_shapes_and_errors(package: str, sources: Any) -> None:
    assert not [gap for function in functions_of(package, sources) for gap in gaps(function)]


def numbers_without_unit(entry: Any) -> list[str]:
    """Public attributes of a class that are numbers of which nobody says what they count."""
    entry = entry.final_target if entry.is_alias else entry
    if not entry.is_class or (entry.has_docstring and UNIT.search(entry.docstring.value)):
        return []
    return [
        each.path
        for each in entry.members.values()
        if each.is_attribute and each.name[0] != "_" and "property" not in each.labels
        if FLOAT.search(str(each.annotation))
        if not UNIT.search(each.docstring.value if each.has_docstring else str(each.value))
    ]


@pytest.mark.parametrize("package", sorted(set(packages()) - WITHOUT_ENTRIES.keys()))
def test_numbers_say_their_unit_or_range(package: str, sources: Any) -> None:
    entries = [sources[name] for name in public_names(package)]
    assert not [silent for entry in entries for silent in numbers_without_unit(entry)]


SILENT = '''
class Thing:
    wait: float = 0.1

    size: float = Field(1.0, ge=0, description="size")

    def rows(self, x: FloatArray) -> int:
        """Rows of list[int]."""
        raise PoolError("no")

    @property
    def mean(self) -> "Tensor | None":
        """The mean."""

    def good(self, x: "NDArray[np.int64]") -> None:
        """Rows `[n]`; raises PoolError."""
        raise PoolError

    def after(self, wait: float) -> None:
        """Wait."""

    def later(self, wait: float) -> None:
        """Wait for so many seconds."""

    def _hidden(self, x: FloatArray) -> None: ...
'''


def test_an_entry_that_is_silent_is_found() -> None:
    griffe: Any = pytest.importorskip("griffe")
    module = griffe.visit("silent", Path("silent.py"), SILENT)
    module.lines_collection[Path("silent.py")] = SILENT.splitlines()
    assert [gap for each in _functions(module["Thing"]) for gap in gaps(each)] == [
        "silent.Thing.rows: PoolError is raised",
        "silent.Thing.rows: an array without a shape such as [n, d]",
        "silent.Thing.mean: an array without a shape such as [n, d]",
        "silent.Thing.after: a number without a unit or a range",
    ]
    assert numbers_without_unit(module["Thing"]) == ["silent.Thing.wait"]


OURS = {
    "allocator top",
    "strategy random",
    "trainer frozen",
    "trainer own-fit",
    "model sklearn",
    "model two-encoders",
    "model two-tower",
}
"""Built-in methods that need no source: nobody first described them in a paper."""


def test_methods_name_their_paper() -> None:
    found = registry()
    built_in = {"acqkit", *(path.name for path in ROOT.glob("plugins/acqkit-*"))}
    methods = [
        (f"{kind} {name}", found.get(kind, name).factory, found.kinds[kind].method)
        for kind in ("scorer", "allocator", "strategy", "trainer", "model")
        for name in found.names(kind)
        if found.get(kind, name).distribution in built_in
    ]
    texts = {
        title: f"{inspect.getdoc(factory)} {inspect.getdoc(getattr(factory, method))}"
        for title, factory, method in methods
    }
    silent = {title for title, text in texts.items() if not re.search(r"\b(19|20)\d\d\b", text)}
    assert silent == OURS


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
