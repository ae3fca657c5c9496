"""`write_report`: from run folders to the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acqkit.pool import PairPool
from acqkit.report.collect import collect
from acqkit.report.render import render_report


def write_report(
    folders: Sequence[Path], out: Path | None = None, pool: PairPool | None = None
) -> Path:
    """Write one page about the runs in `folders` and return its path.

    A folder is one run (`results.json` lies in it) or holds one run a strategy. The page is
    `out`, by default `report.html` in the first folder. `pool` is wanted only where the runs
    were made on a pool in memory, which cannot be found again by path or name.

    Raises ReportError when there is no run, or when the runs are on different pools.
    """
    data = collect(folders, pool)
    return render_report(data, Path(folders[0]) / "report.html" if out is None else Path(out))
