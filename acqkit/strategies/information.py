"""Entropy of predicted labels, which `entropy` and `bald` share."""

from __future__ import annotations

import numpy as np

from acqkit.embeddings import FloatArray

_SMALLEST = np.float32(np.finfo(np.float32).tiny)


def label_entropy(probabilities: FloatArray, multilabel: bool) -> FloatArray:
    """Entropy in nats `[...]` of probabilities `[..., c]`, with 0 log 0 = 0.

    Single-label: −Σ_c p_c log p_c. Multi-label: Σ_c −p_c log p_c − (1 − p_c) log(1 − p_c).
    """
    entropy = _surprise(probabilities)
    if multilabel:
        entropy += _surprise(1 - probabilities)
    # `sum` along a short last axis takes five times as long.
    return np.asarray(np.einsum("...c->...", entropy))


def _surprise(p: FloatArray) -> FloatArray:
    """−p log p elementwise; the logarithm is kept from 0, which p then multiplies away."""
    logarithm: FloatArray = np.maximum(p, _SMALLEST)
    np.log(logarithm, out=logarithm)
    logarithm *= p
    return np.negative(logarithm, out=logarithm)
