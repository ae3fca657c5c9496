"""What embeds pairs: what every model must do, and what some can do besides."""

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
        """Train from scratch on `pool.labels`, and on unlabeled pairs if it can use them."""
        ...

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        """Embeddings `[k, d]` of the batch's pairs, both modalities in one space, row by row.

        Variances and class probabilities are None in a model that has none.
        """
        ...


@runtime_checkable
class SamplingModel(Protocol):
    """A model that can also draw stochastic predictions (MC dropout, an ensemble)."""

    def sample_probabilities(self, batch: PairBatch, n_samples: int, seed: int) -> FloatArray:
        """Class probabilities `[n_samples, k, c]` of the batch's `k` pairs in stochastic passes.

        A pass uses the same dropout mask for every pair, so that splitting a batch into
        blocks changes nothing.
        """
        ...


@runtime_checkable
class EmbeddingClassifier(Protocol):
    """A model that classifies any point of its embedding space, by any function."""

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
        """What was learned: all in which a fitted model differs from a newly built one.

        None if arrays and plain data cannot hold it: then the model is trained again.
        """
        ...

    def load_state(self, state: ModelState) -> None:
        """Turn a newly built model into the fitted one that gave `state`.

        Raises EmbeddingError for the state of another model. No code in a state is executed.
        """
        ...


@runtime_checkable
class ModelFactory(Protocol):
    """Makes an untrained model that fits a pool."""

    def build(self, pool: Pool, device: str) -> Model:
        """Untrained, for the pool's widths and classes, on a torch device such as `cpu`."""
        ...
