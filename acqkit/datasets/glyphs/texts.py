"""Texts as vectors of fixed width, without a vocabulary to learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import csr_array

from acqkit.embeddings import Float64Array, FloatArray
from acqkit.randomness import id_keys, mix

WIDTH = 256
"""Features of a text."""

_NGRAMS = (3, 4)
_NGRAM_WEIGHT = 0.3
"""Weight of an n-gram beside a whole word: a word of seven letters has 13 of them."""
_BUCKETS = 4
"""Places that a token is hashed to: with four, two tokens seldom collide in all of them."""


def text_features(texts: Sequence[str]) -> FloatArray:
    """Features `[n, 256]` of texts, each of length 1: TF-IDF of words and of their n-grams.

    A token is hashed to 4 of the 256 places, each with a sign (feature hashing,
    Weinberger et al. 2009, with several places as in Kane and Nelson 2014), weighted by
    log((1 + n) / (1 + df)) + 1. Character n-grams of 3 and 4 count less than whole words.
    """
    tokens = [list(_tokens(text)) for text in texts]
    vocabulary = sorted({token for row in tokens for token, _ in row})
    place = {token: index for index, token in enumerate(vocabulary)}
    rows = np.repeat(np.arange(len(texts)), [len(row) for row in tokens])
    columns = np.array([place[token] for row in tokens for token, _ in row], dtype=np.int64)
    weights = np.array([weight for row in tokens for _, weight in row])
    shape = (len(texts), len(vocabulary))
    counts = csr_array((weights, (rows, columns)), shape=shape)
    frequency = np.bincount(counts.indices, minlength=len(vocabulary))
    idf = np.log((1 + len(texts)) / (1 + frequency)) + 1
    features: Float64Array = counts @ (idf[:, None] * _places(vocabulary))
    norms = np.sqrt((features**2).sum(axis=1, keepdims=True))
    features /= np.maximum(norms, np.finfo(np.float64).tiny)
    return features.astype(np.float32)


def _tokens(text: str) -> Iterable[tuple[str, float]]:
    """Words and character n-grams with weights; marks keep an n-gram from equalling a word."""
    for word in text.split():
        yield word, 1.0
        marked = f"<{word}>"
        for n in _NGRAMS:
            for start in range(len(marked) - n + 1):
                yield marked[start : start + n] + "~", _NGRAM_WEIGHT


def _places(vocabulary: Sequence[str]) -> Float64Array:
    """The vector of each token, `[v, 256]`, of length 1."""
    keys = id_keys(np.array(vocabulary, dtype=np.str_))
    vectors = np.zeros((len(vocabulary), WIDTH))
    for _ in range(_BUCKETS):
        keys = mix(keys)
        signs = np.where(keys >> np.uint64(63), 1.0, -1.0) / np.sqrt(_BUCKETS)
        np.add.at(vectors, (np.arange(len(keys)), (keys % np.uint64(WIDTH)).astype(int)), signs)
    return vectors
