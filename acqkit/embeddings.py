"""`PairEmbeddings`: the one currency between models, scorers and allocators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.errors import EmbeddingError
from acqkit.rows import DEFAULT_BLOCK_SIZE as DEFAULT_BLOCK_SIZE
from acqkit.rows import check_rows, take_rows

FloatArray = NDArray[np.float32]
Float64Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SIDE_FIELDS = ("mean", "variance", "probabilities", "present")
"""The arrays of a modality, by the names of `ModalityEmbeddings`' fields."""

MANIFEST_NAME = "embeddings.json"
"""The file beside saved arrays that says which there are."""

_UNREADABLE = (
    OSError, EOFError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, TokenError,
)  # fmt: skip
"""What numpy and JSON raise over files that are not as they were written."""


@dataclass(frozen=True, eq=False, slots=True)
class LinearClassifier:
    """Class logits are `mean @ weight.T + bias`: weight `[c, d]`, bias `[c]`, float32.

    Shared by both modalities. Scorers that integrate over a Gaussian embedding do it in
    logit space, and gradient embeddings factor, because the classifier is linear.
    """

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class ModalityEmbeddings:
    """One modality's side of a block of pairs.

    Memory-mapped arrays of a large pool may be float16; `take`, and so every block of them, gives
    float32. mean `[n, d]` float32; variance `[n, d]` float32 > 0 (diagonal) or None;
    probabilities `[n, c]` float32 (softmax rows, or independent sigmoids when
    multi-label) or None; present `[n]` bool or None (all present). Rows of absent pairs
    are finite but without meaning.
    """

    mean: FloatArray
    variance: FloatArray | None = None
    probabilities: FloatArray | None = None
    present: BoolArray | None = None

    def take(self, rows: IntArray | slice) -> ModalityEmbeddings:
        """The given rows of every array: positions `[k]`, or a slice, which copies nothing."""
        return ModalityEmbeddings(
            take_rows(self.mean, rows),
            None if self.variance is None else take_rows(self.variance, rows),
            None if self.probabilities is None else take_rows(self.probabilities, rows),
            None if self.present is None else self.present[rows],
        )


@dataclass(frozen=True, eq=False, slots=True)
class PairEmbeddings:
    """Both modalities of `n` pairs in one common space; arrays may be memory-mapped.

    `positions` `[n]` int64 says which pairs of the pool the rows are. `classifier` is
    given where class logits are linear in the embedding.

    `content_dim` is given where only the first columns of the means come from what the pair
    shows and the others restate its class probabilities, so that retrieval compares both.
    """

    a: ModalityEmbeddings
    b: ModalityEmbeddings
    positions: IntArray
    multilabel: bool = False
    classifier: LinearClassifier | None = None
    content_dim: int | None = None

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def dim(self) -> int:
        """Width `d` of the common space."""
        return int(self.a.mean.shape[1])

    @property
    def sides(self) -> tuple[ModalityEmbeddings, ModalityEmbeddings]:
        """Both modalities, for code that treats them alike."""
        return (self.a, self.b)

    def validate(self) -> PairEmbeddings:
        """Check shapes and values once, where embeddings enter; returns itself.

        Raises EmbeddingError naming the array and the first offending row.
        """
        n = len(self.positions)
        for name, side in zip("ab", self.sides, strict=True):
            for field in ("mean", "variance", "probabilities"):
                check_rows(f"{name}.{field}", getattr(side, field), n, self.positions)
            if side.variance is not None and n and float(side.variance.min()) <= 0:
                raise EmbeddingError(f"{name}.variance has values that are not > 0")
            if side.present is not None and side.present.shape != (n,):
                raise EmbeddingError(
                    f"{name}.present has shape {side.present.shape}, wanted ({n},)"
                )
        if self.a.mean.shape != self.b.mean.shape:
            raise EmbeddingError(
                f"both modalities must share one space, got widths {self.a.mean.shape[1]} "
                f"and {self.b.mean.shape[1]}"
            )
        if self.content_dim is not None and not 0 < self.content_dim <= self.dim:
            raise EmbeddingError(
                f"content_dim is {self.content_dim}, wanted between 1 and the width {self.dim}"
            )
        return self

    def take(self, rows: IntArray | slice) -> PairEmbeddings:
        """A block: the given rows of every array, `[k]` or a slice."""
        return PairEmbeddings(
            self.a.take(rows),
            self.b.take(rows),
            self.positions[rows],
            self.multilabel,
            self.classifier,
            self.content_dim,
        )

    def content(self) -> PairEmbeddings:
        """The embeddings without columns that restate class probabilities; copies nothing.

        Coverage must not be measured in those columns: all pairs that the model puts into one
        class would be near each other, however different they are.
        """
        if self.content_dim is None:
            return self
        columns = slice(self.content_dim)
        a, b = (
            replace(
                side,
                mean=side.mean[:, columns],
                variance=None if side.variance is None else side.variance[:, columns],
            )
            for side in self.sides
        )
        classifier = self.classifier
        if classifier is not None:
            classifier = replace(classifier, weight=classifier.weight[:, columns])
        return PairEmbeddings(a, b, self.positions, self.multilabel, classifier)

    def only_probabilities(self) -> PairEmbeddings:
        """The embeddings with means of width 0 and without variances; copies nothing."""
        a, b = (
            ModalityEmbeddings(side.mean[:, :0], None, side.probabilities, side.present)
            for side in self.sides
        )
        return PairEmbeddings(a, b, self.positions, self.multilabel)

    def blocks(
        self, rows: IntArray | None = None, size: int = DEFAULT_BLOCK_SIZE
    ) -> Iterator[PairEmbeddings]:
        """Blocks of at most `size` pairs, over all pairs or over `rows` `[k]`, in order."""
        total = len(self) if rows is None else len(rows)
        for start in range(0, total, size):
            stop = min(start + size, total)
            yield self.take(slice(start, stop) if rows is None else rows[start:stop])

    def unified_mean(self) -> FloatArray:
        """Mean of the equal-weight mixture of both modality Gaussians, `[n, d]`.

        ½(μᵃ + μᵇ) where both modalities are present, else the present one's mean.
        """
        return self._unify(self.a.mean, self.b.mean)

    def unified_probabilities(self) -> FloatArray:
        """Class probabilities of the mixture, ½(pᵃ + pᵇ), `[n, c]`; present side if one lacks.

        Raises EmbeddingError when the model gave none (no labels yet, or no classifier).
        """
        if self.a.probabilities is None or self.b.probabilities is None:
            raise EmbeddingError(
                "class probabilities are needed but the model gave none: label an initial set "
                "first (--initial), or use a strategy that works on embeddings alone"
            )
        return self._unify(self.a.probabilities, self.b.probabilities)

    def _unify(self, a: FloatArray, b: FloatArray) -> FloatArray:
        unified = np.add(a, b, dtype=np.float32)
        unified *= np.float32(0.5)
        for side, values in ((self.b, a), (self.a, b)):
            if side.present is not None:
                absent = ~side.present
                unified[absent] = values[absent]
        return unified

    def save(self, folder: Path) -> None:
        """Write every array as `.npy` and a manifest into an existing folder."""
        for name, values in (self.columns() | self.constants()).items():
            np.save(folder / f"{name}.npy", values)
        np.save(folder / "positions.npy", self.positions)
        (folder / MANIFEST_NAME).write_text(self.manifest())

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays with a row a pair, `[n, ...]`, by the name under which they are saved."""
        named = {
            f"{name}_{field}": getattr(side, field)
            for name, side in zip("ab", self.sides, strict=True)
            for field in SIDE_FIELDS
        }
        return {name: values for name, values in named.items() if values is not None}

    def constants(self) -> dict[str, FloatArray]:
        """The classifier's weight `[c, d]` and bias `[c]`, by the names for a file."""
        if self.classifier is None:
            return {}
        return {
            "classifier_weight": self.classifier.weight,
            "classifier_bias": self.classifier.bias,
        }

    def manifest(self) -> str:
        """JSON that says which arrays there are and what is no array."""
        return json.dumps(
            {
                "arrays": list(self.columns()),
                "multilabel": self.multilabel,
                "classifier": self.classifier is not None,
                "content_dim": self.content_dim,
            }
        )

    @classmethod
    def load(cls, folder: Path) -> PairEmbeddings:
        """Open what `save` wrote, memory-mapped.

        Raises EmbeddingError where the files are damaged, FileNotFoundError where one is gone.
        """
        try:
            found = cls._load(folder)
        except FileNotFoundError:
            raise
        except _UNREADABLE as error:
            raise EmbeddingError(
                f"the embeddings in {folder} are damaged ({error}); have them made again"
            ) from None
        if any(len(values) != len(found.positions) for values in found.columns().values()):
            raise EmbeddingError(
                f"the embeddings in {folder} are damaged: their arrays have other numbers of "
                f"pairs than {len(found.positions)}; have them made again"
            )
        return found

    @classmethod
    def _load(cls, folder: Path) -> PairEmbeddings:
        manifest = json.loads((folder / MANIFEST_NAME).read_text())

        def array(name: str) -> Any:
            return np.load(folder / f"{name}.npy", mmap_mode="r")

        def side(name: str) -> ModalityEmbeddings:
            given = [f for f in SIDE_FIELDS if f"{name}_{f}" in manifest["arrays"]]
            return ModalityEmbeddings(**{f: array(f"{name}_{f}") for f in given})

        classifier = None
        if manifest["classifier"]:
            classifier = LinearClassifier(
                np.load(folder / "classifier_weight.npy"), np.load(folder / "classifier_bias.npy")
            )
        positions = array("positions")
        return cls(
            side("a"),
            side("b"),
            positions,
            manifest["multilabel"],
            classifier,
            manifest.get("content_dim"),
        )
