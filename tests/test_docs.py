"""The guide cannot drift: its snippets are the example's files, and they run."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from acqkit.components.kinds import KINDS
from acqkit.components.registry import Registry, new_registry
from acqkit.interfaces import Component
from acqkit.testing import checks, conformance_test, parametrize_with_checks

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "examples" / "acqkit-nearest-miss"
GUIDE = (DOCS / "write-a-plugin.md").read_text(encoding="utf-8")
HOOKS = (DOCS / "hooks.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [code for found, code in _FENCE.findall(text) if found == language]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def module_of(code: str, name: str) -> ModuleType:
    """A snippet as a module, so that its classes find their annotations."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(code, name, "exec"), module.__dict__)
    return module


def registered(plugin: ModuleType) -> Registry:
    """A registry with this one plugin."""
    found = new_registry()
    found.add(plugin, "docs", "acqkit-docs", "1")
    return found


def _load_example() -> ModuleType:
    path = EXAMPLE / "acqkit_nearest_miss" / "__init__.py"
    spec = importlib.util.spec_from_file_location("acqkit_nearest_miss", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["acqkit_nearest_miss"] = module
    spec.loader.exec_module(module)
    return module


_EXAMPLE = _load_example()
_FIRST = module_of(snippets(GUIDE, "python")[0], "docs_first_plugin")
_OF_HOOKS = {
    hook: module_of(snippets(section(HOOKS, hook), "python")[0], f"docs_{hook}")
    for hook in re.findall(r"^## (acqkit_\w+)$", HOOKS, re.MULTILINE)
}


def _shown() -> dict[str, Component]:
    components: dict[str, Component] = {}
    for module in (_FIRST, _EXAMPLE, *_OF_HOOKS.values()):
        for (kind, name), offer in registered(module).components.items():
            if kind in ("scorer", "allocator", "strategy"):
                components[f"{kind}-{name}"] = offer.factory()
    return components


@parametrize_with_checks(_shown())
def test_shown_component_conforms(component: Component, check: object) -> None:
    assert callable(check)
    check(component)


test_shown_trainer_conforms = conformance_test(
    _OF_HOOKS["acqkit_register_trainers"].LeaveItToTheModel(),
    model=_OF_HOOKS["acqkit_register_models"].UnchangedFactory(),
)


def test_shown_engine_runs_blocks_in_processes() -> None:
    engine = _OF_HOOKS["acqkit_register_engines"].Processes()
    # By a builtin, for which a process that starts need not import this file.
    processes = set(engine.map(eval, ["__import__('os').getpid()"] * 9))
    assert processes and os.getpid() not in processes
    assert list(engine.map(abs, range(-9, 0))) == list(range(9, 0, -1))


def test_first_plugin_has_nine_lines() -> None:
    lines = [line for line in snippets(GUIDE, "python")[0].splitlines() if line.strip()]
    assert len(lines) == 9
    assert registered(_FIRST).names("scorer") == ["gini"]


def test_tutorial_shows_the_files_of_the_example() -> None:
    python = (EXAMPLE / "acqkit_nearest_miss" / "__init__.py").read_text(encoding="utf-8")
    toml = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    assert snippets(section(GUIDE, "The Python"), "python") == [python]
    assert snippets(section(GUIDE, "The TOML"), "toml") == [toml]
    assert len(toml.splitlines()) == 7


def test_tests_of_the_guide_collect() -> None:
    for number, code in enumerate(snippets(section(GUIDE, "The tests"), "python")):
        module = module_of(code, f"docs_tests_{number}")
        (mark,) = module.test_conformance.pytestmark
        assert len(mark.args[1]) == len(checks(_EXAMPLE.NearestMiss()))


def test_guide_lists_every_check() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+) \|$", section(GUIDE, "The tests"), re.MULTILINE)

    class NeedsNothing(_EXAMPLE.NearestMiss):  # type: ignore[name-defined,misc]
        needs_embeddings: ClassVar[bool] = False

    class Trainer(Component):
        def fit(self) -> None: ...

    factory = _OF_HOOKS["acqkit_register_models"].UnchangedFactory()
    wanted = checks(NeedsNothing()) + checks(Trainer(), model=factory)
    assert table == [(check.name, check.about.removesuffix(".")) for check in wanted]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("hook", sorted(_OF_HOOKS))
def test_example_of_the_hook_registers(hook: str) -> None:
    found = registered(_OF_HOOKS[hook])
    offered = [(kind, name) for kind in KINDS for name in found.names(kind)]
    offered += [("preset", name) for name in found.presets]
    assert len(offered) == (0 if hook == "acqkit_round_finished" else 1)
