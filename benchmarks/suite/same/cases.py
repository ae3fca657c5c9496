"""What is run at each of two commits; only what is stable between them may be used here.

    python -m suite.same.cases OUT.json [PART_OF_A_NAME]

Each case gives its picks in order of choice and every figure that it has, by name.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import acqkit
from acqkit import PairPool

Outcome = dict[str, list[Any]]
SHORT = {"max_steps": 60, "min_steps": 60}
"""Enough steps for embeddings that differ from strategy to strategy."""
CONSTRAINTS = {
    "floor by predicted class": [{"by": "predicted", "at_least": 1}],
    "ceilings by group and cost": [{"by": "group", "at_most": 9}, {"by": "cost", "at_most": 45.0}],
}
FORMS = ("coverage", "regions", "both")


@cache
def glyphs() -> PairPool:
    """Every built-in pair: multi-label, long-tailed."""
    return acqkit.load_pool("glyphs")


def made_pool(pairs: int, dim: int, *, seed: int = 0, holes: bool = False) -> PairPool:
    """Clusters seen in two modalities, one of six classes a pair, with costs and groups."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((40, dim))
    cluster = rng.integers(40, size=pairs)
    a, b = (centers[cluster] + 0.6 * rng.standard_normal((pairs, dim)) for _ in range(2))
    masks: dict[str, Any] = {}
    if holes:
        present = rng.random((2, pairs)) > 0.15
        present[0] |= ~present[1]
        masks = {"modality_a_present": present[0], "modality_b_present": present[1]}
    arrays: dict[str, Any] = {
        "modality_a": a.astype(np.float32),
        "modality_b": b.astype(np.float32),
        "labels": np.eye(6, dtype=np.uint8)[cluster % 6],
        "ids": np.array([f"pair-{i}" for i in range(pairs)]),
        "split": np.where(rng.random(pairs) < 0.2, "test", "train"),
        "cost": rng.uniform(1, 5, pairs).astype(np.float32),
        "group": np.array(["web", "scan", "phone"])[rng.integers(3, size=pairs)],
        "class_names": np.array([f"class {c}" for c in range(6)]),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.npz"
        np.savez(path, **arrays, **masks)
        return acqkit.load_pool(path)


@cache
def single_label() -> PairPool:
    """A small single-label pool with costs and groups."""
    return made_pool(1500, 24)


@cache
def with_holes() -> PairPool:
    """Pairs that lack one modality."""
    return made_pool(1200, 24, seed=1, holes=True)


@cache
def large() -> PairPool:
    """More pairs than `density` looks at one by one."""
    return made_pool(75_000, 16, seed=2)


def run(pool: Callable[[], PairPool], **settings: Any) -> Outcome:
    """Two rounds of a simulation: what was picked, and MAP after each."""
    defaults: dict[str, Any] = {
        "initial": 30,
        "per_round": 20,
        "rounds": 2,
        "seeds": 1,
        "trainer": {"name": "supervised", **SHORT},
    }
    with tempfile.TemporaryDirectory() as folder:
        results = acqkit.run(pool(), out=Path(folder) / "out", **(defaults | settings))
    return {
        "picks": [[str(i) for i in record.picked] for record in results.rounds],
        "map": [[record.map, record.map50] for record in results.rounds],
    }


def campaign(strategy: Any, again: Any) -> Outcome:
    """Three asks; labels, a skip and given labels after the first, then it is reopened."""
    pool = glyphs()
    assert pool.truth is not None
    said: Outcome = {"picks": [], "scores": []}

    def answers(ids: Any) -> dict[Any, Any]:
        rows = np.asarray(pool.truth)[pool.position_of(ids)]
        return {
            pair: [pool.class_names[c] for c in np.flatnonzero(row)]
            for pair, row in zip(ids, rows, strict=True)
        }

    def note(batch: Any) -> None:
        said["picks"].append([str(i) for i in batch.ids])
        said["scores"].append([] if batch.scores is None else batch.scores.tolist())

    trainer = {"name": "supervised", **SHORT}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign"
        with acqkit.Campaign.create(path, pool, strategy=strategy, trainer=trainer) as made:
            first = made.ask(30)
            note(first)
            told = answers(first.ids[:25]) | {first.ids[25]: None}
            made.tell(first.batch_id, told, annotator="ann")
            free = np.setdiff1d(pool.train_positions, first.positions)[:10]
            made.add_labels(answers(pool.ids[free].tolist()))
        with acqkit.Campaign.open(path, pool) as opened:
            note(opened.ask(20))
            note(opened.ask(20, strategy=again))
    return said


def cases() -> dict[str, Callable[[], Outcome]]:
    """Every case by name."""
    small = (glyphs, single_label)
    found: dict[str, Callable[[], Outcome]] = {}
    names = [*_installed("strategy"), *(f"{scorer}+top" for scorer in _installed("scorer"))]
    for name, pool in itertools.product(names, small):
        found[f"{name} on {pool.__name__}"] = partial(run, pool, strategy=name)
    for form in FORMS:
        for pool in (*small, with_holes, large):
            case = partial(run, pool, strategy=_dense(form=form))
            found[f"ascmr+density, {form}, on {pool.__name__}"] = case
        for title, rules in CONSTRAINTS.items():
            case = partial(run, single_label, strategy=_dense(form=form, constraints=rules))
            found[f"ascmr+density, {form}, {title}"] = case
    kl = _dense(form="regions", divergence="kl", alpha=0.5, regions=12)
    found["ascmr+density, regions, Kullback-Leibler"] = partial(run, single_label, strategy=kl)
    for name in ("memory-bank", "embedding-transfer"):
        trainer = {"name": name, **SHORT}
        found[f"trainer {name}"] = partial(run, glyphs, strategy="entropy+density", trainer=trainer)
    for first, pool in itertools.product(("supervised", "memory-bank"), small):
        chain = f"{first}+embedding-transfer"
        trainer = {"name": chain, first: SHORT, "embedding-transfer": SHORT}
        case = partial(run, pool, strategy="ascmr+density", trainer=trainer)
        found[f"trainer {chain} on {pool.__name__}"] = case
    found["model sklearn"] = partial(run, single_label, strategy="margin+density", model="sklearn")
    found["from no label at all"] = partial(run, glyphs, strategy="ascmr+density", initial=0)
    found["campaign of three asks"] = partial(campaign, "ascmr+density", "badge")
    found["campaign that begins without a model"] = partial(campaign, "random", "typiclust")
    return found


def _dense(**params: Any) -> dict[str, Any]:
    return {"scorer": "ascmr", "allocator": {"name": "density", **params}}


def _installed(kind: str) -> list[str]:
    """Names of a kind that our own distributions offer."""
    command = [sys.executable, "-m", "acqkit", "plugins", "--json"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    own = [c for c in json.loads(listed)["components"] if c["distribution"].startswith("acqkit")]
    return sorted(c["name"] for c in own if c["kind"] == kind)


def main() -> None:
    """Run every case (those with a text in their name) and write what came out."""
    out, part = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    outcomes: dict[str, Any] = {}
    for name, case in cases().items():
        if part in name:
            print(f"  {name}", file=sys.stderr, flush=True)
            try:
                outcomes[name] = case()
            except Exception:  # noqa: BLE001 - an error is what this commit answers
                outcomes[name] = {"error": [traceback.format_exc()]}
    out.write_text(json.dumps(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
