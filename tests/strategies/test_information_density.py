"""Information density against a comparison of every two candidates."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.stats import bernoulli, entropy

from acqkit.neighbors import unit
from acqkit.selection import select
from acqkit.strategies import InformationDensity


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_the_score_is_entropy_times_mean_similarity(beta: float, multilabel: bool) -> None:
    x = blobs(300, 5)
    p = np.random.default_rng(0).dirichlet(np.ones(4), 300).astype(np.float32)
    context = context_of(x, labeled=range(40), probabilities=p, multilabel=multilabel)
    selection = select(InformationDensity(beta=beta), context, 25)
    z = unit(x[40:]).astype(np.float64)
    density = ((1 + z @ z.T) / 2).mean(axis=1)
    h = bernoulli(p[40:]).entropy().sum(axis=1) if multilabel else entropy(p[40:], axis=1)
    score = h * density**beta
    assert selection.positions.tolist() == (40 + np.argsort(-score)[:25]).tolist()
    assert selection.scores is not None
    np.testing.assert_allclose(selection.scores, -np.sort(-score)[:25], rtol=1e-5)
    np.testing.assert_allclose(selection.terms["density"], density[selection.positions - 40], 1e-5)


def test_what_lies_opposite_to_all_has_a_density_of_about_zero() -> None:
    x = np.repeat(np.array([[1.0, 0.0], [-1.0, 0.0]]), [99, 1], axis=0)
    p = np.full((100, 2), 0.5, dtype=np.float32)
    selection = select(InformationDensity(), context_of(x, probabilities=p, classes=2), 100)
    assert selection.positions[-1] == 99
    assert selection.terms["density"][-1] == pytest.approx(0.01)
