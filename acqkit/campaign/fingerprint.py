"""What must stay the same about a pool while a campaign lasts: answers belong to its pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from acqkit.embeddings import IntArray
from acqkit.errors import CampaignError
from acqkit.pool import PairPool
from acqkit.pool.digest import encode, features_digest, is_array
from acqkit.pool.features import FeatureSource

_RAW_SAMPLE = 32
"""Raw items (pictures, texts, sounds) of a modality that are compared: reading all of a large pool
would take minutes at every command. More notice smaller changes."""


def fingerprint(pool: PairPool) -> dict[str, Any]:
    """Plain data that differs where pairs, their order, classes or split do.

    `content` is a digest of each modality's features, or of a sample where they are raw items;
    None for items that cannot be compared, or are not the same when they are read again.
    """
    test = np.zeros(len(pool), dtype=bool) if pool.test is None else np.asarray(pool.test)
    return {
        "pairs": len(pool),
        "modalities": list(pool.modalities),
        "classes": list(pool.class_names),
        "multilabel": pool.multilabel,
        "ids": _digest(np.ascontiguousarray(pool.id_keys(), "<u8").data),
        "split": _digest(np.packbits(test).tobytes()),
        "train": len(pool.train_positions),
        "content": {
            name: _content(source)
            for name, source in zip(pool.modalities, pool.features, strict=True)
        },
    }


def _content(source: FeatureSource) -> str | None:
    if is_array(source):
        return features_digest(source)
    positions = raw_sample(len(source))
    try:
        first = encode(list(source.rows(positions)))
        # Another order, since what was read last is read from memory.
        again = encode(list(source.rows(positions[::-1]))[::-1])
    except TypeError:
        return None
    return _digest(first) if first == again else None


def raw_sample(n: int) -> IntArray:
    """Which of `n` raw items are compared."""
    return np.unique(np.linspace(0, n - 1, _RAW_SAMPLE).astype(np.int64))


def _digest(data: bytes | memoryview) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def check_fingerprint(pool: PairPool, made_with: Mapping[str, Any]) -> None:
    """Raise CampaignError naming the first thing in which the pool is another one.

    Campaigns of before pools had a digest of their content are compared without it.
    """
    what = difference(pool, fingerprint(pool), made_with)
    if what is not None:
        raise not_the_one(pool, what)


def difference(
    pool: PairPool, found: Mapping[str, Any], made_with: Mapping[str, Any]
) -> str | None:
    """The first thing in which a pool with the fingerprint `found` is another one; None if none."""
    each = (_difference(pool, key, wanted, found[key]) for key, wanted in made_with.items())
    return next((what for what in each if what is not None), None)


def not_the_one(pool: PairPool, what: str) -> CampaignError:
    """The error that says in what a pool is another one."""
    return CampaignError(
        f"pool {pool.name!r} is not the one that the campaign was made with: it has {what}; open "
        "the campaign with its own pool"
    )


def _difference(pool: PairPool, key: str, wanted: Any, found: Any) -> str | None:
    if key == "content":
        other = [name for name in wanted if None not in (wanted[name], found[name])]
        other = [name for name in other if wanted[name] != found[name]]
        where = (
            "in another order, or others (its pairs have no ids by which to tell)"
            if pool.explicit_ids is None
            else "that are others under the same ids"
        )
        return f"{' and '.join(other)} features {where}" if other else None
    if found == wanted:
        return None
    if key == "ids":
        return "other ids, or the same in another order"
    if key == "split":
        return "another split into train and test"
    return f"{key} {found!r}, not {wanted!r}"
