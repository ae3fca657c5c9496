"""How like a text pairs are, by the encoder that made the pool's features of texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, IntArray
from acqkit.encoding.again import encode_with, identity_of, make_encoder, modalities_for
from acqkit.errors import ConfigError
from acqkit.interfaces import Pool, RoundContext
from acqkit.neighbors import unit
from acqkit.pool.built import EncoderAbout

_NOTHING = -1.0
"""Likeness of a pair that lacks what is compared: the least that a cosine can be."""


def text_likeness(context: RoundContext, positions: IntArray, text: str) -> FloatArray:
    """Cosine similarities `[k]` of a text and the features of the pairs at `positions`.

    Compared is the modality that has texts; with an encoder of both modalities, which embeds them
    in one space, the mean over both. Raises ConfigError where the pool has no encoder of texts, or
    as `make_encoder`.
    """
    pool = context.pool
    total = np.zeros(len(positions), dtype=np.float32)
    present = np.zeros(len(positions), dtype=np.int64)
    for modality, about in _compared(pool).items():
        side = pool.modalities.index(modality)
        query = unit(encode_with(make_encoder(about), about, [text]))[0]
        for start in range(0, len(positions), DEFAULT_BLOCK_SIZE):
            rows = slice(start, start + DEFAULT_BLOCK_SIZE)
            batch = pool.batch(positions[rows])
            mask = (batch.present_a, batch.present_b)[side]
            cosines = unit(np.asarray((batch.a, batch.b)[side], np.float32)) @ query
            total[rows] += cosines if mask is None else np.where(mask, cosines, 0)
            present[rows] += 1 if mask is None else mask
    found: FloatArray = np.where(present > 0, total / np.maximum(present, 1), _NOTHING)
    return found.astype(np.float32)


def _compared(pool: Pool) -> dict[str, EncoderAbout]:
    """The modalities with which a text is compared, and the encoder of each."""
    # Only pools that were built from files know how.
    encoders: Mapping[str, EncoderAbout] = getattr(pool, "encoders", {})
    named = modalities_for(encoders, "text")
    if not named:
        raise ConfigError(
            f"seek has a text, but pool {pool.name!r} has no encoder of texts recorded, as one "
            "built with `acqkit pool build` has; give examples or a class_name"
        )
    spaces = [_space(encoders[name]) for name in named]
    return {name: about for name, about in encoders.items() if _space(about) in spaces}


def _space(about: EncoderAbout) -> object:
    return identity_of(about.record, about.version)
