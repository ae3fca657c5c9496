"""Trainers to beat: known methods, as trainers that suites can name.

They are a plugin like any other, but for the entry point: benchmarks are not installed, so
whoever runs cells calls `register_baselines` first, in every process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import acqkit
from acqkit.base import hookimpl
from acqkit.components.registry import registry
from acqkit.interfaces import Component
from suite.baselines.fixmatch import FixMatch
from suite.baselines.propagation import LabelPropagation
from suite.baselines.pseudo import PseudoLabels
from suite.baselines.simple import ClassWise, PairWise, PlainSum


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """Semi-supervised baselines, and the parts that embedding transfer is made of."""
    return {
        "class-wise": ClassWise,
        "fixmatch": FixMatch,
        "label-propagation": LabelPropagation,
        "pair-wise": PairWise,
        "plain-sum": PlainSum,
        "pseudo-labels": PseudoLabels,
    }


def register_baselines() -> None:
    """Make the baselines known in this process; a second call changes nothing.

    Raises PluginError where a plugin that is installed has one of their names.
    """
    found = registry()
    plugin = sys.modules[__name__]
    if not found.manager.is_registered(plugin):
        found.add(plugin, "baselines", "acqkit", acqkit.__version__)
