"""What is kept of a batch: the size of the sample, the allocation by region, and the reasons."""

from __future__ import annotations

from typing import Any

from acqkit import RoundContext, Scores
from acqkit.embeddings import IntArray
from acqkit_density.gains import Gains
from acqkit_density.reasons import explain
from acqkit_density.regions import RegionsForm
from acqkit_density.table import allocation_table
from acqkit_density.view import PoolView


def batch_record(
    view: PoolView,
    rows: IntArray,
    gains: Gains,
    regions: RegionsForm,
    context: RoundContext,
    scores: Scores | None = None,
) -> dict[str, Any]:
    """JSON data about the picks `rows` `[n]` of a view, which added `gains`."""
    record: dict[str, Any] = {}
    if view.sample.is_partial:
        record["sample"] = {"pairs": len(view.order), "pool": len(context.pool)}
    record["allocation"] = allocation_table(view, rows, regions)
    return record | explain(view, rows, gains, regions, context, scores)
