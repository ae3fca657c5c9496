"""A digest of each pair's features, by which pairs are told apart one by one."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import IntArray
from acqkit.pool.digest import encode, is_array
from acqkit.pool.features import FeatureSource
from acqkit.randomness import mix

_BLOCK_BYTES = 1 << 22
"""Bytes of rows that are read at once; another value gives the same digests."""


def row_keys(source: FeatureSource, rows: IntArray) -> NDArray[np.uint64]:
    """Digests `[k]` of one modality of the pairs in `rows` `[k]`; 0 where there can be none.

    Those of arrays are of the values as float32, by multilinear hashing as in
    `acqkit.pool.digest`; raw items of a kind that cannot be compared have none.
    """
    if not is_array(source):
        return np.array([_item_key(source, row) for row in rows.tolist()], dtype=np.uint64)
    keys = np.zeros(len(rows), np.uint64)
    start, size = 0, 1
    while start < len(rows):
        block = np.ascontiguousarray(source.rows(rows[start : start + size]), "<f4")
        keys[start : start + len(block)] = _keys(block.reshape(len(block), -1))
        start += len(block)
        size = max(1, _BLOCK_BYTES // max(1, block[0].nbytes))
    return keys


def _keys(block: NDArray[Any]) -> NDArray[np.uint64]:
    if block.shape[1] % 2:
        block = np.pad(block, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(block).view("<u8")
    weights = mix(np.arange(2 * words.shape[1], dtype=np.uint64))
    low, high = weights[: words.shape[1]], weights[words.shape[1] :]
    with np.errstate(over="ignore"):
        sums = words @ low, (words >> np.uint64(32)) @ high
    # 0 says that there is none.
    return np.maximum(mix(sums[0] ^ mix(sums[1])), np.uint64(1))


def _item_key(source: FeatureSource, row: int) -> int:
    try:
        item = encode(list(source.rows(np.array([row]))))
    except TypeError:
        return 0
    return max(1, int.from_bytes(hashlib.blake2b(item, digest_size=8).digest(), "little"))
