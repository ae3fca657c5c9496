"""A configuration from a YAML file, flags and `--set`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from acqkit.config import RunConfig, make_config
from acqkit.errors import ConfigError

DEEPEST, MOST_NODES, LONGEST = 32, 10_000, 1_000_000
"""Levels, values (an alias counts as all that it stands for) and characters of a configuration.

Above what anybody writes by hand, and below what takes memory or time: without them, ten lines of
aliases are a billion values."""

_UNMADE = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
"""What PyYAML lets through where a value, such as the date 2020-13-01, cannot be made."""


def configure(config_file: Path | None, flags: dict[str, Any], settings: list[str]) -> RunConfig:
    """What is in the file, replaced by the flags given, replaced by the settings (`KEY=VALUE`).

    Raises ConfigError with one sentence naming what is wrong.
    """
    data = {} if config_file is None else read_yaml(config_file)
    given = {key: value for key, value in flags.items() if value is not None}
    if {"scorer", "allocator"} & set(given) and "strategy" not in given:
        data.pop("strategy", None)
    if "strategy" in given:
        data.pop("scorer", None)
        data.pop("allocator", None)
    data.update(given)
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set wants KEY=VALUE, got {setting!r}")
        data = _with(data, key.split("."), parse_yaml(text, f"--set {key!r}"), key)
    if "pool" not in data:
        raise ConfigError("no pool was given; use --pool PATH_OR_NAME, for example --pool glyphs")
    return make_config(data, str(config_file) if config_file else "command line")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; raises ConfigError."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a YAML file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}; save it as UTF-8") from None
    data = parse_yaml(text, str(path))
    if not isinstance(data, dict):
        raise ConfigError(f"{path} holds {type(data).__name__}, wanted keys such as `pool: glyphs`")
    return data


def _with(data: Any, path: list[str], value: Any, key: str) -> dict[str, Any]:
    """`data` with `value` at `path`; what is there of other keys stays."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if isinstance(data, str):
        data = {"name": data}
    if not isinstance(data, dict):
        raise ConfigError(f"--set {key!r}: there is {data!r:.60}, which has no key {path[0]!r}")
    if len(path) > 1:
        value = _with(data.get(path[0], {}), path[1:], value, key)
    return data | {path[0]: value}


def parse_yaml(text: str, source: str) -> Any:
    """The one document in `text` as plain data.

    Raises ConfigError for what is not YAML, is too large once aliases are replaced by what they
    stand for, or has a key twice.
    """
    try:
        if len(text) > LONGEST:
            raise _RefusedError(f"it has more than {LONGEST:,} characters")
        _check(yaml.parse(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        reason = f"{line}{error.problem or error.context}"
    except (yaml.YAMLError, *_UNMADE) as error:
        reason = str(error)
    raise ConfigError(f"{source} cannot be read as YAML: {' '.join(reason.split())[:200]}")


class _RefusedError(yaml.YAMLError):
    """YAML, but none that makes a configuration."""


@dataclass
class _Node:
    """A value, or a list or mapping with what is in it so far, aliases replaced."""

    anchor: str | None
    nodes: int = 1
    depth: int = 0
    children: int = 0
    is_mapping: bool = False
    keys: set[str] = field(default_factory=set)

    def begin(self, event: yaml.NodeEvent) -> None:
        """Meet what comes next in it; raises _RefusedError for a key that was there."""
        is_key = self.is_mapping and self.children % 2 == 0
        self.children += 1
        if is_key and isinstance(event, yaml.ScalarEvent) and event.value != "<<":
            if event.value in self.keys:
                raise _RefusedError(f"the key {event.value!r} is given twice")
            self.keys.add(event.value)

    def add(self, node: _Node, level: int) -> None:
        """Count what has ended in it; raises _RefusedError where that is too much."""
        self.nodes += node.nodes
        self.depth = max(self.depth, node.depth + 1)
        if self.nodes > MOST_NODES:
            raise _RefusedError(f"it stands for more than {MOST_NODES:,} values")
        if level + self.depth > DEEPEST:
            raise _RefusedError(f"it has more than {DEEPEST} levels")


def _check(events: Iterable[yaml.Event]) -> None:
    """Refuse what is too large or too deep before anything is made of it, and keys given twice."""
    known: dict[str, _Node] = {}
    inside: list[_Node] = []
    for event in events:
        if isinstance(event, yaml.NodeEvent) and inside:
            inside[-1].begin(event)
        if isinstance(event, yaml.CollectionStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            inside.append(_Node(event.anchor, is_mapping=is_mapping))
            if len(inside) > DEEPEST:
                raise _RefusedError(f"it has more than {DEEPEST} levels")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            node = inside.pop()
        elif isinstance(event, yaml.ScalarEvent):
            node = _Node(event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in known:
                raise _RefusedError(f"the alias *{event.anchor} stands for nothing before it")
            node = known[event.anchor]
        else:
            continue
        if node.anchor is not None:
            known[node.anchor] = node
        if inside:
            inside[-1].add(node, len(inside))
