"""ASCMR's probabilistic multi-modal informativeness as an acqkit scorer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit import Component, hookimpl
from acqkit_ascmr.scorer import Ascmr as Ascmr


@hookimpl
def acqkit_register_scorers() -> Mapping[str, type[Component]]:
    """`ascmr`."""
    return {"ascmr": Ascmr}


@hookimpl
def acqkit_register_presets() -> Mapping[str, Mapping[str, Any]]:
    """`full`: the strategy of ASCMR, and both semi-supervised trainers one after the other."""
    return {
        "full": {
            "strategy": "ascmr+density",
            "trainer": "memory-bank+embedding-transfer",
            "needs": ["acqkit-density", "acqkit-memory-bank", "acqkit-embedding-transfer"],
        }
    }
