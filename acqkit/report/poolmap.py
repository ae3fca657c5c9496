"""The map of the pool with what each run picked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import CampaignError
from acqkit.pool import PairPool
from acqkit.pool.display import display_columns
from acqkit.report.data import MapPicks, PoolMap
from acqkit.report.layout import choose_points, layout
from acqkit.report.media import shorten
from acqkit.report.runs import RunFolder

_LONGEST_CAPTION = 70
_LONGEST_ID = 60


def pool_map(
    runs: Sequence[RunFolder],
    picked: Sequence[dict[int, IntArray]],
    pool: PairPool | None,
    notes: list[str],
) -> PoolMap | None:
    """One map for all runs, so that their picks can be compared; None without embeddings.

    It is drawn from the latest embeddings of the run that ended best, the most telling
    ones, else from the pool's own features.
    """
    found = _embedded(runs) or _features(pool)
    if found is None:
        notes.append("There is no map: no embeddings were kept, and the pool is not at hand.")
        return None
    positions, means, source = found
    order = np.argsort(positions)
    positions, means = positions[order], means[order]
    everything = [p for rounds in picked for p in rounds.values()]
    wanted = np.concatenate(everything) if everything else np.zeros(0, np.int64)
    rows = choose_points(len(positions), _rows_of(wanted, positions))
    shown = positions[rows]
    points, method = layout(means[rows])
    if len(rows) < len(positions):
        source += f"; {len(rows):,} of {len(positions):,} pairs, all picks among them"
    return PoolMap(
        method=method,
        source=source,
        x=np.round(points[:, 0], 4).tolist(),
        y=np.round(points[:, 1], 4).tolist(),
        ids=_ids(shown, pool),
        captions=_captions(shown, pool),
        picks=[
            _map_picks(run.name, rounds, shown) for run, rounds in zip(runs, picked, strict=True)
        ],
    )


def _embedded(runs: Sequence[RunFolder]) -> tuple[IntArray, FloatArray, str] | None:
    """Positions, unified means and where they come from: of the run with the best last MAP."""
    for run in sorted(runs, key=lambda run: -run.rounds(run.seeds[0])[-1].map):
        seed = run.seeds[0]
        try:
            embeddings = run.embeddings(seed)
        except CampaignError:
            continue  # which is noted where its batches are read
        if embeddings is not None:
            source = f"unified embeddings of {run.name}, seed {seed}, its last round"
            return np.asarray(embeddings.positions), embeddings.unified_mean(), source
    return None


def _features(pool: PairPool | None) -> tuple[IntArray, FloatArray, str] | None:
    if pool is None or pool.dims is None:
        return None
    positions = pool.train_positions
    batch = pool.batch(positions)
    sides = []
    for values in (batch.a, batch.b):
        norms = np.linalg.norm(values, axis=1, keepdims=True)
        sides.append(values / np.maximum(norms, 1e-12))
    return positions, np.concatenate(sides, axis=1), "input features of both modalities"


def _rows_of(positions: IntArray, ascending: IntArray) -> IntArray:
    """Indices into `ascending` of those `positions` that are in it."""
    rows = np.searchsorted(ascending, positions).clip(max=len(ascending) - 1)
    return np.asarray(rows[ascending[rows] == positions], dtype=np.int64)


def _map_picks(name: str, rounds: dict[int, IntArray], shown: IntArray) -> MapPicks:
    points: list[int] = []
    numbers: list[int] = []
    for round, positions in sorted(rounds.items()):
        rows = _rows_of(positions, shown)
        points += rows.tolist()
        numbers += [round] * len(rows)
    return MapPicks(run=name, points=points, rounds=numbers)


def _ids(positions: IntArray, pool: PairPool | None) -> list[str]:
    ids = positions if pool is None else pool.ids[positions]
    return [shorten(str(value), _LONGEST_ID) for value in ids.tolist()]


def _captions(positions: IntArray, pool: PairPool | None) -> list[str]:
    """The pair's text, or its labels where it has none."""
    if pool is None:
        return [""] * len(positions)
    texts = [column.values for column in display_columns(pool) if column.kind == "text"]
    if texts:
        values = [texts[0][position] for position in positions.tolist()]
        return ["" if value is None else shorten(value, _LONGEST_CAPTION) for value in values]
    if pool.truth is None:
        return [""] * len(positions)
    names = [
        ", ".join(pool.class_names[c] for c in np.flatnonzero(pool.truth[position]))
        for position in positions.tolist()
    ]
    return [shorten(name, _LONGEST_CAPTION) for name in names]
