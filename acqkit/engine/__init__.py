"""Where work runs: functions mapped over blocks of pairs, here or elsewhere, same results."""

from collections.abc import Mapping

from acqkit.base import Component, hookimpl
from acqkit.engine.blocks import row_blocks
from acqkit.engine.interface import Engine
from acqkit.engine.local import LOCAL, LocalEngine

__all__ = ["LOCAL", "Engine", "LocalEngine", "row_blocks"]


@hookimpl
def acqkit_register_engines() -> Mapping[str, type[Component]]:
    """The threads of this process."""
    return {"local": LocalEngine}
