"""Studies made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suite.study import Block, Curve, Study

SECONDS = {"train": 2.0, "embed": 0.1, "score": 0.2, "allocate": 0.3, "evaluate": 0.1}


def make_curve(labels: Sequence[int], values: Sequence[float], pairs: int = 1000) -> Curve:
    return Curve(tuple(labels), tuple(values), SECONDS, pairs, random_first=False)


def flat_study(areas: Mapping[str, Sequence[float]], per_pool: int = 5) -> Study:
    """Rivals with constant curves, so that areas are the numbers given, block by block."""
    count = len(next(iter(areas.values())))
    blocks: list[Block] = [(f"pool{i // per_pool}", i % per_pool) for i in range(count)]
    return Study(
        title="By hand",
        description="",
        what="strategy",
        reference="random",
        metric="MAP",
        settings=list(dict.fromkeys(setting for setting, _ in blocks)),
        rivals=list(areas),
        curves={
            rival: {b: make_curve([10, 20], [v, v]) for b, v in zip(blocks, values, strict=False)}
            for rival, values in areas.items()
        },
    )


def curve_study(
    curves: Mapping[str, Curve], full: float | None = None, reference: str = "random"
) -> Study:
    """One pool, one seed."""
    return Study(
        title="By hand",
        description="",
        what="strategy",
        reference=reference,
        metric="MAP",
        settings=["pool"],
        rivals=list(curves),
        curves={rival: {("pool", 0): curve} for rival, curve in curves.items()},
        full={} if full is None else {"pool": full},
    )
