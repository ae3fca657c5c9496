"""The registry: every hook, what happens to plugins that are broken, and how little is loaded."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import Field

import acqkit
from acqkit.components.kinds import KINDS, hooks
from acqkit.components.registry import NameClashError, Registry, new_registry, registry
from acqkit.errors import ConfigError, PluginError
from acqkit.interfaces import Component
from distributions import lay_out

HOOKS = list(hooks())
HOOKS_PAGE = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8")


class _Numbered(Component):
    k: int = Field(3, ge=1, description="a number")


ANYTHING: type[_Numbered] = type(
    "Anything", (_Numbered,), {kind.method: lambda self: None for kind in KINDS.values()}
)
"""Has the method of every kind."""


def plugin(hook: str, offers: object, **others: object) -> Any:
    """A plugin that returns `offers` from one hook; marked, unless it comes in `others`."""

    def implementation() -> object:
        return offers

    marked = acqkit.hookimpl(specname=hook)(implementation)
    return SimpleNamespace(**{hook: marked}, **others)


def add(found: Registry, what: object, name: str = "acqkit-x") -> Registry:
    found.add(what, "entry", name, "1.0")
    return found


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_heading_an_example_and_a_test(hook: str) -> None:
    _, heading, rest = HOOKS_PAGE.partition(f"\n## {hook}\n")
    assert heading, f"docs/hooks.md has no heading for {hook}"
    assert f"def {hook}(" in rest.partition("\n## ")[0]
    tested = {kind.hook for kind in KINDS.values()}  # by test_register_hook
    assert hook in tested or f"test_{hook}" in globals()


def test_page_names_no_hook_that_is_not_there() -> None:
    headings = [line[3:] for line in HOOKS_PAGE.splitlines() if line.startswith("## ")]
    assert headings == HOOKS


@pytest.mark.parametrize("kind", KINDS)
def test_register_hook(kind: str) -> None:
    found = add(new_registry(), plugin(KINDS[kind].hook, {"mine": ANYTHING}))
    assert {other for other in KINDS if found.names(other)} == {kind}
    assert found.names(kind) == ["mine"]
    assert found.make(kind, "mine", {"k": 5}) == ANYTHING(k=5)
    offer = found.get(kind, "mine")
    assert (offer.distribution, offer.version) == ("acqkit-x", "1.0")


def test_acqkit_register_presets() -> None:
    hook = "acqkit_register_presets"
    settings = {"strategy": "random", "rounds": 2}
    found = add(new_registry(), plugin(hook, {"mine": settings | {"needs": ["acqkit"]}}))
    assert found.preset("mine") == settings
    add(found, plugin(hook, {"theirs": {"needs": ["acqkit", "acqkit-zebra"]}}), "acqkit-two")
    words = "'theirs' of acqkit-two needs acqkit-zebra, .* pip install acqkit-zebra$"
    with pytest.raises(ConfigError, match=words):
        found.preset("theirs")
    with pytest.raises(ConfigError, match="'min'; did you mean 'mine'"):
        found.preset("min")
    with pytest.raises(ConfigError, match=r"no preset is called \['mine'\]; did you mean"):
        found.preset(["mine"])
    with pytest.raises(NameClashError, match=r"preset name 'mine' is .* acqkit-x and acqkit-three"):
        add(found, plugin(hook, {"mine": {}}), "acqkit-three")
    for broken in (["mine"], {"mine": "random"}, {"mine": {"needs": "acqkit"}}):
        with pytest.raises(PluginError, match="wanted a mapping from names to settings"):
            add(new_registry(), plugin(hook, broken))


class Watcher:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, Any]] = []

    @acqkit.hookimpl
    def acqkit_round_finished(self, record: Mapping[str, Any]) -> None:
        self.seen.append(record)


def test_acqkit_round_finished() -> None:
    one, other = Watcher(), Watcher()
    found = new_registry()
    found.add(one, "one", "acqkit-one", "1")
    found.add(other, "other", "acqkit-other", "1")
    found.manager.hook.acqkit_round_finished(record={"round": 4})
    assert one.seen == other.seen == [{"round": 4}]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (plugin("acqkit_register_scorer", {}), "did you mean 'acqkit_register_scorers'?"),
        (plugin("acqkit_zzz", {}), "known: acqkit_register_scorers,"),
        (SimpleNamespace(acqkit_register_scorers=dict), "put @acqkit.hookimpl above it"),
        (SimpleNamespace(), "implements no hook"),
        (plugin("acqkit_register_scorers", [ANYTHING]), "wanted a mapping"),
        (plugin("acqkit_register_scorers", {"mine": ANYTHING()}), "subclass of acqkit.Component"),
        (plugin("acqkit_register_scorers", {"mine": dict}), "subclass of acqkit.Component"),
        (plugin("acqkit_register_scorers", {"mine": Component}), "has no method 'score'"),
    ],
)
def test_unfit_plugin_is_refused_in_words(broken: object, words: str) -> None:
    found = new_registry()
    with pytest.raises(PluginError) as caught:
        add(found, broken)
    assert words in str(caught.value)
    assert not found.components and not found.manager.get_plugins()


def test_plugin_is_registered_whole_or_not_at_all() -> None:
    found = new_registry()
    broken = plugin("acqkit_register_scorers", {"fine": ANYTHING, "unfit": dict})
    with pytest.raises(PluginError):
        add(found, broken)
    assert found.names("scorer") == []


def test_name_taken_twice_names_both_distributions() -> None:
    offer = {"mine": ANYTHING}
    found = add(new_registry(), plugin("acqkit_register_scorers", offer), "acqkit-one")
    add(found, plugin("acqkit_register_allocators", offer), "acqkit-two")
    with pytest.raises(NameClashError, match=r"'mine'.*acqkit-one.*acqkit-three"):
        add(found, plugin("acqkit_register_scorers", offer), "acqkit-three")


def test_unknown_name_is_refused_with_the_nearest() -> None:
    offers = {"entropy": ANYTHING, "margin": ANYTHING}
    found = add(new_registry(), plugin("acqkit_register_scorers", offers))
    with pytest.raises(PluginError, match="did you mean 'entropy'"):
        found.get("scorer", "entropi")
    with pytest.raises(PluginError, match="known: entropy, margin"):
        found.get("scorer", "zzz")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"kk": 3}, "unknown key 'kk'; did you mean 'k'?"),
        ({"k": 0}, "greater than or equal to 1, got 0"),
        ({"k": "many"}, "got 'many'"),
    ],
)
def test_wrong_parameter_is_refused_in_words(params: dict[str, Any], words: str) -> None:
    found = add(new_registry(), plugin("acqkit_register_scorers", {"mine": ANYTHING}))
    with pytest.raises(ConfigError) as caught:
        found.make("scorer", "mine", params)
    assert "scorer 'mine'" in str(caught.value) and words in str(caught.value)


OFFER = """
import acqkit
class {name}(acqkit.Component):
    def score(self, block, context): return block.a.mean[:, 0]
@acqkit.hookimpl
def acqkit_register_scorers(): return {{"{name}": {name}}}
"""

FAILS = """
import acqkit
@acqkit.hookimpl
def acqkit_register_scorers(): raise ValueError("not today")
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry]:
    """Loads a registry that finds distributions (name=code) beside what is installed."""

    def loaded(**distributions: str) -> Registry:
        for name, code in distributions.items():
            lay_out(tmp_path, name.replace("_", "-"), code)
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        return registry.__wrapped__()

    return loaded


def test_installed_distribution_is_found(load: Callable[..., Registry]) -> None:
    found = load(acqkit_one=OFFER.format(name="one"))
    assert found.get("scorer", "one").distribution == "acqkit-one"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (OFFER.format(name="x").replace("scorers", "scorer"), "unknown hook"),
        (FAILS, "ValueError: not today"),
    ],
)
def test_failing_plugin_is_reported_and_leaves_the_others_alone(
    code: str, reason: str, load: Callable[..., Registry]
) -> None:
    before = len(registry().failures)
    found = load(acqkit_bad=code, acqkit_good=OFFER.format(name="good"))
    assert found.names("scorer").count("good") == 1
    (failure,) = [f for f in found.failures if f.distribution == "acqkit-bad"]
    assert failure.entry_point == "bad" and reason in failure.reason
    assert len(found.failures) == before + 1
    with pytest.raises(PluginError, match="acqkit-bad failed to load"):
        found.get("scorer", "missing")


def test_installed_name_clash_names_both_distributions(load: Callable[..., Registry]) -> None:
    with pytest.raises(NameClashError, match=r"acqkit-one and acqkit-two"):
        load(acqkit_one=OFFER.format(name="same"), acqkit_two=OFFER.format(name="same"))


_PROBE = """
import sys, time
start = time.perf_counter()
import acqkit
seconds = time.perf_counter() - start
import json
modules = [name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names]
print(json.dumps({"seconds": seconds, "modules": modules}))
"""


def test_import_is_quick_and_loads_neither_plugins_nor_torch_nor_faiss(tmp_path: Path) -> None:
    lay_out(tmp_path, "acqkit-one", OFFER.format(name="one"))
    probe = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{_PROBE}"
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", probe], capture_output=True, text=True, check=True
        )
        report = json.loads(done.stdout)
        seconds.append(report["seconds"])
        heavy = {"torch", "faiss", "numpy", "pluggy", "acqkit_one", "acqkit.strategies"}
        assert not heavy & set(report["modules"])
    assert min(seconds) < 0.5


def test_every_public_name_can_be_imported_and_is_documented() -> None:
    for name in acqkit.__all__:
        assert inspect.getdoc(getattr(acqkit, name)) or name == "hookimpl"
    assert set(dir(acqkit)) == {*acqkit.__all__, "__version__"}
    with pytest.raises(AttributeError, match="has no attribute 'Campain'"):
        _ = acqkit.Campain
