"""ASCMR's probabilistic multi-modal informativeness as an acqkit scorer."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_ascmr.scorer import Ascmr as Ascmr


@hookimpl
def acqkit_register_scorers() -> Mapping[str, type[Component]]:
    """`ascmr`."""
    return {"ascmr": Ascmr}
