"""acqkit: which pairs should be labeled next, for any paired-modality model.

Names are imported on first use, so that `import acqkit` is fast and brings in neither
torch nor faiss.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acqkit.base import Component as Component
    from acqkit.base import hookimpl as hookimpl
    from acqkit.campaign import Batch as Batch
    from acqkit.campaign import Campaign as Campaign
    from acqkit.config import RunConfig as RunConfig
    from acqkit.embeddings import LinearClassifier as LinearClassifier
    from acqkit.embeddings import ModalityEmbeddings as ModalityEmbeddings
    from acqkit.embeddings import PairEmbeddings as PairEmbeddings
    from acqkit.encoding import build_pool as build_pool
    from acqkit.errors import AcqkitError as AcqkitError
    from acqkit.export import load_model as load_model
    from acqkit.interfaces import Allocator as Allocator
    from acqkit.interfaces import Model as Model
    from acqkit.interfaces import PairBatch as PairBatch
    from acqkit.interfaces import Pool as Pool
    from acqkit.interfaces import RoundContext as RoundContext
    from acqkit.interfaces import Scorer as Scorer
    from acqkit.interfaces import Scores as Scores
    from acqkit.interfaces import Selection as Selection
    from acqkit.interfaces import Strategy as Strategy
    from acqkit.interfaces import Trainer as Trainer
    from acqkit.labels import LabelState as LabelState
    from acqkit.loading import load_pool as load_pool
    from acqkit.pool import PairPool as PairPool
    from acqkit.runner import compare as compare
    from acqkit.runner import run as run

__version__ = "0.1.0"

_HOMES = {
    "campaign": ["Batch", "Campaign"],
    "config": ["RunConfig"],
    "embeddings": ["LinearClassifier", "ModalityEmbeddings", "PairEmbeddings"],
    "encoding": ["build_pool"],
    "errors": ["AcqkitError"],
    "base": ["Component", "hookimpl"],
    "export": ["load_model"],
    "interfaces": [
        "Allocator",
        "Model",
        "PairBatch",
        "Pool",
        "RoundContext",
        "Scorer",
        "Scores",
        "Selection",
        "Strategy",
        "Trainer",
    ],
    "labels": ["LabelState"],
    "loading": ["load_pool"],
    "pool": ["PairPool"],
    "runner": ["compare", "run"],
}
_MODULES = {name: f"acqkit.{module}" for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'acqkit' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
