"""The pool that ours and the peers select from: made once, memory-mapped by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import Float64Array, FloatArray, IntArray, LinearClassifier

CLUSTERS = 300
_BLOCK = 16_384
_SEED = 20_250
WARM_UP = 400
"""Pairs that everybody selects from before the clock starts."""
_RADIUS_QUANTILE = 0.2


@dataclass(frozen=True)
class Shape:
    """Which pool: `pairs` of width `dim`, `labeled` of them with one of `classes`."""

    pairs: int
    dim: int
    labeled: int
    classes: int
    passes: int

    def folder(self, root: Path) -> Path:
        """Where the arrays lie; pools of other sizes are beginnings of the same files."""
        return root / f"d{self.dim}-c{self.classes}-s{self.passes}"


@dataclass(frozen=True, eq=False)
class Scene:
    """A pool as everybody gets it.

    mean and variance `[n, d]`, probabilities `[n, c]`, samples `[passes, n, c]`: memory-mapped.
    labels `[n]` are classes, -1 where unknown. `radius` is one that ProbCover can be asked for.
    """

    mean: FloatArray
    variance: FloatArray
    probabilities: FloatArray
    samples: FloatArray
    labels: IntArray
    classifier: LinearClassifier
    radius: float

    @property
    def labeled(self) -> IntArray:
        """Positions with a label."""
        return np.flatnonzero(self.labels >= 0)

    @property
    def unlabeled(self) -> IntArray:
        """Positions that may be picked."""
        return np.flatnonzero(self.labels < 0)

    def first(self, pairs: int) -> Scene:
        """A small pool to warm up with: half of it labeled."""
        labels = np.where(np.arange(pairs) % 2, -1, np.arange(pairs) % 2)
        return Scene(
            self.mean[:pairs],
            self.variance[:pairs],
            self.probabilities[:pairs],
            self.samples[:, :pairs],
            labels,
            self.classifier,
            self.radius,
        )


def write_scene(shape: Shape, root: Path) -> None:
    """Write the arrays unless files at least as long are there.

    A mixture of 300 unequal Gaussians, class by class; a linear classifier that has seen some
    of it gives the probabilities, and its logits with noise the stochastic ones. Each block of
    rows has a seed of its own, so a longer file begins as a shorter one.
    """
    folder = shape.folder(root)
    done = folder / "pairs.txt"
    if done.exists() and int(done.read_text()) >= shape.pairs:
        return
    folder.mkdir(parents=True, exist_ok=True)
    n, d, c = shape.pairs, shape.dim, shape.classes
    rng = np.random.default_rng(_SEED)
    centers = rng.standard_normal((CLUSTERS, d), dtype=np.float32)
    shares = rng.dirichlet(np.full(CLUSTERS, 0.7))
    weight = rng.standard_normal((c, d), dtype=np.float32) * np.float32(1.5 / np.sqrt(d))
    np.save(folder / "weight.npy", weight)
    arrays = {
        name: _create(folder / f"{name}.npy", width)
        for name, width in {
            "mean": (n, d),
            "variance": (n, d),
            "probabilities": (n, c),
            "samples": (shape.passes, n, c),
        }.items()
    }
    for start in range(0, n, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n))
        _fill(arrays, rows, centers, shares, weight, np.random.default_rng([_SEED, start]))
    for array in arrays.values():
        array.flush()
    done.write_text(str(n))


def _create(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
    temporary = path.with_suffix(".tmp")
    array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)
    temporary.replace(path)
    return array


def _fill(
    arrays: Mapping[str, NDArray[Any]],
    rows: slice,
    centers: FloatArray,
    shares: Float64Array,
    weight: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Whole blocks are drawn, so that what a row is does not depend on where the file ends."""
    size, d = rows.stop - rows.start, centers.shape[1]
    cluster = rng.choice(len(centers), _BLOCK, p=shares)
    mean = centers[cluster] + 0.6 * rng.standard_normal((_BLOCK, d), dtype=np.float32)
    arrays["mean"][rows] = mean[:size]
    variance = 0.1 * rng.standard_exponential((_BLOCK, d), dtype=np.float32)
    arrays["variance"][rows] = variance[:size].clip(1e-3)
    logits = (mean @ weight.T)[:size]
    arrays["probabilities"][rows] = _softmax(logits)
    for sample in arrays["samples"]:
        noise = rng.standard_normal((_BLOCK, len(weight)), dtype=np.float32)[:size]
        sample[rows] = _softmax(logits + noise)


def _softmax(logits: FloatArray) -> FloatArray:
    values: FloatArray = np.exp(logits - logits.max(axis=1, keepdims=True))
    values /= values.sum(axis=1, keepdims=True)
    return values


def open_scene(shape: Shape, root: Path) -> Scene:
    """The first pairs of what `write_scene` made, read once so that no disk is measured."""
    folder, n = shape.folder(root), shape.pairs
    weight = np.load(folder / "weight.npy")
    mapped = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r")
        for name in ("mean", "variance", "probabilities", "samples")
    }
    mean = mapped["mean"][:n]
    labels = np.full(n, -1, dtype=np.int64)
    positions = np.sort(np.random.default_rng(_SEED).permutation(n)[: shape.labeled])
    labels[positions] = mapped["probabilities"][positions].argmax(axis=1)
    return Scene(
        mean,
        mapped["variance"][:n],
        mapped["probabilities"][:n],
        mapped["samples"][:, :n],
        labels,
        LinearClassifier(weight, np.zeros(shape.classes, dtype=np.float32)),
        _radius(mean[:2000]),
    )


def _radius(rows: FloatArray) -> float:
    """A radius on the unit sphere that holds a little of the pool, rounded for printing."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1)
    nearest = np.sqrt(2 - 2 * np.partition(similarity, -10, axis=1)[:, -10])
    return round(float(np.quantile(nearest, _RADIUS_QUANTILE)), 2)
