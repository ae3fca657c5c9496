"""Pseudo-labels of the pairs in a memory bank, from their neighbors' labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import Component
from acqkit_memory_bank.bank import MemoryBank
from acqkit_memory_bank.neighbors import Weights, joint_points, nearest_pairs
from acqkit_memory_bank.propagate import affinity, propagate
from acqkit_memory_bank.unseen import of_unseen_class, unseen_share

_TINY = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Beliefs:
    """Class probabilities of the `h` pairs that a bank holds.

    positions `[h]` in the pool, ascending; probabilities `[h, c]`, the labels themselves where
    they are known, less than 1 in all where no label was propagated to; reach `[h]`, the mass of
    labels that was; told `[h]`, whether that says something of a pair: some label reached it, or
    that none did tells of its class; agreement `[h]` in [0, 1], the cosine of the two modalities'
    own class probabilities (1 where one is absent); weights, of the modalities in the next search
    for neighbors.
    """

    positions: IntArray
    probabilities: FloatArray
    reach: FloatArray
    told: BoolArray
    agreement: FloatArray
    weights: Weights


class Aggregation(Component):
    """How neighbors across both modalities turn into class probabilities.

    Labels are propagated along the graph of the `neighbors` nearest pairs in the memory, edges
    weighted by a softmax over similarities at `neighbor_temperature`; `spread` says how far.
    The result may be mixed with the classifier's own probabilities (`own`), is aligned with the
    labels' class frequencies (`alignment`) and sharpened (`sharpening`). A modality whose class
    probabilities disagree with the propagated ones counts less in the search for neighbors
    (`reliability`). While classes of a single-label pool have no label, pairs that labels hardly
    reach are likely of those (`unseen`): otherwise all of them would be believed to be of others.
    A trainer may inherit from this, so that these are parameters of it.
    """

    neighbors: int = Field(10, ge=1, description="neighbors of a pair in the memory")
    neighbor_temperature: float = Field(
        0.1, gt=0, description="temperature of their weights; low: the nearest ones count"
    )
    spread: float = Field(0.7, ge=0, lt=1, description="how far labels spread beyond neighbors")
    own: float = Field(
        0.0, ge=0, lt=1, description="share of the classifier's own probabilities in the beliefs"
    )
    alignment: float = Field(
        0.5, ge=0, le=1, description="how far class frequencies are drawn to those of the labels"
    )
    sharpening: float = Field(
        2.0, ge=1, description="exponent of the beliefs of single-label pools"
    )
    reliability: float = Field(
        3.0, ge=0, description="exponent of a modality's agreement in its weight; 0: equal weights"
    )
    unseen: bool = Field(
        True, description="whether single-label pairs may be of classes without a label"
    )

    def beliefs(
        self, bank: MemoryBank, weights: Weights = (1.0, 1.0), device: str = "cpu"
    ) -> Beliefs:
        """Class probabilities of the pairs that `bank` holds.

        weights: of the modalities, those of earlier beliefs or equal ones. device: where
        neighbors are searched. Source: the memory bank paper, doi 10.1016/j.neucom.2024.127430,
        without propagation beyond direct neighbors and without weights of modalities, which
        are added here.
        """
        rows = bank.rows()
        known = bank.is_labeled(rows)
        features = (bank.features[0, rows], bank.features[1, rows])
        own = (bank.probabilities[0, rows], bank.probabilities[1, rows])
        seen = bank.seen[:, rows]
        labels = np.where(known[:, None], own[0], 0)
        mixed = _mean_of_present(own, seen)
        points = joint_points(features, weights)
        similarity, near = nearest_pairs(points, self.neighbors, device)
        graph = affinity(similarity, near, self.neighbor_temperature)
        found, reach = propagate(graph, labels, known.astype(np.float32), self.spread)
        without_own = reach[known] * (1 - (found[known] * labels[known]).sum(axis=1))
        if self.own:
            found = np.where(reach[:, None] > 0, (1 - self.own) * found, 0) + self.own * mixed
        open_ = ~known
        if self.alignment and open_.any() and known.any():
            found[open_] = self._aligned(found[open_], labels[known], bank.multilabel)
        if not bank.multilabel:
            found = _normalized(found**self.sharpening)
        weights = self._weights(own, found, seen & open_)
        told = reach > 0
        if self.unseen and not bank.multilabel and open_.any():
            counts = labels.sum(axis=0)
            new = _unseen(reach[open_], without_own, counts)
            missing = (counts == 0) / max(np.count_nonzero(counts == 0), 1)
            found[open_] = (1 - new[:, None]) * found[open_] + new[:, None] * missing
            told[open_] |= new > 0
        return Beliefs(
            bank.positions_of(rows),
            np.where(known[:, None], labels, found).astype(np.float32),
            reach,
            told,
            np.where(seen.all(axis=0), cosine(*own), 1).astype(np.float32),
            weights,
        )

    def _weights(
        self, own: tuple[FloatArray, FloatArray], found: FloatArray, judged: np.ndarray
    ) -> Weights:
        """Agreement of each modality's own probabilities with `found`, relative to the better."""
        agreement = [
            float(cosine(p[rows], found[rows]).mean()) if rows.any() else 1.0
            for p, rows in zip(own, judged, strict=True)
        ]
        best = max(*agreement, _TINY)
        a, b = ((value / best) ** self.reliability for value in agreement)
        return a, b

    def _aligned(self, found: FloatArray, labels: FloatArray, multilabel: bool) -> FloatArray:
        """Beliefs `[u, c]` drawn towards the class frequencies of the known `labels` `[l, c]`."""
        wanted = (labels.sum(axis=0) + 1) / (len(labels) + 2)
        got = (found.sum(axis=0) + 1) / (len(found) + 2)
        factor = (wanted / got) ** self.alignment
        if not multilabel:
            return _normalized(found * factor)
        clipped = found.clip(_TINY, 1 - _TINY)
        odds = clipped / (1 - clipped) * factor
        aligned: FloatArray = (odds / (1 + odds)).astype(np.float32)
        return aligned


def _unseen(reach: FloatArray, without_own: FloatArray, counts: FloatArray) -> FloatArray:
    """`of_unseen_class` `[u]` by the `counts` `[c]` of labels; 0 where all classes have one."""
    share = unseen_share(counts)
    if share == 0:
        return np.zeros(len(reach), dtype=np.float32)
    return of_unseen_class(reach, without_own, share)


def _mean_of_present(values: tuple[FloatArray, FloatArray], seen: np.ndarray) -> FloatArray:
    total = sum(np.where(s[:, None], v, 0) for v, s in zip(values, seen, strict=True))
    mean: FloatArray = (total / np.maximum(seen.sum(axis=0), 1)[:, None]).astype(np.float32)
    return mean


def _normalized(rows: FloatArray) -> FloatArray:
    """Rows that sum to 1; rows of zeros stay."""
    total = rows.sum(axis=1, keepdims=True)
    normalized: FloatArray = (rows / np.where(total > 0, total, 1)).astype(np.float32)
    return normalized


def cosine(x: FloatArray, y: FloatArray) -> FloatArray:
    """Cosines `[n]` of the rows of `x` and `y` `[n, c]`; 0 where one has no length."""
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    cosine: FloatArray = (x * y).sum(axis=1) / np.maximum(lengths, _TINY)
    return cosine
