"""The record of a component: plain data that says what it is, and how people call it.

It is `{"name", "params"}` where a plugin registers it, from which it is made again;
`{"scorer", "allocator"}` of these for a composed strategy; and `{"class", "params"}` for any other
object, which says exactly what it is and must be given again. An object that cannot say what it is
has a record that equals no other one, so that nothing that depends on it is taken for done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit.components.describe import digest

UNKNOWN = "cannot say what it is"
"""The parameter of objects that say not what they are; its value is why."""

_LONG_TITLE = 60
"""Characters of parameters above which a title, which may name a folder, has a digest instead."""


def objects_in(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of a record that are objects, which cannot be made again by name."""
    if "scorer" in record:
        return [part for kind in record for part in objects_in(record[kind])]
    return [record] if "class" in record else []


def unlike_all(record: Mapping[str, Any]) -> str | None:
    """Why something is never taken for the same again, and what to do; None if it can be."""
    for part in objects_in(record):
        if UNKNOWN in (part["params"] or {}):
            return (
                f"the {part['class']} that was passed cannot say what it is "
                f"({part['params'][UNKNOWN]}); make it an acqkit.Component whose parameters are "
                "numbers, texts, arrays or networks"
            )
    return None


def title_of(record: Mapping[str, Any]) -> str:
    """A stored component in a few words: `typiclust`, `entropy+top`, `my_module:Mine(k=1)`."""
    if "scorer" in record:
        return f"{title_of(record['scorer'])}+{title_of(record['allocator'])}"
    if "name" in record:
        return str(record["name"])
    params = record["params"] or {}
    if UNKNOWN in params:
        params = {"object": params["object"]}
    inner = ",".join(f"{key}={_brief(value)}" for key, value in params.items())
    inner = inner if len(inner) <= _LONG_TITLE else digest(params)[:8]
    return f"{record['class']}({inner})" if inner else str(record["class"])


def in_full(record: Mapping[str, Any]) -> str:
    """A stored component with all its parameters, for messages."""
    if "scorer" in record:
        return f"{in_full(record['scorer'])} + {in_full(record['allocator'])}"
    inner = ", ".join(f"{key}={value!r}" for key, value in (record["params"] or {}).items())
    return f"{record.get('name') or record['class']}({inner})"


def _brief(value: Any) -> str:
    text = str(value)
    return digest(value)[:8] if isinstance(value, dict | list) or len(text) > 24 else text
