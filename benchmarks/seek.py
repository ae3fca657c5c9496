"""How many labels it takes to find five pairs of a rare class, given one of it.

    python benchmarks/seek.py --data ../shared/data --seeds 5

For each of the ten classes of a pool's train part with the fewest pairs (at least six), one pair of
it, drawn by the seed, is shown to `seek`, which then asks for five pairs at a time and learns their
labels, until five more pairs of the class were found. All on the embedding of one model that was
trained without any label; a real campaign trains again after each batch. Random's labels are their
expectation, r (N + 1) / (K + 1) for r of the K pairs of a class among N. Writes a Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import Float64Array, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.models import Supervised, TwoTower
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed
from acqkit.selection import select
from acqkit.strategies import Seek
from suite.environment import environment

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
POOL, CLASSES, FOUND, BATCH, STEPS = "mdi_icons", 10, 5, 5, 300
TUNED_ON = ("glyphs", "wikipedia", "ucm_captions")


def main() -> None:
    """Measure a pool, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with pools in folders")
    parser.add_argument("--pool", default=POOL, help="a name in that folder")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "seek.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    pool = load_pool(str(given.data / given.pool))
    pool = pool.take(pool.train_positions)
    assert pool.truth is not None
    counts = pool.truth.sum(axis=0, dtype=np.int64)
    rare = [c for c in np.argsort(counts, kind="stable").tolist() if counts[c] > FOUND][:CLASSES]
    needed = np.empty((len(rare), given.seeds))
    for seed in range(given.seeds):
        embeddings = embedded(pool, seed)
        for row, target in enumerate(rare):
            needed[row, seed] = labels_needed(pool, embeddings, target, seed)
        print(f"seed {seed}: {needed[:, seed].astype(int).tolist()} labels", flush=True)
    chance = FOUND * len(pool) / counts[rare]  # the pair shown is neither found nor looked for
    command = f"python benchmarks/seek.py --seeds {given.seeds}"
    command += f" --pool {given.pool}" * (given.pool != POOL)
    names = [pool.class_names[c] for c in rare]
    text = markdown(pool, names, counts[rare].tolist(), needed, chance, command)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def embedded(pool: PairPool, seed: int) -> PairEmbeddings:
    """The pool in the space of a model that was trained on its pairs without any label."""
    bare = pool.with_labels(LabelState.empty(len(pool), len(pool.class_names)))
    model = TwoTower().build(bare, "cpu")
    Supervised(max_steps=STEPS).fit(model, bare, derive_seed(seed, 0, "train"))
    return embed_pool(model, bare)


def labels_needed(pool: PairPool, embeddings: PairEmbeddings, target: int, seed: int) -> int:
    """Labels until so many pairs of a class were found, beside the one that is shown."""
    assert pool.truth is not None
    of_class = np.flatnonzero(pool.truth[:, target])
    shown = np.random.default_rng([seed, target]).choice(of_class, 1)
    labels = LabelState.empty(len(pool), len(pool.class_names))
    labels = labels.with_answers(shown, pool.truth[shown], 0)
    strategy = Seek(class_name=pool.class_names[target])
    asked = found = 0
    for round in range(1, len(pool)):
        now = pool.with_labels(labels)
        context = RoundContext(round, seed, now, embeddings, labels.unlabeled)
        picks = select(strategy, context, min(BATCH, len(labels.unlabeled))).positions
        for has in pool.truth[picks, target]:
            asked, found = asked + 1, found + int(has)
            if found == FOUND:
                return asked
        labels = labels.with_answers(picks, pool.truth[picks], round)
    raise AssertionError("every pair was asked for")


def markdown(
    pool: PairPool,
    names: list[str],
    counts: list[int],
    needed: Float64Array,
    chance: Float64Array,
    command: str,
) -> str:
    """A row a class, and the median over classes."""
    means = needed.mean(axis=1)
    shares = means / chance
    lines = [
        "| class | pairs | labels, mean | fewest to most | random | share of random's |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {count} | {mean:.1f} | {own.min():.0f} to {own.max():.0f} | {by_chance:.0f} "
        f"| {share:.3f} |"
        for name, count, mean, own, by_chance, share in zip(
            names, counts, means, needed, chance, shares, strict=True
        )
    ]
    lines.append(
        f"| **median of classes** | | {np.median(means):.1f} | | {np.median(chance):.0f} "
        f"| **{np.median(shares):.3f}** |"
    )
    by_seed = ", ".join(f"{s:.3f}" for s in np.median(needed / chance[:, None], axis=0))
    facts = environment(1)
    parts = [
        "# Finding rare classes",
        f"Labels until {FOUND} pairs of a class were found by `seek` from one that is shown, "
        f"{BATCH} at a time, among the {len(pool):,} train pairs of {pool.name}; "
        f"{needed.shape[1]} seeds, each with another example and another model, trained "
        f"{STEPS} steps without labels. Random is its expectation. Constants of `seek` were "
        f"chosen on {', '.join(TUNED_ON)}.",
        "\n".join(lines),
        f"Median share over classes, seed by seed: {by_seed}.",
        f"Made with `{command}`, commit {facts['commit']}, {facts['cpu']}.",
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
