"""Encoding a batch of items, wherever the engine runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import FloatArray
from acqkit.encoding.items import decoded
from acqkit.errors import AcqkitError, PluginError, PoolError
from acqkit.interfaces import Encoder, ItemKind
from acqkit.pool.source import one_line
from acqkit.tensors import as_numpy


class Undecodable(NamedTuple):
    """What stands for an item of which an encoder gets nothing."""

    problem: str


class Vectors(NamedTuple):
    """What became of a batch of `k` items: vectors `[j, d]` of those that are no `problems`."""

    vectors: NDArray[Any]
    problems: dict[int, str]
    """By their places in the batch."""


def decoded_or_why(kind: ItemKind, content: str | bytes) -> Any:
    """What an encoder gets of an item, or `Undecodable`."""
    try:
        return decoded(kind, content)
    except PoolError as error:
        return Undecodable(str(error))
    except (OSError, ValueError) as error:
        return Undecodable(f"cannot be read ({one_line(error)})")


@dataclass(frozen=True)
class BatchEncoder:
    """A function of a batch, which an engine may send to workers.

    contents: whether a batch is the contents of items, which are decoded first.
    """

    modality: str
    kind: ItemKind
    encoder: Encoder
    dtype: np.dtype[Any]
    contents: bool

    def __call__(self, batch: Sequence[Any]) -> Vectors:
        """Encode `k` items; raises PluginError where the encoder is at fault."""
        inputs = [decoded_or_why(self.kind, each) for each in batch] if self.contents else batch
        problems = {
            place: each.problem
            for place, each in enumerate(inputs)
            if isinstance(each, Undecodable)
        }
        good = [place for place in range(len(inputs)) if place not in problems]
        found = self._vectors([inputs[place] for place in good]) if good else []
        vectors = []
        for place, vector in zip(good, found, strict=True):
            if isinstance(vector, str):
                problems[place] = vector
            else:
                vectors.append(vector)
        return Vectors(np.stack(vectors) if vectors else np.zeros((0, 0), self.dtype), problems)

    def _vectors(self, inputs: Sequence[Any]) -> list[Any]:
        """A vector of each input, or why there is none."""
        try:
            return [_finite(vector, self.dtype) for vector in self._call(inputs)]
        except (AcqkitError, MemoryError):
            raise
        except Exception as error:
            if len(inputs) == 1:
                return [f"cannot be encoded ({one_line(error)})"]
            # One bad item must not cost its batch; an encoder at fault fails at every one.
            found = [vector for each in inputs for vector in self._vectors([each])]
            if all(isinstance(vector, str) for vector in found):
                raise
            return found

    def _call(self, inputs: Sequence[Any]) -> FloatArray:
        given = as_numpy(self.encoder.encode(inputs))
        array = np.asarray(given)
        if array.ndim != 2 or len(array) != len(inputs) or array.dtype.kind not in "fiu":
            raise PluginError(
                f"the encoder of {self.modality} gave an array of dtype {array.dtype} and shape "
                f"{array.shape} for {len(inputs)} items, wanted numbers [{len(inputs)}, width]"
            )
        return array


def _finite(vector: FloatArray, dtype: np.dtype[Any]) -> Any:
    with np.errstate(over="ignore"):
        kept = vector.astype(dtype)
    if np.isfinite(kept).all():
        return kept
    if np.isfinite(vector).all():
        return f"has a vector with numbers beyond {dtype.name}; use float32"
    return "has a vector with NaN or infinite numbers"
