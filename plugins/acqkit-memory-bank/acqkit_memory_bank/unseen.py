"""Classes that no label has yet: how many pairs have them, and which."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from acqkit.embeddings import FloatArray

_CONCENTRATIONS = np.geomspace(0.02, 100, 60)
"""Tried for the prior over class frequencies; the last is as good as classes of equal size."""
_NOTHING = 1e-9
"""Mass of labels that counts as none; it has a logarithm."""
_FAR = 0.1
"""Share of labeled pairs further from the labels of other classes than any pair counts."""
_LEAST_VARIANCE = 1e-3
"""Of logarithms of reach, where all pairs are alike."""


def unseen_share(counts: FloatArray) -> float:
    """Share of all pairs whose class none of the labeled pairs has, from their `counts` `[c]`.

    The mean of a Dirichlet-multinomial distribution with the concentration, the same for all
    classes, under which the counts are most likely: near the share of such classes where counts
    say that classes are of one size, less where they have a long tail. 0 where all classes have
    a label, or none.
    """
    missing, n, c = np.count_nonzero(counts == 0), float(counts.sum()), len(counts)
    if missing in (0, c):
        return 0.0
    a = _CONCENTRATIONS[:, None]
    own = (gammaln(counts + a) - gammaln(a)).sum(axis=1, keepdims=True)
    likelihood = gammaln(c * a) - gammaln(n + c * a) + own
    best = float(_CONCENTRATIONS[int(likelihood.argmax())])
    return missing * best / (n + c * best)


def of_unseen_class(reach: FloatArray, without_own: FloatArray, share: float) -> FloatArray:
    """Probabilities `[u]` that unlabeled pairs have a class that no label has.

    reach `[u]`: mass of labels that was propagated to them. without_own `[l]`: to labeled pairs,
    without the labels of their own class, which says what reaches a pair whose class has none.
    Both kinds have normal logarithms of one variance, and `share` in (0, 1) of the unlabeled
    pairs is of the second. All 0 where these are reached no less than others.
    """
    logs, unseen_logs = (np.log(np.maximum(mass, _NOTHING)) for mass in (reach, without_own))
    # A pair that no label reaches at all is not the less of an unseen class for it.
    lowest = np.quantile(unseen_logs, _FAR)
    logs, unseen_logs = np.maximum(logs, lowest), np.maximum(unseen_logs, lowest)
    unseen = float(np.median(unseen_logs))
    seen = float(logs.mean() - share * unseen) / (1 - share)
    if seen <= unseen:
        return np.zeros(len(reach), dtype=np.float32)
    between = share * (1 - share) * (seen - unseen) ** 2
    within = max(float(logs.var()) - between, _LEAST_VARIANCE)
    variance = (within + float(unseen_logs.var())) / 2
    evidence = ((logs - seen) ** 2 - (logs - unseen) ** 2) / (2 * variance)
    odds = share / (1 - share) * np.exp(evidence.clip(-50, 50))
    found: FloatArray = (odds / (1 + odds)).astype(np.float32)
    return found
