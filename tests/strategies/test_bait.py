"""BAIT against its definition, with every gradient and every matrix written out."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import blobs, context_of

from acqkit.embeddings import Float64Array, FloatArray
from acqkit.selection import select
from acqkit.strategies import Bait
from acqkit.strategies.fisher import Axes
from acqkit.testing.model import class_probabilities


def information(z: FloatArray, p: FloatArray, multilabel: bool) -> Float64Array:
    """E_y g gᵀ, with g the gradient of −log p(y) by the weights of pairs `[k, d]`, `[k, c]`."""
    found = []
    for point, q in zip(z.astype(np.float64), p.astype(np.float64), strict=True):
        if multilabel:  # each class is there or not by itself
            curvature = np.diag(q * (1 - q) ** 2 + (1 - q) * q**2)
        else:
            q /= q.sum()
            errors = q - np.eye(len(q))
            curvature = np.einsum("y,ya,yb->ab", q, errors, errors)
        found.append(np.kron(np.outer(point, point), curvature))
    return np.stack(found)


class Direct:
    """The objective and the search for it, with nothing kept from step to step."""

    def __init__(self, each: Float64Array, known: list[int], prior: float) -> None:
        self.each, self.fisher = each, each.mean(axis=0)
        size = len(self.fisher)
        self.start = each[known].sum(axis=0)
        self.start += prior * np.trace(self.fisher) / size * np.eye(size)

    def value(self, picks: list[int]) -> float:
        matrix = self.start + self.each[picks].sum(axis=0)
        return float(np.trace(np.linalg.solve(matrix, self.fisher)))

    def picks(self, candidates: list[int], n: int) -> list[int]:
        chosen: list[int] = []
        while len(chosen) < 2 * n:
            left = [row for row in candidates if row not in chosen]
            chosen.append(min(left, key=lambda row: self.value([*chosen, row])))
        while len(chosen) > n:
            others = [[row for row in chosen if row != out] for out in chosen]
            chosen = min(others, key=self.value)
        return chosen


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize(("seed", "prior"), [(0, 0.01), (1, 1.0), (2, 10.0)])
def test_picks_are_those_of_the_definition(seed: int, prior: float, multilabel: bool) -> None:
    x = blobs(45, 5, d=4, seed=seed)
    weight = np.random.default_rng(seed).standard_normal((3, 4)) / 2
    p = class_probabilities((x @ weight.T).astype(np.float32), multilabel)
    known = [1, 2, 5, 7]
    context = context_of(
        x, labeled=known[:3], waiting=known[3:], probabilities=p, multilabel=multilabel, classes=3
    )
    direct = Direct(information(x, p, multilabel), known, prior)
    wanted = direct.picks(context.canonical(context.candidates).tolist(), 6)
    selection = select(Bait(prior=prior), context, 6)
    assert selection.positions.tolist() == wanted
    ratio = direct.value(wanted) / direct.value([])
    assert selection.record["variance"] == pytest.approx(ratio, rel=1e-6)
    assert selection.scores is not None and (selection.scores > 0).all()


@pytest.mark.parametrize("multilabel", [False, True])
def test_fewer_directions_are_a_part_of_all_weights(multilabel: bool) -> None:
    x = blobs(80, 5, d=6)
    p = np.random.default_rng(0).dirichlet(np.ones(5), 80).astype(np.float32)
    axes = Axes.of(x, p, multilabel, (3, 4))
    assert axes.logits.shape == (5, 3) and axes.means.shape == (6, 4)
    whole = information(x, p, multilabel).sum(axis=0)
    basis = np.kron(axes.means, axes.logits)
    np.testing.assert_allclose(
        axes.project(x, p).information(), basis.T @ whole @ basis, atol=1e-4 * whole.max()
    )
    rng = np.random.default_rng(1)
    others = [np.linalg.qr(rng.standard_normal(shape))[0] for shape in ((6, 4), (5, 3))]
    other = np.kron(*others)
    assert np.trace(basis.T @ whole @ basis) > np.trace(other.T @ whole @ other)


def test_length_of_the_means_does_not_matter_and_certainty_does_no_harm() -> None:
    x = blobs(60, 4)
    p = np.random.default_rng(0).dirichlet(np.ones(4), 60).astype(np.float32)
    picks = select(Bait(), context_of(x, labeled=[0], probabilities=p), 5).positions.tolist()
    longer = context_of(1000 * x, labeled=[0], probabilities=p)
    assert select(Bait(), longer, 5).positions.tolist() == picks
    certain = np.eye(4, dtype=np.float32)[p.argmax(axis=1)]
    assert len(select(Bait(), context_of(x, probabilities=certain), 60).positions) == 60
