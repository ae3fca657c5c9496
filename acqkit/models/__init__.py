"""The models and the trainer that come with acqkit."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit.hookspecs import hookimpl
from acqkit.interfaces import Component
from acqkit.models.sklearn_pair import LogisticPair
from acqkit.models.supervised import Supervised
from acqkit.models.two_tower import TwoTower


@hookimpl
def acqkit_register_models() -> Mapping[str, type[Component]]:
    """The default MLP, and two logistic regressions."""
    return {"two-tower": TwoTower, "sklearn": LogisticPair}


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """The reference trainer."""
    return {"supervised": Supervised}
