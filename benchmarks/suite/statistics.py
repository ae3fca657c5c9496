"""Who is better, and how sure that is: paired tests, mean ranks, wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from acqkit.embeddings import Float64Array
from acqkit.report.figures import Estimate
from suite.study import Study

ALPHA = 0.05


@dataclass(frozen=True)
class Versus:
    """A rival's areas minus those of another, over the blocks that both have.

    p values are two-sided: Wilcoxon's signed-rank test and the sign test over all blocks.
    """

    difference: Estimate
    by_setting: dict[str, Estimate]
    wins: int
    losses: int
    wilcoxon: float
    sign: float


@dataclass(frozen=True)
class Ranks:
    """Mean ranks over blocks (1 is best) of the rivals that are in all of them.

    `friedman` is None for fewer than three rivals or two blocks. p values are of Wilcoxon's
    signed-rank test: `against_first` `[k]` corrected by Holm over the comparisons with the
    best (1 for itself), `pairwise` `[k, k]` over all pairs. `groups` are runs of neighbors in
    rank in which no pair differs, as index ranges, first and last.
    """

    rivals: list[str]
    mean: Float64Array
    friedman: float | None
    against_first: Float64Array
    pairwise: Float64Array
    groups: list[tuple[int, int]]
    blocks: int

    def tied_first(self) -> list[str]:
        """The best by mean rank, and who does not differ from it significantly."""
        return [r for r, p in zip(self.rivals, self.against_first, strict=True) if p >= ALPHA]


def estimates(study: Study) -> dict[str, dict[str, Estimate]]:
    """Area by rival and setting: mean ± standard error over seeds."""
    return {
        rival: {
            setting: Estimate.of([curve.area for curve in own.values()])
            for setting in study.settings
            if (own := study.of(rival, setting))
        }
        for rival in study.rivals
    }


def versus(study: Study, rival: str, other: str | None = None) -> Versus | None:
    """A rival against another, by default the reference; None where they share no block."""
    own, theirs = study.areas(rival), study.areas(other or study.reference)
    blocks = [block for block in study.blocks() if block in own and block in theirs]
    if not blocks:
        return None
    differences = {block: own[block] - theirs[block] for block in blocks}
    values = np.array(list(differences.values()))
    settings = list(dict.fromkeys(setting for setting, _ in blocks))
    wins, losses = int((values > 0).sum()), int((values < 0).sum())
    return Versus(
        difference=Estimate.of(values),
        by_setting={
            name: Estimate.of([d for block, d in differences.items() if block[0] == name])
            for name in settings
        },
        wins=wins,
        losses=losses,
        wilcoxon=signed_rank(values),
        sign=float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0,
    )


def signed_rank(differences: Sequence[float] | Float64Array) -> float:
    """Two-sided p of Wilcoxon's signed-rank test; 1 where nothing differs."""
    values = np.asarray(differences, dtype=np.float64)
    if not values.any():
        return 1.0
    return float(stats.wilcoxon(values).pvalue)


def holm(p: Float64Array) -> Float64Array:
    """p values corrected for their number (Holm 1979), in the order given."""
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    corrected = np.maximum.accumulate(np.minimum(p[order] * factors, 1.0))
    result = np.empty_like(corrected)
    result[order] = corrected
    return result


def mean_ranks(study: Study) -> Ranks | None:
    """Mean ranks with Friedman's test and Wilcoxon-Holm (Demšar 2006; Benavoli et al. 2016).

    None where fewer than two rivals can be compared.
    """
    rivals, blocks = study.complete(), study.blocks()
    if len(rivals) < 2:
        return None
    areas = np.array([[study.areas(rival)[block] for rival in rivals] for block in blocks])
    # The largest area has rank 1.
    mean = stats.rankdata(-areas, axis=1).mean(axis=0)
    order = np.argsort(mean, kind="stable")
    areas, mean = areas[:, order], mean[order]
    pairwise = _pairwise(areas)
    friedman = None
    if len(rivals) > 2 and len(blocks) > 1 and np.ptp(areas, axis=1).any():
        friedman = float(stats.friedmanchisquare(*areas.T).pvalue)
    return Ranks(
        rivals=[rivals[i] for i in order],
        mean=mean,
        friedman=friedman,
        against_first=_against_first(areas),
        pairwise=pairwise,
        groups=_groups(pairwise),
        blocks=len(blocks),
    )


def _against_first(areas: Float64Array) -> Float64Array:
    p = [signed_rank(areas[:, 0] - areas[:, j]) for j in range(1, areas.shape[1])]
    return np.concatenate([[1.0], holm(np.array(p))])


def _pairwise(areas: Float64Array) -> Float64Array:
    k = areas.shape[1]
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    corrected = holm(np.array([signed_rank(areas[:, i] - areas[:, j]) for i, j in pairs]))
    matrix = np.ones((k, k))
    for (i, j), p in zip(pairs, corrected, strict=True):
        matrix[i, j] = matrix[j, i] = p
    return matrix


def _groups(pairwise: Float64Array) -> list[tuple[int, int]]:
    """Longest runs of neighbors in which no two differ significantly."""
    groups: list[tuple[int, int]] = []
    for first in range(len(pairwise)):
        last = first
        while last + 1 < len(pairwise) and (pairwise[first : last + 1, last + 1] >= ALPHA).all():
            last += 1
        if last > first and not any(last <= end for _, end in groups):
            groups.append((first, last))
    return groups


def win_matrix(study: Study, rivals: list[str]) -> Float64Array:
    """Share of common blocks `[k, k]` in which the row beats the column; a tie is half a win.

    NaN on the diagonal and where two have no block in common.
    """
    matrix = np.full((len(rivals), len(rivals)), np.nan)
    areas = [study.areas(rival) for rival in rivals]
    for i, own in enumerate(areas):
        for j, other in enumerate(areas):
            common = own.keys() & other.keys()
            if i != j and common:
                won = [(own[b] > other[b]) + 0.5 * (own[b] == other[b]) for b in common]
                matrix[i, j] = float(np.mean(won))
    return matrix
