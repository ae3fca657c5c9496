"""From run folders to `ReportData`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.components.spec import ComponentSpec
from acqkit.embeddings import IntArray
from acqkit.errors import AcqkitError, CampaignError
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.report.data import (
    AllocationTable,
    ClassFacts,
    Coverage,
    Figures,
    Full,
    PoolFacts,
    Precision,
    ReportData,
    Run,
)
from acqkit.report.gallery import Gallery
from acqkit.report.poolmap import pool_map
from acqkit.report.runs import RunFolder, component_label, find_runs
from acqkit.report.searches import searches
from acqkit.report.showcase import Showcase
from acqkit.runs import MetricFacts, Reference
from acqkit.runs.folder import StoredBatch
from acqkit.runs.pool import partly_labeled, simulated

_MOST_NAMED = 5


def collect(folders: Sequence[Path], pool: PairPool | None = None) -> ReportData:
    """Read everything that a report shows.

    Without the pool (`pool`, or what the configuration names) there are no classes, pictures
    or texts, and without the campaigns' state no scores, allocations or map; the notes say so.

    Raises ReportError when there is no run, or when the runs are on different pools.
    """
    # The best first, as people read a table.
    runs = sorted(find_runs(folders), key=lambda run: -np.mean(list(run.results.area().values())))
    partly = partly_labeled(runs[0].results.pool)
    notes: list[str] = [f"{partly[0].upper()}{partly[1:]}."] if partly else []
    pool = _pool(runs, pool, notes)
    batches = [_batches(run, notes) for run in runs]
    picked = [_positions(run, pool, said) for run, said in zip(runs, batches, strict=True)]
    full = max(filter(None, (run.results.full for run in runs)), key=lambda r: r.map, default=None)
    showcase = Showcase.of(pool)
    found = {run.name: searches(run, showcase) for run in runs}
    gallery = Gallery.make(runs, batches, picked, showcase)
    notes += _left_out(showcase.shelf.refused)
    return ReportData(
        pool=_facts(runs[0], pool),
        metrics=_metrics(runs),
        runs=[
            _run(run, said, pool, gallery.picks[run.name], full).model_copy(
                update={"searches": found[run.name]}
            )
            for run, said in zip(runs, batches, strict=True)
        ],
        classes=_classes(pool),
        map=pool_map(runs, picked, pool, notes),
        media=showcase.shelf.uris,
        notes=notes,
    )


def _pool(runs: list[RunFolder], given: PairPool | None, notes: list[str]) -> PairPool | None:
    """The pool that the runs were on, with their split, or None and a note why."""
    config = runs[0].results.config
    try:
        spec = ComponentSpec.model_validate(config["pool"])
        pool = load_pool(spec.name, **spec.params) if given is None else given
        pool = simulated(pool, config.get("test_share", 0.2))
        found = (len(pool), len(pool.train_positions), len(pool.class_names))
        wanted = runs[0].results.pool
        if found != (wanted.n, wanted.train, wanted.classes):
            raise AcqkitError(
                f"it has {found[0]} pairs, {found[1]} to train and {found[2]} classes, the run "
                f"had {wanted.n}, {wanted.train} and {wanted.classes}"
            )
        for run in runs:
            pool.position_of(run.results.rounds[0].picked)
    except AcqkitError as error:
        notes.append(
            f"The pool could not be opened, so there are no pictures, texts or classes: {error}."
        )
        return None
    return pool


def _batches(run: RunFolder, notes: list[str]) -> dict[int, StoredBatch]:
    """What the strategy said of its picks, or nothing and a note why."""
    try:
        return run.batches(run.seeds[0])
    except CampaignError as error:
        notes.append(
            f"The state of {run.name} cannot be read, so there are no scores, reasons and "
            f"embeddings of its picks: {error}."
        )
        return {}


def _left_out(refused: Mapping[str, str]) -> list[str]:
    """Which files are not shown, and why."""
    if not refused:
        return []
    named = [f"{name} {why}" for name, why in list(refused.items())[:_MOST_NAMED]]
    if (more := len(refused) - len(named)) > 0:
        named.append(f"and {more} more")
    files = (
        "One file that the pool names is" if len(refused) == 1 else "Files that the pool names are"
    )
    return [f"{files} not shown: {'; '.join(named)}."]


def _positions(
    run: RunFolder, pool: PairPool | None, batches: dict[int, StoredBatch]
) -> dict[int, IntArray]:
    """Positions of the shown seed's picks by round."""
    records = run.rounds(run.seeds[0])
    if pool is not None:
        return {r.round: pool.position_of(r.picked) for r in records if r.picked}
    return {round: batch.positions for round, batch in batches.items()}


def _facts(run: RunFolder, pool: PairPool | None) -> PoolFacts:
    modalities = ("a", "b") if pool is None else pool.modalities
    return PoolFacts(**run.results.pool.model_dump(), modalities=modalities)


def _metrics(runs: list[RunFolder]) -> dict[str, MetricFacts]:
    """Every metric that any run has measured, in the order of their results."""
    known = {name: facts for run in runs for name, facts in run.results.metrics.items()}
    measured = {name for run in runs for record in run.results.rounds for name in record.metrics}
    return {name: facts for name, facts in known.items() if name in measured}


def _train_truth(pool: PairPool | None) -> NDArray[np.uint8] | None:
    if pool is None or pool.truth is None:
        return None
    return np.asarray(pool.truth[pool.train_positions])


def _classes(pool: PairPool | None) -> ClassFacts | None:
    truth = _train_truth(pool)
    if pool is None or truth is None:
        return None
    counts = truth.sum(axis=0, dtype=np.int64).tolist()
    return ClassFacts(names=list(pool.class_names), counts=counts)


def _run(
    run: RunFolder,
    batches: dict[int, StoredBatch],
    pool: PairPool | None,
    picks: list[Any],
    full: Reference | None,
) -> Run:
    """What the page says of a run; `full` is the best reference that any run on the pool has."""
    results, seed = run.results, run.seeds[0]
    return Run(
        name=run.name,
        config=_readable(results.config),
        versions=results.versions,
        figures=[
            Figures(**record.model_dump(include=set(Figures.model_fields)))
            for record in results.rounds
        ],
        full=None if full is None else Full(**full.model_dump(include=set(Full.model_fields))),
        coverage=_coverage(run, pool),
        precision=_precision(run),
        endings=results.endings(),
        shown_seed=seed,
        picks=picks,
        picks_total={record.round: len(record.picked) for record in run.rounds(seed)},
        allocations=[
            AllocationTable(round=round, name=name, rows=rows)
            for round, batch in sorted(batches.items())
            for name, rows in _tables(batch).items()
        ],
    )


def _readable(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with components as people call them and sections as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict) and "name" in value:
            flat[key] = component_label(value)
        elif isinstance(value, dict):
            flat |= {f"{key}.{inner}": item for inner, item in value.items()}
        else:
            flat[key] = value
    return flat


def _tables(batch: StoredBatch) -> dict[str, list[dict[str, Any]]]:
    """What the strategy recorded as a list of rows, or as a single one, by name.

    A mapping of lists is no row: it has a value a pick.
    """
    tables = {}
    for name, value in batch.record.items():
        rows = value if isinstance(value, list) else [value]
        if found := [dict(row) for row in rows if isinstance(row, dict) and _is_row(row)]:
            tables[name] = found
    return tables


def _is_row(cells: dict[str, Any]) -> bool:
    return bool(cells) and not all(isinstance(cell, list) for cell in cells.values())


def _precision(run: RunFolder) -> Precision | None:
    """What was measured after the last round of each seed."""
    found = [r.label_precision for r in run.results.rounds if r.label_precision is not None]
    if not found:
        return None
    return Precision(
        coverages=found[0].coverages,
        classifier=[one.classifier for one in found if one.classifier is not None],
        pseudo_labels=[one.pseudo_labels for one in found if one.pseudo_labels is not None],
    )


def _coverage(run: RunFolder, pool: PairPool | None) -> Coverage | None:
    if pool is None or pool.truth is None:
        return None
    rounds = sorted({record.round for record in run.results.rounds})
    counts = np.zeros((len(run.seeds), len(rounds), len(pool.class_names)))
    pairs = np.zeros(len(rounds))
    for record in run.results.rounds:
        if record.picked:
            truth = np.asarray(pool.truth[pool.position_of(record.picked)])
            row = rounds.index(record.round)
            counts[run.seeds.index(record.seed), row] += truth.sum(axis=0)
            pairs[row] += len(truth)
    return Coverage(
        rounds=rounds,
        picked=np.round(pairs / len(run.seeds), 3).tolist(),
        counts=np.round(counts.mean(axis=0), 3).tolist(),
        seen=float((counts.sum(axis=1) > 0).sum(axis=1).mean()),
    )
