"""What embeds pairs: the one thing asked of every model, and what some offer besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.interfaces.pools import PairBatch, Pool


@runtime_checkable
class Model(Protocol):
    """Any paired-modality model: learns from the labels known so far, embeds pairs."""

    def fit(self, pool: Pool, seed: int) -> None:
        """Learn from scratch from `pool.labels` (and, if it likes, the unlabeled pairs)."""
        ...

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Embed a block of pairs into the common space."""
        ...


@runtime_checkable
class SamplingModel(Protocol):
    """A model that can also draw stochastic predictions (MC dropout, an ensemble)."""

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """Class probabilities `[n_samples, k, c]` of the pair, one stochastic pass each.

        A pass uses the same dropout mask for every pair, so that splitting a batch into
        blocks changes nothing.
        """
        ...


@runtime_checkable
class EmbeddingClassifier(Protocol):
    """A model whose classifier, linear or not, can be asked about any point of the space."""

    def classify(self, means: FloatArray) -> FloatArray:
        """Class probabilities `[k, c]` of points `[k, d]`."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class ModelState:
    """What makes a fitted model: arrays by name, and plain JSON data beside them."""

    arrays: Mapping[str, NDArray[Any]]
    data: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class StatefulModel(Protocol):
    """A model that a campaign can keep, so that another process need not train it again."""

    def state(self) -> ModelState | None:
        """All in which a fitted model differs from one that its factory made.

        None where that cannot be said in arrays and plain data: then it is trained again.
        """
        ...

    def load_state(self, state: ModelState) -> None:
        """Become the model of which `state` is, from one that the same factory made.

        Raises EmbeddingError for the state of another model; executes nothing of what it holds.
        """
        ...


@runtime_checkable
class ModelFactory(Protocol):
    """Makes an untrained model that fits a pool."""

    def build(self, pool: Pool, device: str) -> Model:
        """Untrained, for the pool's widths and classes, on a torch device such as `cpu`."""
        ...
