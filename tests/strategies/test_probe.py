"""The calibrated probe: its left-out predictions are those of fits without the row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import Ridge

from acqkit.embeddings import Float64Array
from acqkit.strategies.probe import Probe, _left_out


def _data(n: int, d: int, c: int, seed: int = 0) -> tuple[Float64Array, Float64Array]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    logits = 2 * x @ rng.standard_normal((d, c))
    return x, np.eye(c)[(logits + rng.gumbel(size=(n, c))).argmax(axis=1)]


@pytest.mark.parametrize(("n", "d"), [(40, 5), (12, 20)])
@pytest.mark.parametrize("penalty", [0.3, 10.0])
def test_left_out_predictions_are_those_of_a_fit_without_the_row(
    n: int, d: int, penalty: float
) -> None:
    x, y = _data(n, d, 3)
    u, singular, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    got = _left_out(u, singular, y - y.mean(axis=0), penalty)
    for row in range(n):
        others = np.arange(n) != row
        fit = Ridge(alpha=penalty).fit(x[others], y[others])
        wanted = fit.predict(x[row : row + 1])[0] - y.mean(axis=0)
        np.testing.assert_allclose(got[row], wanted, atol=1e-9)


def test_probabilities_are_calibrated_on_pairs_not_seen() -> None:
    x, y = _data(2300, 6, 4)
    probe = Probe.fit(x[:300].astype("f"), y[:300].astype(np.uint8), False)
    p = probe.probabilities(x[300:].astype("f")).astype(np.float64)
    assert p.sum(axis=1) == pytest.approx(1)
    # The steepness is near the best one for these 2,000, and confidence is near accuracy.
    f = (x[300:] - probe.center) @ probe.weight

    def surprise(s: float) -> float:
        return float(-(y[300:] * log_softmax(s * f + probe.prior, axis=1)).sum(axis=1).mean())

    best = min(surprise(s) for s in np.linspace(0, 20, 81))
    assert surprise(probe.steepness) <= best + 0.01
    hits = p.argmax(axis=1) == y[300:].argmax(axis=1)
    assert p.max(axis=1).mean() == pytest.approx(hits.mean(), abs=0.05)
    np.testing.assert_allclose(p, softmax(probe.steepness * f + probe.prior, axis=1), atol=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
def test_labels_that_say_nothing_give_every_pair_the_shares(multilabel: bool) -> None:
    rng = np.random.default_rng(0)
    gained = []
    for _ in range(12):
        x = rng.standard_normal((200, 8)).astype(np.float32)
        y = np.eye(3, dtype=np.uint8)[rng.integers(3, size=200)]
        p = Probe.fit(x[:60], y[:60], multilabel).probabilities(x[60:])
        gained.append(float(p.std(axis=0).max()))
    assert np.median(gained) < 0.05 and max(gained) < 0.2


def test_one_label_or_copies_of_one_pair_are_enough() -> None:
    x = np.ones((5, 3), dtype=np.float32)
    y = np.eye(4, dtype=np.uint8)[[0, 0, 1, 2, 0]]
    for count in (1, 5):
        probe = Probe.fit(x[:count], y[:count], False)
        p = probe.probabilities(x)
        assert probe.steepness == 0
        np.testing.assert_allclose(p[0], (y[:count].sum(axis=0) + 1) / (count + 4), rtol=1e-6)
    multi = Probe.fit(x, y, True).probabilities(x)
    np.testing.assert_allclose(multi[0], expit(np.log([4 / 3, 2 / 5, 2 / 5, 1 / 6])), rtol=1e-6)
