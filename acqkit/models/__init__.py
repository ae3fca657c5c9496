"""The models and the trainer that come with acqkit, and what other trainers are made of.

All public names are here; the modules below may be rearranged. Names are imported on first use,
so that `import acqkit.models` brings in neither torch nor scikit-learn.

To make a model: `TorchPairModel`, `SklearnPairModel`, or `TwoTower` and `LogisticPair` with
parameters. To make a trainer: a `Schedule` whose `fit` hands an `Objective` to `train`, made of
losses over the `Outputs` of a `Step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from acqkit.base import hookimpl

if TYPE_CHECKING:
    from acqkit.interfaces import Component
    from acqkit.models.contrast import jaccard as jaccard
    from acqkit.models.contrast import same_class_loss as same_class_loss
    from acqkit.models.data import TrainingData as TrainingData
    from acqkit.models.data import blocks_of as blocks_of
    from acqkit.models.evidence import label_evidence as label_evidence
    from acqkit.models.given import Frozen as Frozen
    from acqkit.models.given import OwnFit as OwnFit
    from acqkit.models.losses import belief_classification_of as belief_classification_of
    from acqkit.models.losses import classification_loss as classification_loss
    from acqkit.models.losses import classification_of as classification_of
    from acqkit.models.losses import pairing_loss as pairing_loss
    from acqkit.models.network import PairNetwork as PairNetwork
    from acqkit.models.network import as_network as as_network
    from acqkit.models.outputs import Outputs as Outputs
    from acqkit.models.parallel import data_parallel as data_parallel
    from acqkit.models.progress import Progress as Progress
    from acqkit.models.schedule import Schedule as Schedule
    from acqkit.models.sklearn_pair import LogisticPair as LogisticPair
    from acqkit.models.sklearn_pair import SklearnPairModel as SklearnPairModel
    from acqkit.models.standardize import standardize_for as standardize_for
    from acqkit.models.supervised import Supervised as Supervised
    from acqkit.models.supervised import SupervisedObjective as SupervisedObjective
    from acqkit.models.supervised import weight_by_labels as weight_by_labels
    from acqkit.models.tensors import as_tensor as as_tensor
    from acqkit.models.torch_pair import ENCODE_BLOCK as ENCODE_BLOCK
    from acqkit.models.torch_pair import TorchPairModel as TorchPairModel
    from acqkit.models.tower import Tower as Tower
    from acqkit.models.training import Objective as Objective
    from acqkit.models.training import Step as Step
    from acqkit.models.training import train as train
    from acqkit.models.two_tower import TwoTower as TwoTower

_HOMES = {
    "contrast": ["jaccard", "same_class_loss"],
    "data": ["TrainingData", "blocks_of"],
    "evidence": ["label_evidence"],
    "given": ["Frozen", "OwnFit"],
    "losses": [
        "belief_classification_of",
        "classification_loss",
        "classification_of",
        "pairing_loss",
    ],
    "network": ["PairNetwork", "as_network"],
    "outputs": ["Outputs"],
    "parallel": ["data_parallel"],
    "progress": ["Progress"],
    "schedule": ["Schedule"],
    "sklearn_pair": ["LogisticPair", "SklearnPairModel"],
    "standardize": ["standardize_for"],
    "supervised": ["Supervised", "SupervisedObjective", "weight_by_labels"],
    "tensors": ["as_tensor"],
    "torch_pair": ["ENCODE_BLOCK", "TorchPairModel"],
    "tower": ["Tower"],
    "training": ["Objective", "Step", "train"],
    "two_tower": ["TwoTower"],
}
_MODULES = {name: f"acqkit.models.{module}" for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'acqkit.models' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


@hookimpl
def acqkit_register_models() -> Mapping[str, type[Component]]:
    """The default MLP, and two logistic regressions."""
    return {"two-tower": __getattr__("TwoTower"), "sklearn": __getattr__("LogisticPair")}


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """The reference trainer, the model's own way of learning, and none at all."""
    names = {"supervised": "Supervised", "own-fit": "OwnFit", "frozen": "Frozen"}
    return {name: __getattr__(of) for name, of in names.items()}
