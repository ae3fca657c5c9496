"""Why each pair was picked: what it added to the objective, and the labeled pair nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acqkit import RoundContext, Scores
from acqkit.embeddings import Float64Array, FloatArray, IntArray
from acqkit.neighbors import nearest
from acqkit_density.gains import Gains
from acqkit_density.neighbors import means_only, pair_points
from acqkit_density.regions import RegionsForm
from acqkit_density.view import PoolView


@dataclass(frozen=True, eq=False, slots=True)
class NearestLabels:
    """For n picks the id of the nearest labeled pair, and how far away it is.

    distances `[n]`: the root of the mean of both modalities' squared distances between unit means,
    from 0 to 2.
    """

    ids: Sequence[str]
    distances: FloatArray

    @classmethod
    def of(cls, view: PoolView, rows: IntArray, context: RoundContext) -> NearestLabels | None:
        """None before the first label."""
        if len(view.labeled) == 0:
            return None
        means, labeled = means_only(context.embeddings), view.order[view.labeled]
        own, known = (pair_points(means.take(some)) for some in (view.order[rows], labeled))
        squared, which = nearest(own, known)
        return cls([str(i) for i in context.pool.ids[labeled[which]]], np.sqrt(squared))


def explain(
    view: PoolView,
    rows: IntArray,
    gains: Gains,
    regions: RegionsForm,
    context: RoundContext,
    scores: Scores | None,
) -> dict[str, Any]:
    """A record of picks `rows` `[n]`: `gains`, columns of n values, and `reasons`, n sentences.

    Columns are the gain, its parts, in the coverage forms `newly_covered`, and `nearest_labeled`
    with its `distance`, once there are labels. scores: None where picks have no informativeness.
    """
    columns: dict[str, list[Any]] = {"gain": gains.total.tolist()}
    columns |= {name: part.tolist() for name, part in gains.parts.items()}
    if gains.newly_covered is not None:
        columns["newly_covered"] = gains.newly_covered.tolist()
    labels = NearestLabels.of(view, rows, context)
    if labels is not None:
        columns |= {"nearest_labeled": list(labels.ids), "distance": labels.distances.tolist()}
    if gains.newly_covered is None:
        first = _on_regions(view, rows, regions)
    else:
        first = _on_coverage(gains.newly_covered, view.sample.is_partial)
    sentences = [first, _on_labels(labels, len(rows))]
    if scores is not None:
        sentences.append(_on_parts(gains, scores.reasons(view.order[rows])))
    reasons = [" ".join(parts) for parts in zip(*sentences, strict=True)]
    return {"gains": columns, "reasons": reasons}


def _on_coverage(newly_covered: Float64Array, is_estimate: bool) -> list[str]:
    about = "about " if is_estimate else ""
    counts = np.rint(newly_covered).astype(np.int64).tolist()
    return [
        f"Covers {about}{count:,} similar {'pair' if count == 1 else 'pairs'} that no labeled or "
        "picked pair covered."
        if count
        else "All similar pairs were covered already."
        for count in counts
    ]


def _on_regions(view: PoolView, rows: IntArray, regions: RegionsForm) -> list[str]:
    penalty, region = regions.penalty(view, len(rows)), view.region[rows]
    picked = np.bincount(region, minlength=len(view.sizes))
    share = penalty.target * penalty.total
    return [
        f"One of {picked[k]} picks from region {k} ({view.sizes[k]:,} pairs), whose share of "
        f"labels is {share[k]:.1f} and which has {penalty.labeled[k]}."
        for k in region.tolist()
    ]


def _on_labels(labels: NearestLabels | None, n: int) -> list[str]:
    if labels is None:
        return ["No pair has a label yet."] * n
    return [
        f"The nearest labeled pair is {name} (distance {distance:.2f})."
        for name, distance in zip(labels.ids, labels.distances.tolist(), strict=True)
    ]


def _on_parts(gains: Gains, said: Sequence[str]) -> list[str]:
    """What the gain is made of, with what the scorer says where that is the larger part."""
    utility = gains.parts["utility"]
    rest = gains.parts.get("coverage", gains.parts.get("density"))
    assert rest is not None
    told = _of_coverage if "coverage" in gains.parts else _of_density
    return [
        " ".join(filter(None, (told(own, other), sentence if own > other else "")))
        for own, other, sentence in zip(utility.tolist(), rest.tolist(), said, strict=True)
    ]


def _of_coverage(own: float, coverage: float) -> str:
    if own + coverage <= 0:
        return "It gains nothing: all that it could cover is covered as well already."
    share = round(100 * coverage / (own + coverage))
    return f"{share}% of its gain is coverage, {100 - share}% its own informativeness."


def _of_density(own: float, density: float) -> str:
    return (
        f"Its own informativeness adds {own:.2f} to the objective, the balance of regions "
        f"{density:+.2f}."
    )
