"""Versions of acqkit and of the plugins, for results and claims."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from acqkit.components.registry import registry


def installed() -> dict[str, str]:
    """Versions of acqkit, of every plugin distribution, and of what they compute with."""
    plugins = {component.distribution for component in registry().components.values()}
    names = {"acqkit", "numpy", "torch", *plugins}
    return {name: metadata.version(name) for name in sorted(names)}


def used_by(kind: str, record: Mapping[str, Any]) -> dict[str, str]:
    """Versions of the distributions from which a component comes; `record` is how it is stored."""
    if "scorer" in record:
        return used_by("scorer", record["scorer"]) | used_by("allocator", record["allocator"])
    names = str(record.get("name", "")).split("+")
    known = registry().components
    found = [known[key] for name in names if (key := (kind, name.strip())) in known]
    return {component.distribution: component.version for component in found}
