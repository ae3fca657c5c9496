"""A Ray cluster as an engine of acqkit."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_ray.cluster import stop as stop
from acqkit_ray.engine import RayEngine as RayEngine


@hookimpl
def acqkit_register_engines() -> Mapping[str, type[Component]]:
    """`ray`."""
    return {"ray": RayEngine}
