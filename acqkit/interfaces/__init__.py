"""What acqkit asks of its parts, as Protocols: one required method per extension point.

Everything a strategy needs arrives in one `RoundContext`. There is one index space,
positions `0..n-1` in `context.pool`; nothing takes or returns positions in a subset.
"""

from acqkit.base import Component
from acqkit.engine import Engine
from acqkit.interfaces.encoders import Encoder, ItemKind, SelectiveEncoder, VersionedEncoder
from acqkit.interfaces.metrics import (
    DirectionScores,
    Evaluation,
    Metric,
    QueryScores,
    RetrievalScores,
)
from acqkit.interfaces.models import (
    EmbeddingClassifier,
    Model,
    ModelFactory,
    ModelState,
    SamplingModel,
    StatefulModel,
)
from acqkit.interfaces.pools import Inputs, PairBatch, Pool, PoolSource
from acqkit.interfaces.rounds import RoundContext, Scores, Selection
from acqkit.interfaces.strategies import (
    Allocator,
    PreparedAllocator,
    PreparedScorer,
    SamplingAllocator,
    Scorer,
    Strategy,
)
from acqkit.interfaces.trainers import (
    BelievingTrainer,
    SelectiveTrainer,
    Trainer,
    TrainingEngine,
    TransferTrainer,
)

__all__ = [
    "Allocator",
    "BelievingTrainer",
    "Component",
    "DirectionScores",
    "EmbeddingClassifier",
    "Encoder",
    "Engine",
    "Evaluation",
    "Inputs",
    "ItemKind",
    "Metric",
    "Model",
    "ModelFactory",
    "ModelState",
    "PairBatch",
    "Pool",
    "PoolSource",
    "PreparedAllocator",
    "PreparedScorer",
    "QueryScores",
    "RetrievalScores",
    "RoundContext",
    "SamplingAllocator",
    "SamplingModel",
    "Scorer",
    "Scores",
    "Selection",
    "SelectiveEncoder",
    "SelectiveTrainer",
    "StatefulModel",
    "Strategy",
    "Trainer",
    "TrainingEngine",
    "TransferTrainer",
    "VersionedEncoder",
]
