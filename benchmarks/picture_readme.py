"""Draw the picture in the README: MAP against labels, the whole system beside plain random.

    python benchmarks/picture_readme.py docs/map-against-labels.svg

The curves are those of `python benchmarks/run.py full`, as kept in results/full.parquet: means over
five seeds, with bands of one standard error. Dashed: 95% of the fully supervised MAP, which is the
best of the suite's trainers on all labels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from pyarrow import Table
from pyarrow import compute as pc

RESULTS = Path(__file__).parent / "results" / "full.parquet"
SYSTEMS = {
    "coverage picks, memory-bank trains": ("coverage", "memory-bank"),
    "random picks, supervised trains": ("random", "supervised"),
}
COLORS = ("#1f77b4", "#7f7f7f")
SHARE = 0.95


def draw(results: Path, target: Path) -> None:
    """One panel a pool, one curve a system."""
    # Text stays text, and the same picture is the same file.
    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "acqkit"})
    table = pq.read_table(results)
    pools = table["pool"].unique().to_pylist()
    figure, panels = plt.subplots(2, 3, figsize=(9, 4.8), layout="constrained")
    for panel, pool in zip(panels.flat, pools, strict=True):
        _draw_pool(panel, table.filter(pc.equal(table["pool"], pool)))
        panel.set_title(pool, fontsize=10)
    panels[0, 0].set_ylabel("MAP")
    panels[1, 0].set_ylabel("MAP")
    panels[1, 1].set_xlabel("labels")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=9)
    figure.savefig(target, metadata={"Date": None})


def _draw_pool(panel: Axes, table: Table) -> None:
    full = table.filter(pc.equal(table["kind"], "full"))
    trainers = full.group_by("trainer").aggregate([("map", "mean")])
    best = max(trainers["map_mean"].to_pylist())
    panel.axhline(SHARE * best, color="black", linestyle="--", linewidth=0.8)
    for color, (name, (strategy, trainer)) in zip(COLORS, SYSTEMS.items(), strict=True):
        chosen = pc.and_(pc.equal(table["strategy"], strategy), pc.equal(table["trainer"], trainer))
        curves = table.filter(chosen).sort_by([("seed", "ascending"), ("labels", "ascending")])
        seeds = len(curves["seed"].unique())
        labels = curves["labels"].to_numpy().reshape(seeds, -1)[0]
        maps = curves["map"].to_numpy().reshape(seeds, -1)
        mean, error = maps.mean(0), maps.std(0, ddof=1) / np.sqrt(seeds)
        panel.plot(labels, mean, color=color, label=name)
        panel.fill_between(labels, mean - error, mean + error, color=color, alpha=0.25, linewidth=0)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(RESULTS, Path(sys.argv[1]))
