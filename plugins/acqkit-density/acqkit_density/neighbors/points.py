"""Pairs as points of the common space of both modalities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acqkit import PairEmbeddings
from acqkit.embeddings import FloatArray, IntArray
from acqkit.neighbors import unit

_SHOWN = 0.99
"""Share of the variance of a sample's points that their principal directions hold: enough to tell
who is near whom. With more, products take longer."""
_SPECTRUM_ROWS = 8_192
"""Points from which the principal directions are found: tens for each of a few hundred."""
_BLOCK = 16_384
"""Rows that are read at a time: 8 MiB a modality at width 128."""


def means_only(embeddings: PairEmbeddings) -> PairEmbeddings:
    """What tells pairs apart, without variances and probabilities: blocks copy means alone."""
    content = embeddings.content()
    a, b = (replace(side, variance=None, probabilities=None) for side in content.sides)
    return replace(content, a=a, b=b)


def pair_points(embeddings: PairEmbeddings) -> FloatArray:
    """Pairs as points `[n, 2d]` of unit length: near only where both modalities are near.

    For unit means μᵃ, μᵇ the point is ½[μᵃ + μᵇ, μᵃ − μᵇ]: squared distances are the mean of
    both modalities' own, as for the two side by side, and swapping the modalities changes
    no bit of them. Where one is missing, the present one stands for both.
    """
    a, b = _unit_sides(embeddings)
    points = np.empty((len(a), 2 * a.shape[1]), dtype=np.float32)
    np.add(a, b, out=points[:, : a.shape[1]])
    np.subtract(a, b, out=points[:, a.shape[1] :])
    points *= np.float32(0.5)
    return points


def read_points(means: PairEmbeddings, positions: IntArray) -> FloatArray:
    """Pair points `[k, r]` of `positions` `[k]`, in the r directions in which they vary.

    Those are the principal ones of the first positions, which stand in random order, and hold
    99% of the variance. Rows are read in ascending order, as a memory map wants it.
    """
    mean, directions = _principal(pair_points(means.take(np.sort(positions[:_SPECTRUM_ROWS]))))
    points = np.empty((len(positions), directions.shape[1]), dtype=np.float32)
    # ½[a + b, a − b] in these directions, without making the points.
    of_sum, of_difference = np.split(directions / 2, 2)
    of_a, of_b, origin = of_sum + of_difference, of_sum - of_difference, mean @ directions
    ascending = np.argsort(positions)
    for start in range(0, len(positions), _BLOCK):
        rows = ascending[start : start + _BLOCK]
        a, b = _unit_sides(means.take(positions[rows]))
        points[rows] = a @ of_a + b @ of_b - origin
    return points


def _unit_sides(embeddings: PairEmbeddings) -> tuple[FloatArray, FloatArray]:
    """Means of both modalities at unit length, `[n, d]` each; a missing one is as the other."""
    a, b = unit(embeddings.a.mean), unit(embeddings.b.mean)
    for present, own, other in ((embeddings.a.present, a, b), (embeddings.b.present, b, a)):
        if present is not None:
            own[~present] = other[~present]
    return a, b


def _principal(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The mean `[d]` of points `[n, d]`, and the leading directions `[d, r]` of their variance."""
    mean = points.mean(axis=0)
    centered = points - mean
    variances, directions = np.linalg.eigh(centered.T @ centered)
    shown = variances[::-1].cumsum() / max(float(variances.sum()), 1e-30)
    kept = int(np.searchsorted(shown, _SHOWN)) + 1
    return mean, np.ascontiguousarray(directions[:, ::-1][:, :kept])
