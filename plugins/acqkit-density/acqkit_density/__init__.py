"""Density-aware budget allocation as an acqkit allocator, and its coverage as a strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit import Component, hookimpl
from acqkit_density.allocator import Density as Density
from acqkit_density.strategy import CoverageStrategy as CoverageStrategy


@hookimpl
def acqkit_register_allocators() -> Mapping[str, type[Component]]:
    """`density`."""
    return {"density": Density}


@hookimpl
def acqkit_register_strategies() -> Mapping[str, type[Component]]:
    """`coverage`."""
    return {"coverage": CoverageStrategy}


@hookimpl
def acqkit_register_presets() -> Mapping[str, Mapping[str, Any]]:
    """`full`: coverage picks, and the memory bank trains."""
    return {
        "full": {
            "strategy": "coverage",
            "trainer": "memory-bank",
            "needs": ["acqkit-memory-bank"],
        }
    }
