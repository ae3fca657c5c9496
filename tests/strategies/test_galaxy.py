"""GALAXY against its definition, on graphs with all their edges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scenarios import blobs, context_of
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.interfaces import RoundContext
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.selection import select
from acqkit.strategies import Galaxy


@dataclass
class Graphs:
    """The graph of each class as the paper has it, over margins `[c, m]`."""

    margins: FloatArray
    known: dict[int, BoolArray]
    reach: int = 1
    _places: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self._places = np.argsort(np.argsort(self.margins, axis=1, kind="stable"), axis=1)

    def middles(self) -> set[int]:
        """Rows in the middle of the shortest paths between labels that differ, over all graphs."""
        while True:
            found = [self._of_class(k) for k in range(len(self.margins))]
            shortest = min(hops for hops, _ in found)
            if np.isfinite(shortest):
                return set().union(*(rows for hops, rows in found if hops == shortest))
            self.reach += 1

    def _of_class(self, k: int) -> tuple[float, set[int]]:
        m = self.margins.shape[1]
        kind = np.array([self.known[row][k] if row in self.known else -1 for row in range(m)])
        apart = np.abs(self._places[k][:, None] - self._places[k])
        cut = (kind[:, None] >= 0) & (kind >= 0) & (kind[:, None] != kind)
        edges = csr_array(((apart > 0) & (apart <= self.reach) & ~cut).astype(float))
        hops = shortest_path(edges, unweighted=True)
        ends = hops[kind == 1][:, kind == 0]
        shortest = ends.min(initial=np.inf)
        if not np.isfinite(shortest):
            return np.inf, set()
        to, of = hops[kind == 1][:, None], hops[kind == 0][None]
        with np.errstate(invalid="ignore"):
            middle = (to + of == shortest) & (np.abs(to - of) <= 1)
        return float(shortest), set(np.flatnonzero(middle.any(axis=(0, 1)) & (kind < 0)))


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_every_pick_is_the_middle_of_a_shortest_path(seed: int, multilabel: bool) -> None:
    rng = np.random.default_rng(seed)
    p = rng.random((40, 3)) if multilabel else rng.dirichlet([0.3, 0.5, 2], 40)
    q = p.astype(np.float32)
    context = context_of(
        blobs(40, 3),
        labeled=rng.choice(20, size=7, replace=False).tolist(),
        waiting=[30, 31],
        probabilities=q,
        multilabel=multilabel,
        classes=3,
        seed=seed,
    )
    labels = context.pool.labels
    others = np.stack([np.delete(q, k, axis=1).max(axis=1) for k in range(3)], axis=1)
    predicted = q >= 0.5 if multilabel else q > others
    rows = np.concatenate([context.canonical(context.candidates), labels.labeled, [30, 31]])
    known = {m: labels.matrix[row] > 0 for m, row in enumerate(rows) if row in labels.labeled}
    known |= {len(rows) - 2 + i: predicted[30 + i] for i in range(2)}
    graphs = Graphs((q if multilabel else q - others)[rows].T, known)
    selection = select(Galaxy(), context, len(context.candidates))
    for pick in selection.positions:
        row = int(np.flatnonzero(rows == pick)[0])
        assert row in graphs.middles()
        graphs.known[row] = predicted[pick]
    assert graphs.reach > 1


def _told(context: RoundContext, labels: LabelState) -> RoundContext:
    assert isinstance(context.pool, PairPool)
    pool = context.pool.with_labels(labels)
    return replace(context, pool=pool, candidates=labels.unlabeled)


def test_a_rare_class_gets_half_of_the_picks() -> None:
    score = np.linspace(
        0, 1, 400, dtype=np.float32
    )  # the last 20 are of the rare class, as the model suspects
    context = context_of(blobs(400, 3), probabilities=np.stack([1 - score, score], 1), classes=2)
    truth = np.stack([np.arange(400) < 380, np.arange(400) >= 380], axis=1).astype(np.uint8)
    labels = context.pool.labels.with_answers(np.array([5, 390]), truth[[5, 390]], 0)
    picks: list[int] = []
    for _ in range(28):
        now = _told(context, labels)
        picks += select(Galaxy(), now, 1).positions.tolist()
        labels = labels.with_answers(np.array(picks[-1:]), truth[picks[-1:]], 0)
    assert {379, 380} <= set(picks[:9])  # bisection of 384 pairs
    rare = sum(pick >= 380 for pick in picks[9:])
    assert 8 <= rare <= 11


def test_reasons_name_the_class_and_labels_that_agree_are_no_boundary() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), 60).astype(np.float32)
    context = context_of(blobs(60, 3), labeled=range(8), probabilities=p)
    reasons = select(Galaxy(), context, 3).record["reasons"]
    assert all(r.startswith("lies between labels with and without class") for r in reasons)
    alike = np.repeat(np.eye(4, dtype=np.uint8)[:1], 8, axis=0)
    labels = context.pool.labels.with_answers(np.arange(8), alike, 0)
    covered = select(Galaxy(), _told(context, labels), 3)
    assert "all labels are the same" in covered.record["reasons"][0]
