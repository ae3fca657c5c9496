"""How often pseudo-labels are right, beside the labels of the classifiers themselves.

    python benchmarks/pseudo_labels.py --data ../shared/data --seeds 5

A tenth of the train pairs of every pool is labeled at random; the trainers `supervised` and
`memory-bank` train with the same steps, and precision is measured on the other train pairs, over
which confidence ranks the labels. All labels come from probabilities by the same rule
(`acqkit.metrics.decide` at its defaults), confidence too. Writes a table of Markdown.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from acqkit_memory_bank import MemoryBankTrainer, PseudoLabels, pseudo_labels
from numpy.typing import NDArray

from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import Float64Array, FloatArray
from acqkit.interfaces import Trainer
from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.metrics import (
    COVERAGES,
    FLOOR,
    class_prior,
    decide,
    least_sure,
    precision_coverage,
)
from acqkit.models import Supervised, TwoTower
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from suite.environment import environment

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
LABELED, STEPS = 0.1, 300
Curves = dict[str, list[Float64Array]]

PLAIN, BANK = "supervised", "memory-bank"
PSEUDO = "pseudo-labels"
TUNED_ON = ("glyphs", "wikipedia", "ucm_captions")


def main() -> None:
    """Measure every pool, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with pools in folders")
    parser.add_argument("--pools", default="", help="names, with commas; all if not given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "pseudo_labels.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    folders = sorted(path.parent for path in given.data.glob("*/pool.npz"))
    sources = {"glyphs": "glyphs"} | {folder.name: str(folder) for folder in folders}
    wanted = given.pools.split(",") if given.pools else list(sources)
    results: dict[str, Curves] = {}
    for name in wanted:
        results[name] = {}
        for seed in range(given.seeds):
            started = time.perf_counter()
            for title, curve in curves(sources[name], seed, given.steps):
                results[name].setdefault(title, []).append(curve)
            print(f"{name}, seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    command = f"python benchmarks/pseudo_labels.py --seeds {given.seeds}"
    command += f" --pools {given.pools}" * bool(given.pools)
    command += f" --steps {given.steps}" * (given.steps != STEPS)
    text = markdown(results, given.seeds, given.steps, command)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def curves(source: str, seed: int, steps: int) -> Iterator[tuple[str, Float64Array]]:
    """Precision at all coverages of whatever gives labels, for one pool and seed."""
    pool, truth = labeled_pool(source, seed)
    open_ = pool.labels.round < 0
    trainers: dict[str, Trainer] = {
        PLAIN: Supervised(max_steps=steps),
        BANK: MemoryBankTrainer(max_steps=steps),
    }
    for name, trainer in trainers.items():
        model = TwoTower().build(pool, "cpu")
        trainer.fit(model, pool, derive_seed(seed, 0, "train"))
        embeddings = embed_pool(model, pool)
        own = embeddings.unified_probabilities()[open_]
        for rule, floor in (("", FLOOR), (" at shares", 0.0)):
            table = pseudo_labels(embeddings, pool, floor=floor).take(open_)
            yield f"{name}: classifier{rule}", of_classifier(own, pool, truth[open_], floor)
            yield f"{name}: {PSEUDO}{rule}", of_table(table, truth[open_])


def labeled_pool(source: str, seed: int) -> tuple[PairPool, NDArray[np.uint8]]:
    """The train pairs of a pool, a share of them labeled at random; and their truth."""
    pool = load_pool(source)
    pool = pool.take(pool.train_positions)
    assert pool.truth is not None
    keys = pair_keys(pool.id_keys(), derive_seed(seed, 0, "labels"))
    known = np.sort(np.argsort(uniforms(keys))[: round(LABELED * len(pool))])
    empty = LabelState.empty(len(pool), len(pool.class_names))
    seen = pool.with_labels(empty.with_answers(known, pool.truth[known], 0))
    return seen, pool.truth


def of_table(table: PseudoLabels, truth: NDArray[np.uint8]) -> Float64Array:
    """Precision `[coverages]` of pseudo-labels."""
    return precision_coverage(table.labels, table.confidence, truth)


def of_classifier(
    probabilities: FloatArray, pool: PairPool, truth: NDArray[np.uint8], floor: float
) -> Float64Array:
    """Precision `[coverages]` of a classifier's probabilities, by the rule of pseudo-labels."""
    prior = class_prior(pool.labels, multilabel=pool.multilabel)
    labels = decide(probabilities, prior, multilabel=pool.multilabel, floor=floor)
    return precision_coverage(labels, least_sure(probabilities, labels), truth)


def markdown(results: dict[str, Curves], seeds: int, steps: int, command: str) -> str:
    """A table of the mean over pools, one a pool, and the worst differences."""
    titles = list(next(iter(results.values())))
    means = {
        pool: {title: np.mean(found[title], axis=0) for title in titles}
        for pool, found in results.items()
    }
    means_of_all = {t: np.mean([m[t] for m in means.values()], axis=0) for t in titles}
    parts = [
        "# Precision of pseudo-labels",
        f"Micro precision, in %, of the labels given to the most confident share of the unlabeled "
        f"train pairs; {LABELED:.0%} of the train pairs labeled at random, {steps} steps, mean "
        f"over {seeds} seeds. Every row gives labels and confidence by one rule: a class within "
        f"its share among the known labels and at least {FLOOR:.0%} likely; `at shares` fills the "
        f"shares whatever the likelihood (the same where pairs have one class). Rules and "
        f"constants were chosen on {', '.join(TUNED_ON)}.",
        "## Mean over pools",
        _table(means_of_all),
        f"## Pseudo-labels of {BANK} less the classifiers, worst over coverages, in points",
        _differences(means, means_of_all),
    ]
    for pool, found in means.items():
        parts += [f"## {pool}", _table(found)]
    facts = environment(1)
    parts.append(f"Made with `{command}`, commit {facts['commit']}, {facts['cpu']}.")
    return "\n\n".join(parts) + "\n"


def _table(found: dict[str, Float64Array]) -> str:
    lines = [["labels of", *(f"{share:.0%}" for share in COVERAGES)]]
    lines.append(["---", *["---:"] * len(COVERAGES)])
    lines += [[title, *(f"{100 * value:.1f}" for value in row)] for title, row in found.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _differences(means: dict[str, dict[str, Float64Array]], of_all: dict[str, Float64Array]) -> str:
    rows = {**means, "mean over pools": of_all}
    lines = [["less", *rows], ["---", *["---:"] * len(rows)]]
    for rule in ("", " at shares"):
        for name in (PLAIN, BANK):
            other = f"{name}: classifier{rule}"
            worst = [
                100 * float((found[f"{BANK}: {PSEUDO}{rule}"] - found[other]).min())
                for found in rows.values()
            ]
            lines.append([other, *(f"{value:+.1f}".replace("-", "−") for value in worst)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
