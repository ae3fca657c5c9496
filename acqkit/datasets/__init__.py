"""The built-in data sets, registered through the same door as anybody's."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit.base import hookimpl
from acqkit.datasets.glyphs import Glyphs
from acqkit.datasets.public import DATA_SETS
from acqkit.interfaces import Component


@hookimpl
def acqkit_register_datasets() -> Mapping[str, type[Component]]:
    """Data sets by name."""
    return {"glyphs": Glyphs, **DATA_SETS}
