"""Strategy `batch-bald`: the pairs whose labels together tell the most about the model."""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.special import softmax

from acqkit.embeddings import Float64Array, FloatArray, IntArray
from acqkit.interfaces import Component, RoundContext, Selection
from acqkit.selection import check_budget, score_candidates
from acqkit.strategies.bald import Bald
from acqkit.strategies.information import label_entropy
from acqkit.strategies.lazy import lazy_greedy
from acqkit.strategies.max_herding import classes_known, cover_first
from acqkit.strategies.order import largest
from acqkit.strategies.passes import stochastic_passes

_LEAST = 1e-12
"""Probabilities are kept so far from 0 and 1, so that no label is impossible."""
_MOST_CLASSES = 64
"""Classes of a pair that are told apart: sets of labels are averaged over for each of them."""
_AT_ONCE = 1 << 22
"""Probabilities given sets of labels that are held at a time: 16 MiB."""
_TINY = float(np.finfo(np.float64).tiny)


class BatchBald(Component):
    """BALD for a batch: information of all picks' labels together, so that none repeats another."""

    samples: int = Field(20, ge=2, description="stochastic passes over each pair")
    label_sets: int = Field(
        1_024, ge=1, description="sets of labels of earlier picks that are averaged over"
    )
    considered: int = Field(
        4_096, ge=1, description="picks come from so many pairs with the highest bald"
    )

    def select(self, context: RoundContext, n: int) -> Selection:
        """`n` picks in greedy order (Kirsch et al. 2019, algorithm 1), with what each adds.

        Maximizes I(y₁, ..., yₙ; w) greedily, where w is one of the model's stochastic passes
        (the same ones as in `bald`). Given labels y of the earlier picks a pass has probability
        π_y(s) ∝ Π_i p_s(y_i), and one more pick adds

          E_y H(Σ_s π_y(s) p_s) − mean_s H(p_s)

        The mean over y is exact while the labels have at most `label_sets` values together
        (five picks of four classes at 1,024), and beyond that over as many drawn ones. Of more
        than 64 classes a pair's least likely count as one, so that time does not grow with them.
        Multi-label: entropies of the classes add up, as in `bald`, of the 64 that tell the most
        about w. A pick adds no more than its BALD, which bounds what need be computed. Before there
        are class probabilities, `max-herding` picks. Raises EmbeddingError when the model cannot
        sample.
        """
        check_budget(n, len(context.candidates))
        if not classes_known(context.embeddings):
            return cover_first(context, n)
        candidates = context.canonical(context.candidates)
        bald = score_candidates(Bald(samples=self.samples), context).values[candidates]
        rows = largest(bald, min(max(self.considered, n), len(candidates)))
        classes = context.embeddings.take(slice(0, 0)).unified_probabilities().shape[1]
        passes = stochastic_passes("batch-bald", context, candidates[rows], self.samples, classes)
        multilabel = context.embeddings.multilabel
        p = np.concatenate([leading_classes(part, multilabel) for part in passes], axis=1)
        rng = context.rng("batch-bald")
        joint = JointLabels(p, multilabel, self.label_sets, rng)
        picked, gains = lazy_greedy(bald[rows], joint.gains, joint.pick, n)
        return Selection(candidates[rows[picked]], gains)


def leading_classes(p: FloatArray, multilabel: bool, most: int = _MOST_CLASSES) -> FloatArray:
    """Passes `[S, m, min(c, most)]` of `[S, m, c]`, for each pair with classes of its own.

    Single-label: the likeliest ones, and what is left as one more. Multi-label: those with the
    most information about the passes. Either way the information is at most that of all.
    """
    if p.shape[2] <= most:
        return p
    if multilabel:
        mean = p.mean(axis=0)[..., None]
        expected = np.mean([label_entropy(each[..., None], True) for each in p], axis=0)
        return np.take_along_axis(p, _largest(label_entropy(mean, True) - expected, most), axis=2)
    kept = np.take_along_axis(p, _largest(p.mean(axis=0), most - 1), axis=2)
    rest = np.maximum(1 - kept.sum(axis=2, keepdims=True), 0)
    return np.concatenate([kept, rest], axis=2)


def _largest(values: FloatArray, count: int) -> IntArray:
    """Columns `[1, m, count]` of the largest of each row, ascending."""
    columns = np.argpartition(values, -count, axis=1)[:, -count:]
    return np.sort(columns, axis=1)[None]


class JointLabels:
    """What the labels of the picks so far say about which pass is right.

    probabilities `[S, m, c]` of m pairs. `weights` `[M]` are the probabilities of sets of labels,
    `posterior` `[M, S]` those of the passes given each.
    """

    def __init__(
        self, probabilities: FloatArray, multilabel: bool, most: int, rng: np.random.Generator
    ) -> None:
        self._p = np.ascontiguousarray(probabilities.transpose(1, 0, 2))  # [m, S, c]
        self._multilabel, self._most, self._rng = multilabel, most, rng
        passes = self._p.shape[1]
        self.weights: Float64Array = np.ones(1)
        self.posterior: Float64Array = np.full((1, passes), 1 / passes)
        self._expected = label_entropy(self._p, multilabel).mean(axis=1)

    def gains(self, rows: IntArray) -> FloatArray:
        """What the labels of each of `rows` `[r]` would add to the information, in nats."""
        posterior, weights = self.posterior.astype(np.float32), self.weights.astype(np.float32)
        gains = np.empty(len(rows), dtype=np.float32)
        size = max(1, _AT_ONCE // (len(weights) * self._p.shape[2]))
        for start in range(0, len(rows), size):
            own = rows[start : start + size]
            predictive = posterior @ self._p[own]  # [r, M, c]
            entropy = label_entropy(predictive, self._multilabel) @ weights
            # At least 0 by Jensen's inequality, up to rounding and to the draw of label sets.
            gains[start : start + size] = np.maximum(entropy - self._expected[own], 0)
        return gains

    def pick(self, row: int) -> None:
        """Take the labels of a row into account."""
        p = self._p[row].astype(np.float64).clip(_LEAST, 1 - _LEAST)  # [S, c]
        sets, likelihood = self._several(p) if self._multilabel else self._one(p)
        logarithm = np.log(self.posterior[sets] + _TINY) + likelihood
        self.posterior = softmax(logarithm, axis=1)

    def _one(self, p: Float64Array) -> tuple[IntArray, Float64Array]:
        """Each set so far with each class, or so many of these drawn; the passes' log p of it."""
        joint = (self.weights[:, None] * (self.posterior @ p)).ravel()
        if len(joint) > self._most:
            drawn = systematic(joint, self._most, self._rng)
            self.weights = np.full(self._most, 1 / self._most)
        else:
            drawn, self.weights = np.arange(len(joint)), joint / joint.sum()
        sets, classes = np.divmod(drawn, p.shape[1])
        return sets, np.log(p).T[classes]

    def _several(self, p: Float64Array) -> tuple[IntArray, Float64Array]:
        """Drawn sets, each with classes that one of its passes draws; the passes' log p of it."""
        sets = systematic(self.weights, self._most, self._rng)
        self.weights = np.full(self._most, 1 / self._most)
        cumulated = self.posterior[sets].cumsum(axis=1)
        mark = self._rng.random((self._most, 1)) * cumulated[:, -1:]
        source = (cumulated[:, :-1] <= mark).sum(axis=1)
        has = self._rng.random((self._most, p.shape[1])) < p[source]
        return sets, has @ np.log(p).T + ~has @ np.log1p(-p).T


def systematic(weights: Float64Array, count: int, rng: np.random.Generator) -> IntArray:
    """`count` rows drawn in proportion to `weights` `[k]`, evenly spread; ascending."""
    cumulated = np.cumsum(weights)
    marks = (np.arange(count) + rng.random()) * (cumulated[-1] / count)
    rows: IntArray = np.searchsorted(cumulated, marks, side="right")
    return np.minimum(rows, len(weights) - 1)
