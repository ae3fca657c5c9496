"""Batches that could be the next one: coverage and its perturbations, pieces of random, swaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from acqkit_density.coverage import Coverage, greedy
from acqkit_density.view import PoolView, ViewParameters

from acqkit import RoundContext
from acqkit.components.resolve import resolve
from acqkit.embeddings import Float64Array, IntArray
from acqkit.errors import EmbeddingError
from acqkit.selection import select
from suite.headroom.scene import Scene

PLAIN = "coverage"
RADII = (0.5, 1.0, 2.0)
"""Neighbors that a pick covers, relative to those of plain coverage."""
PIECES = (0.5, 1.0)
"""Shares of a batch that are random; coverage completes it."""
REGION_NOISE, PAIR_NOISE = 1.0, 0.5
"""Standard deviations of the logarithm of perturbed weights: of a k-means region, of a pair.

Noise of single pairs alone evens out over the neighbors that a pick covers.
"""
STRATEGIES = ("ascmr+density", "typiclust", "badge")
"""Whose batches are tried as well."""
SWAPPED = 0.25
"""Share of a batch that a swap exchanges."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Positions `[n]` to label next, and the kind of candidate they are."""

    kind: str
    positions: IntArray


def first_candidates(
    scene: Scene, context: RoundContext, n: int, perturbed: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """Plain coverage first, then all other kinds; of perturbed coverages `perturbed`."""
    view = _view(context, n, 1.0)
    alike = np.ones(len(view.order))
    yield Batch(PLAIN, select(resolve("strategy", PLAIN).component, context, n).positions)
    views = [_view(context, n, radius) for radius in RADII]
    for number in range(perturbed):
        own = views[number % len(views)]
        weights = np.exp(
            REGION_NOISE * rng.standard_normal(len(own.sizes))[own.region]
            + PAIR_NOISE * rng.standard_normal(len(own.order))
        )
        yield Batch("perturbed coverage", covering(own, weights, n))
    for share in PIECES:
        drawn = rng.choice(view.candidates, max(1, round(share * n)), replace=False)
        kind = "random" if share == 1 else "random in part"
        yield Batch(kind, covering(view, alike, n, drawn))
    frequency = np.maximum(scene.truth.sum(axis=0), 1)
    rarity = (scene.truth / frequency).sum(axis=1) / np.maximum(scene.truth.sum(axis=1), 1)
    yield Batch("rare true classes", covering(view, rarity[view.order], n))
    for name in STRATEGIES:
        try:
            picks = select(resolve("strategy", name).component, context, n).positions
        except EmbeddingError:  # it needs class probabilities, and there is no label yet
            continue
        yield Batch(name, picks)


def covering(
    view: PoolView, weights: Float64Array, n: int, drawn: IntArray | None = None
) -> IntArray:
    """Positions of the greedy coverage of rows weighted by `weights` `[m]`.

    `drawn` rows are picked before anything else is.
    """
    assert view.kernel is not None
    nothing = np.zeros(len(view.order))
    coverage = Coverage(view.kernel, nothing, weights, nothing).with_picks(view.covering)
    first = np.empty(0, dtype=np.int64) if drawn is None else drawn[:n]
    left = np.setdiff1d(view.candidates, first)
    rows = greedy(coverage.with_picks(first), left, n - len(first))
    picked: IntArray = view.order[np.concatenate([first, rows])]
    return picked


def swapped(best: IntArray, donor: IntArray, rng: np.random.Generator) -> IntArray:
    """The best batch with a share of its picks exchanged for picks of the donor."""
    others = np.setdiff1d(donor, best)
    count = min(len(others), max(1, round(SWAPPED * len(best))))
    kept = rng.permutation(best)[: len(best) - count]
    return np.concatenate([kept, rng.permutation(others)[:count]])


def _view(context: RoundContext, n: int, radius: float) -> PoolView:
    covering_pairs = len(context.pool) - len(context.candidates)
    usual = ViewParameters(n).neighbor_count(len(context.pool), covering_pairs)
    return PoolView.of(context, ViewParameters(n, neighbors=max(2, round(radius * usual))))
