"""Density-aware budget allocation as an acqkit allocator."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_density.allocator import Density as Density


@hookimpl
def acqkit_register_allocators() -> Mapping[str, type[Component]]:
    """`density`."""
    return {"density": Density}
