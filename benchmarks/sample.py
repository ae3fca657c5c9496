"""What it costs in quality that `density` searches neighbors, and covers a sample of a large pool.

    python benchmarks/sample.py --pairs 60000 --labeled 50 --picks 150

The pool of the suite `scale`: the objective of the coverage form (summed scores, plus what the
picks cover of all pairs) relative to that of the exact picks, for picks among all pairs with
neighbors searched to a recall of 0.95, then, one seed a line, for picks from the sample and for
random ones. Neighborhoods hold the same share of the pool for all three: half a
pick's. The sample holds 112 pairs a label or pick, as for 1,500 labels and picks out of a million
pairs.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from acqkit_density import Density
from acqkit_density.coverage import Coverage, CoverageForm, greedy
from acqkit_density.sample import SampleSizes
from acqkit_density.view import PoolView, ViewParameters

from acqkit import RoundContext, Scores
from acqkit.components.compose import Composed
from acqkit.embeddings import IntArray
from acqkit.selection import score_candidates, select
from acqkit.strategies import Entropy
from suite.scale import measure as scale


class Sampling(Density):
    """Picks from a sample as thin as that of a pool of a million, however large the pool is."""

    sizes: ClassVar[SampleSizes] = SampleSizes(whole=0)


@dataclass(frozen=True, eq=False)
class Objective:
    """The objective of `picks` picks on a view of all pairs."""

    view: PoolView
    coverage: Coverage

    @classmethod
    def of(
        cls, context: RoundContext, scores: Scores, neighbors: int, picks: int, recall: float
    ) -> Objective:
        """With neighbors found to a recall."""
        sizes = SampleSizes(whole=len(context.pool), recall=recall)
        view = PoolView.of(context, ViewParameters(picks, neighbors=neighbors, sizes=sizes))
        form = Density().objective()
        assert isinstance(form, CoverageForm)
        return cls(view, form.objective(view, view.utilities(scores), picks))

    def value(self, positions: IntArray) -> float:
        """What picks add to utility and to what the labeled pairs cover already."""
        rows = np.argsort(self.view.order)[positions]
        covered = self.coverage.with_picks(rows).value() - self.coverage.value()
        return float(self.coverage.utilities[rows].sum()) + covered

    def best(self, picks: int) -> IntArray:
        """Positions of the greedy choice."""
        return self.view.order[greedy(self.coverage, self.view.candidates, picks)]


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
        scores, k = score_candidates(Entropy(), base), n // (2 * (options.labeled + picks))
        exact = Objective.of(base, scores, k, picks, 1.0)
        best = exact.value(exact.best(picks))
        recall = SampleSizes().recall
        searched = exact.value(Objective.of(base, scores, k, picks, recall).best(picks))
        print(
            f"all pairs, neighbors to a recall of {recall}: {searched / best:.4f} of the exact "
            "objective\n"
        )
        print("seed | pairs in the sample | sample / exact | random / exact\n--- | --- | --- | ---")
        for seed in range(options.seeds):
            strategy = Composed(scorer=Entropy(), allocator=Sampling())
            found = select(strategy, replace(base, seed=seed), picks)
            chance = np.random.default_rng(seed).choice(base.candidates, picks, replace=False)
            ratios = [exact.value(positions) / best for positions in (found.positions, chance)]
            size = found.record["sample"]["pairs"]
            print(f"{seed} | {size:,} | {ratios[0]:.3f} | {ratios[1]:.3f}", flush=True)


if __name__ == "__main__":
    main()
