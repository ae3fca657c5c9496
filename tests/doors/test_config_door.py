"""The door through which configurations come: YAML files and `--set`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from door import IN_CI, Door, hold
from hypothesis import given
from hypothesis import strategies as st

from acqkit.cli.settings import configure
from acqkit.config import RunConfig

pytestmark = pytest.mark.net

FINE: dict[str, Any] = {
    "pool": {"name": "p.npz", "labels": "y"},
    "strategy": ["random", {"name": "entropy+top"}],
    "trainer": {"name": "supervised", "max_steps": 3},
    "initial": "5%",
    "per_round": 4,
    "rounds": 2,
    "stop": {"target_map": 0.5},
    "out": "here",
}
KEYS = st.sampled_from([*RunConfig.model_fields, "preset", "name", "params", "max_steps", "<<"])
ODD = [
    "[", "{", "*a", "&a", "!!int", "!!python/object:os.system", "2020-13-01", "0b", "1e400", ".nan",
    "~", "- ", ": ", "? ", "\t", "\x1b[31m", "'", "190:20:30", "#",
]  # fmt: skip
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "rounds": st.integers(-1, 20),
    "seeds": st.integers(0, 9),
    "full": st.sampled_from([True, False, "yes", 1]),
    "device": st.sampled_from(["cpu", "cuda", "quantum"]),
    "initial": st.sampled_from([0, 7, "7", "5%", "5 %", "500%", 0.5]),
    "test_share": st.sampled_from([0.1, 0, 1, "0.5"]),
    "trainer": st.sampled_from(["supervised", {"max_steps": 9}, {"name": "a", "params": {"b": 1}}]),
    "model": st.sampled_from(["two-tower", {"dim": 8}, {}, "x+y"]),
    "preset": st.sampled_from(["plain", "ful", ["full"]]),
    "stop": st.sampled_from([{"budget": 9}, {"target_map": 2}, {"patience": 0}, []]),
}
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(),
    st.binary(max_size=4), st.sampled_from(["random", "full", "5%", "-1", "cuda", "a+b+c"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(KEYS, SCALARS), inner, max_size=3),
    ),
    max_leaves=8,
)


@st.composite
def _changed(draw: st.DrawFn) -> str:
    """A fine configuration in which some keys hold something else, as YAML."""
    data = dict(FINE)
    for key in draw(st.lists(st.one_of(KEYS, st.text(max_size=4)), max_size=1)):
        data[key] = draw(VALUES)
    for key in draw(st.lists(st.sampled_from(sorted(PLAUSIBLE)), max_size=3)):
        data[key] = draw(PLAUSIBLE[key])
    for key in draw(st.lists(st.sampled_from(sorted(FINE)), max_size=2)):
        data.pop(key, None)
    return yaml.safe_dump(data, allow_unicode=draw(st.booleans()))


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """YAML in which a piece is cut out, put in or given twice."""
    text = draw(_changed())
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(text)))
        end = draw(st.integers(begin, min(len(text), begin + 20)))
        piece = draw(
            st.one_of(st.sampled_from(ODD), st.text(max_size=3), st.just(text[begin:end] * 2))
        )
        text = text[:begin] + piece + text[end:]
    return text


@st.composite
def _nested(draw: st.DrawFn) -> str:
    """Deep lists, and aliases of aliases."""
    if draw(st.booleans()):
        depth = draw(st.integers(1, 5000))
        return f"pool: {'[' * depth}{']' * draw(st.sampled_from([0, depth]))}"
    width, levels = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    lines = ["a0: &a0 [x]"]
    for level in range(1, levels + 1):
        lines.append(f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * width)}]")
    return "\n".join([*lines, f"pool: *a{levels}"])


TEXTS = st.one_of(_changed(), _damaged(), _nested())
PATHS = st.lists(st.one_of(KEYS, st.text(max_size=3)), min_size=1, max_size=3).map(".".join)
INPUTS = st.tuples(
    st.one_of(TEXTS.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=40)),
    st.lists(
        st.one_of(
            st.tuples(PATHS, st.one_of(st.text(max_size=5), st.sampled_from(ODD))).map("=".join),
            st.text(max_size=5),
        ),
        max_size=2,
    ),
)


def write(brought: tuple[bytes, list[str]], folder: Path) -> Path:
    path = folder / "run.yaml"
    path.write_bytes(brought[0])
    (folder / "settings.json").write_text(json.dumps(brought[1]))
    return path


def open_config(path: Path) -> RunConfig:
    settings = json.loads(path.with_name("settings.json").read_text())
    return configure(path, {}, settings)


def judge(path: Path, config: RunConfig) -> str | None:
    """Compare with the file's own words where these are plain; a setting may change any of them."""
    if json.loads(path.with_name("settings.json").read_text()):
        return None if isinstance(config, RunConfig) else f"{config!r} is no configuration"
    data = {k: v for k, v in yaml.safe_load(path.read_bytes()).items() if v is not None}
    unknown = set(data) - {*RunConfig.model_fields, "preset"}
    if unknown:
        return f"taken without a word: {unknown}"
    for key in ("rounds", "seeds", "first_seed", "full", "device", "initial", "test_share"):
        wanted, got = data.get(key), getattr(config, key)
        if type(wanted) is type(got) and got != wanted:
            return f"{key} is {got!r}, wanted {wanted!r}"
    for key in ("pool", "trainer", "model", "engine"):
        wanted, got = data.get(key), getattr(config, key)
        name = wanted.get("name", got.name) if isinstance(wanted, dict) else wanted
        if name not in (None, got.name):
            return f"{key} is {got.name!r}, wanted {name!r}"
    return None


DOOR = Door("config", INPUTS, write, open_config, judge)


@IN_CI
@given(INPUTS)
def test_a_configuration_is_read_right_or_refused_in_a_sentence(
    brought: tuple[bytes, list[str]],
) -> None:
    hold(DOOR, brought)
