"""What a trained model depends on, as one digest by which it is found again."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np

from acqkit.interfaces import Model, ModelState, StatefulModel
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.digest import content_digests, encode

_LIBRARIES = ("acqkit", "numpy", "scikit-learn", "torch")
"""Distributions of which another version may train another model."""

_READ_IN_TRAINING = ("ids", "classes", "split", "a", "b", "present_a", "present_b")
"""Of a pool's digests, those of what a trainer sees."""


class TrainingIdentity:
    """Digests of all that a training depends on: parts, seed, versions, pool, device, labels.

    parts: the stored records of trainer and model.
    """

    def __init__(
        self, parts: Mapping[str, Mapping[str, Any]], seed: int, device: str, pool: PairPool
    ) -> None:
        self._parts = parts
        self._seed = seed
        self._device = device.partition(":")[0]
        self._pool = pool

    def key(self, pool: PairPool, untrained: Model, labels: bytes) -> str | None:
        """The digest for a training of `untrained`, as its factory made it, on a train part.

        labels: their digest, as far as the training depends on them. None where something does
        not say what it is, so that no equal training can be told.
        """
        initial = untrained.state() if isinstance(untrained, StatefulModel) else None
        if initial is None or self._constant is None:
            return None
        digest = hashlib.blake2b(self._constant, digest_size=16)
        _add_state(digest, initial)
        digest.update(labels)
        if pool.class_names != self._pool.class_names:
            digest.update(encode(pool.class_names))
        return digest.hexdigest()

    @functools.cached_property
    def _constant(self) -> bytes | None:
        """What stays the same while the campaign is open; reads the pool once."""
        if not _says_what_it_is(self._parts["trainer"]):
            return None
        content = content_digests(self._pool)
        read = {name: content[name] for name in _READ_IN_TRAINING if name in content}
        if None in read.values():
            return None
        found = [self._parts, self._seed, self._device, read, _versions()]
        return json.dumps(found, sort_keys=True).encode()


def label_digest(labels: LabelState) -> bytes:
    """A digest of which pairs are labeled, since which round, and how."""
    digest = hashlib.blake2b(np.ascontiguousarray(labels.round).data)
    digest.update(np.ascontiguousarray(labels.matrix).data)
    return digest.digest()


def _add_state(digest: Any, state: ModelState) -> None:
    digest.update(json.dumps(state.data, sort_keys=True).encode())
    for name, values in sorted(state.arrays.items()):
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data)


def _says_what_it_is(record: Any) -> bool:
    """Whether a stored record has the parameters of every component in it."""
    if not isinstance(record, Mapping):
        return True
    if "params" in record and record["params"] is None:
        return False
    return all(_says_what_it_is(value) for value in record.values())


@functools.cache
def _versions() -> dict[str, str]:
    """Versions of the libraries and of every distribution that brings plugins."""
    plugins = metadata.entry_points(group="acqkit")
    names = {point.dist.name for point in plugins if point.dist is not None} | {*_LIBRARIES}
    return {name: metadata.version(name) for name in sorted(names)}
