"""From the subsets of a release to a pool with one label matrix and a split."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acqkit.datasets.public.layouts import Subset
from acqkit.datasets.public.shapes import joined, one_hot
from acqkit.datasets.public.spec import Spec
from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import PoolError
from acqkit.pool import PairPool
from acqkit.randomness import id_keys, pair_keys, uniforms


@dataclass(frozen=True, slots=True)
class Draw:
    """The rule where a release has no split: `queries` test pairs, drawn by `seed`."""

    queries: int
    seed: int


def make_pool(spec: Spec, subsets: list[Subset], draw: Draw | None, source: str) -> PairPool:
    """A pool with truth and split; ids are rows of the release, counted through its parts.

    Pairs without any label are left out where there may be several labels, as the field
    does: they are relevant to no query. Raises PoolError.
    """
    image = joined([subset.image for subset in subsets], f"{source}: images")
    text = joined([subset.text for subset in subsets], f"{source}: texts")
    labels = _matrix(subsets, spec, source)
    labeled = labels.any(axis=1) if spec.multilabel is not False else np.ones(len(labels), bool)
    rows = np.flatnonzero(labeled)
    if len(rows) == 0:
        raise PoolError(f"{source} has no pair with a label")
    multilabel = spec.multilabel
    if multilabel is None:
        multilabel = bool((labels[rows].sum(axis=1) != 1).any())
    pool = PairPool.from_arrays(
        image,
        text,
        labels=labels,
        class_names=subsets[0].class_names or [str(c) for c in range(labels.shape[1])],
        modalities=("image", "text"),
        name=spec.name,
        multilabel=multilabel or len(rows) < len(labels),  # else rows without a label are errors
        split=np.where(_test(subsets, rows, draw, source), "test", "train"),
        source=source,
    )
    return replace(pool.take(rows), multilabel=multilabel)


def _matrix(subsets: list[Subset], spec: Spec, source: str) -> NDArray[np.uint8]:
    """Labels `[n, c]` of all subsets; class numbers are counted from the lowest of all."""
    shapes = {subset.labels.ndim for subset in subsets}
    if len(shapes) > 1:
        raise PoolError(f"{source} has class numbers in one part and a 0/1 matrix in another")
    if shapes == {1}:
        numbers = np.concatenate([subset.labels for subset in subsets])
        return one_hot(numbers, spec.classes, f"{source}: labels")
    return np.asarray(joined([subset.labels for subset in subsets], f"{source}: labels"))


def _test(subsets: list[Subset], rows: IntArray, draw: Draw | None, source: str) -> BoolArray:
    """`[n]`, the test pairs among all; only those in `rows` are drawn."""
    known = [subset.test for subset in subsets if subset.test is not None]
    if len(known) == len(subsets):
        return np.concatenate(known)
    n = sum(len(subset.labels) for subset in subsets)
    if draw is None or draw.queries >= len(rows):
        count = 0 if draw is None else draw.queries
        raise PoolError(
            f"{source} has no split and {len(rows)} labeled pairs, too few to draw {count} test "
            "pairs; set the parameter queries"
        )
    drawn = uniforms(pair_keys(id_keys(rows), draw.seed))
    test = np.zeros(n, dtype=bool)
    test[rows[np.argsort(drawn, kind="stable")[: draw.queries]]] = True
    return test
