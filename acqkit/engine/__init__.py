"""Where work runs: functions mapped over blocks of pairs, here or elsewhere, same results."""

from acqkit.engine.blocks import row_blocks
from acqkit.engine.interface import Engine
from acqkit.engine.local import LocalEngine

__all__ = ["Engine", "LocalEngine", "row_blocks"]
