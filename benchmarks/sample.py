"""What it costs in quality that `density` searches neighbors, and covers a sample of a large pool.

    python benchmarks/sample.py --pairs 60000 --labeled 50 --picks 150

The pool of the suite `scale`: the objective of the coverage form (summed scores, plus what the
picks cover of all pairs) relative to that of the exact picks, for picks among all pairs with
neighbors searched to a recall of 0.95, then, one seed a line, for picks from the sample and for
random ones. Neighborhoods hold the same share of the pool for all three: half a
pick's. The bound below which a pool is treated exactly is lowered, so that the sample holds 112
pairs a label or pick, as for 1,500 labels and picks out of a million pairs.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from acqkit_density import Density, graph, large
from acqkit_density.scene import Ground, Scene

from acqkit import RoundContext, Scores, Selection
from acqkit.embeddings import IntArray
from acqkit.selection import Composed, score_candidates, select
from acqkit.strategies import Entropy
from suite.scale import measure as scale


def main() -> None:
    """Print a table of relative objectives, one row a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60_000)
    parser.add_argument("--labeled", type=int, default=50)
    parser.add_argument("--picks", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    n, picks = options.pairs, options.picks
    torch.set_num_threads(scale.THREADS)
    with tempfile.TemporaryDirectory() as temporary:
        scale.generate(Path(temporary), n)
        base = scale.open_context(Path(temporary), n, options.labeled)
        exact = Density(neighbors=n // (2 * (options.labeled + picks)))
        scores = score_candidates(Entropy(), base)
        with mock.patch.object(graph, "_RECALL", 1.0):
            scene = whole(exact, scores, base, picks)
        best = value(exact, scene, picks, exact.choose(scene, picks))
        searched = exact.choose(whole(exact, scores, base, picks), picks)
        print(
            f"all pairs, neighbors to a recall of {graph._RECALL}: "
            f"{value(exact, scene, picks, searched) / best:.4f} of the exact objective\n"
        )
        print("seed | pairs in the sample | sample / exact | random / exact\n--- | --- | --- | ---")
        for seed in range(options.seeds):
            found = sampled(replace(base, seed=seed), picks)
            chance = np.random.default_rng(seed).choice(base.candidates, picks, replace=False)
            ratios = [
                value(exact, scene, picks, rows_of(scene, positions)) / best
                for positions in (found.positions, chance)
            ]
            size = found.record["sample"]["pairs"]
            print(f"{seed} | {size:,} | {ratios[0]:.3f} | {ratios[1]:.3f}", flush=True)


def whole(allocator: Density, scores: Scores, context: RoundContext, picks: int) -> Scene:
    """All pairs, however many they are."""
    with mock.patch.object(large, "LARGE", len(context.pool)):
        ground = Ground.whole(context, picks, neighbors=allocator.neighbors)
    return Scene.of(ground, scores, allocator.informative_coverage)


def sampled(context: RoundContext, picks: int) -> Selection:
    """What is picked from a sample as thin as that of a pool of a million."""
    with mock.patch.object(large, "LARGE", 0):
        return select(Composed(scorer=Entropy(), allocator=Density()), context, picks)


def rows_of(scene: Scene, positions: IntArray) -> IntArray:
    """Rows of the scene in which `positions` stand."""
    return np.argsort(scene.order)[positions]


def value(allocator: Density, scene: Scene, picks: int, rows: IntArray) -> float:
    """The objective of `rows`, above what the labeled pairs cover already."""
    coverage = allocator.coverage(scene, picks)
    before = coverage.value()
    coverage.include(rows)
    return float(scene.utilities[rows].sum()) + coverage.value() - before


if __name__ == "__main__":
    main()
