"""Random numbers that depend on (seed, round, pair) and on nothing else.

A round's generator is derived from the seed and the round, so that no generator state is saved
with a campaign. Numbers of single pairs (for random picks and ties) come from a hash of the pair's
*id*: reordering the pool reorders the picks and changes nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The constants of splitmix64.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def derive_seed(seed: int, round: int, purpose: str) -> int:
    """A 63-bit seed for one purpose ("train", "select", ...) in one round."""
    text = f"{seed}/{round}/{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The splitmix64 finalizer (Steele et al. 2014), elementwise: `[n]` to `[n]`."""
    with np.errstate(over="ignore"):
        x = values + _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * _MIX_1
        x = (x ^ (x >> np.uint64(27))) * _MIX_2
        return x ^ (x >> np.uint64(31))


def id_keys(ids: NDArray[Any] | Sequence[Any]) -> NDArray[np.uint64]:
    """A 64-bit hash of each id, `[n]`, the same in every process and on every machine."""
    array = np.asarray(ids)
    if array.dtype.kind in "iu":
        return mix(array.astype(np.uint64))
    if array.dtype.kind == "U":
        return _text_keys(array)
    return np.array([_object_key(value) for value in array], dtype=np.uint64)


def _text_keys(array: NDArray[np.str_]) -> NDArray[np.uint64]:
    width = array.dtype.itemsize // 4
    if width == 0 or array.size == 0:
        return mix(np.zeros(array.size, dtype=np.uint64))
    code_points = np.ascontiguousarray(array).view(np.uint32).reshape(array.size, width)
    keys = np.zeros(array.size, dtype=np.uint64)
    for column in range(width):
        # Padding is skipped, so that a key does not depend on the longest id of the pool.
        filled = code_points[:, column] != 0
        keys[filled] = mix(keys[filled] ^ code_points[filled, column].astype(np.uint64))
    return keys


def _object_key(value: object) -> int:
    return int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=8).digest(), "little")


def pair_keys(ids: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Keys `[n]` of the pairs for one derived seed; `ids` `[n]` are hashes from `id_keys`."""
    return mix(ids ^ mix(np.array([seed], dtype=np.uint64)))


def uniforms(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers in [0, 1), `[n]`, from the top 53 bits of keys `[n]`, as in `numpy.random`."""
    return (keys >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))
