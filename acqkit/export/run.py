"""A simulated run written out: the campaign of one of its seeds, after the last round."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acqkit.campaign import Campaign
from acqkit.components.spec import ComponentSpec
from acqkit.errors import ExportError
from acqkit.export.about import About
from acqkit.export.write import export_campaign
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.report.runs import RunFolder, find_runs
from acqkit.runs.pool import simulated


def export_run(
    run: str | Path,
    out: str | Path,
    *,
    seed: int | None = None,
    pool: PairPool | None = None,
    **parts: Any,
) -> About:
    """Write what `export_campaign` does for one seed of a simulated run, by default its first.

    The model is that of the last round: the run has kept it, and where it did not, it is trained
    again from the same labels and seed. `pool` is wanted where the run's is not found by its path
    or name, `parts` (`strategy`, `trainer`, `model`, `device`) where they are objects.

    Raises ExportError where there are several strategies or no such seed, or as
    `export_campaign`, and CampaignError for another pool or other parts.
    """
    with campaign_of_run(run, seed=seed, pool=pool, **parts) as campaign:
        return export_campaign(campaign, out)


@contextmanager
def campaign_of_run(
    run: str | Path, *, seed: int | None = None, pool: PairPool | None = None, **parts: Any
) -> Iterator[Campaign]:
    """The campaign in which one seed of a run was simulated; raises as `export_run`."""
    found = _one(Path(run))
    seed = found.seeds[0] if seed is None else seed
    folder = found.folder.seed(seed).campaign
    if seed not in found.seeds or not folder.is_dir():
        seeds = ", ".join(str(each) for each in found.seeds)
        raise ExportError(f"there is no seed {seed} in {found.folder.path}; its seeds are {seeds}")
    with Campaign.open(folder, _pool(found, pool), **parts) as campaign:
        yield campaign


def _one(folder: Path) -> RunFolder:
    runs = find_runs([folder])
    if len(runs) > 1:
        paths = ", ".join(str(run.folder.path) for run in runs)
        raise ExportError(f"{folder} holds several strategies; name the folder of one: {paths}")
    return runs[0]


def _pool(run: RunFolder, given: PairPool | None) -> PairPool:
    config = run.results.config
    if given is None:
        spec = ComponentSpec.model_validate(config["pool"])
        given = load_pool(spec.name, **spec.params)
    return simulated(given, config.get("test_share", 0.2))
