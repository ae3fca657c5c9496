"""Draw the picture in acqkit-memory-bank's README: what the memory knows better.

    python benchmarks/picture_memory_bank.py plugins/acqkit-memory-bank/glyphs.png

A model with 460 random labels of the glyphs pool; pairs without a label of which the classifier
alone says something wrong, their nearest pairs in the memory, and what both together make of them.
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from acqkit_memory_bank import MemoryBankTrainer, PseudoLabels, pseudo_labels
from acqkit_memory_bank.neighbors import joint_points, nearest_pairs
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from acqkit.campaign.embed import embed_pool
from acqkit.embeddings import FloatArray, IntArray, PairEmbeddings
from acqkit.loading import load_pool
from acqkit.metrics import class_prior, decide, least_sure
from acqkit.models import TwoTower
from acqkit.neighbors import unit
from acqkit.pool import PairPool

LABELS = 460
SHOWN, NEIGHBORS = 5, 5
SURE = 0.6
GOOD, BAD = "#1a7f37", "#b42318"


def main(out: Path) -> None:
    """Train, label, draw pairs of different classes of which the memory knows better."""
    pool = load_pool("glyphs")
    pool = pool.take(pool.train_positions)
    truth = pool.truth
    assert truth is not None
    known = np.sort(np.random.default_rng(0).permutation(len(pool))[:LABELS])
    pool = pool.with_labels(pool.labels.with_answers(known, truth[known], 0))
    model = TwoTower().build(pool, "cpu")
    MemoryBankTrainer().fit(model, pool, 0)
    embeddings = embed_pool(model, pool)
    table = pseudo_labels(embeddings, pool)
    own, sure = _of_classifier(embeddings, pool)
    near = _neighbors(embeddings)
    better = ~table.labeled & (table.confidence > SURE)
    better &= (own > truth).any(axis=1) & (table.labels == truth).all(axis=1)
    figure, axes = plt.subplots(
        SHOWN, NEIGHBORS + 2, figsize=(11, 1.45 * SHOWN), layout="constrained",
        width_ratios=[1.6, 1, *[0.85] * NEIGHBORS],
    )  # fmt: skip
    for line, pair in zip(axes, _different(np.flatnonzero(better), table), strict=True):
        _tell(line[0], pair, pool, table, own[pair], float(sure[pair]))
        _draw(line[1], pair, pool, "black", "")
        for axis, other in zip(line[2:], near[pair], strict=True):
            labeled = bool(table.labeled[other])
            names = ", ".join(table.take(np.array([other])).names()[0]) if labeled else ""
            _draw(axis, other, pool, GOOD if labeled else "#d0d0d0", names)
    for axis, title in zip(axes[0, 1:3], ("pair", "nearest in memory"), strict=True):
        axis.set_title(title, fontsize=9, loc="left")
    figure.savefig(out, dpi=100, pil_kwargs={"optimize": True})


def _of_classifier(
    embeddings: PairEmbeddings, pool: PairPool
) -> tuple[NDArray[np.uint8], FloatArray]:
    """Labels and confidence of the classifier alone, by the rule of pseudo-labels."""
    probabilities = embeddings.unified_probabilities()
    prior = class_prior(pool.labels, multilabel=pool.multilabel)
    labels = decide(probabilities, prior, multilabel=pool.multilabel)
    return labels, least_sure(probabilities, labels)


def _neighbors(embeddings: PairEmbeddings) -> IntArray:
    content = embeddings.content()
    points = joint_points((unit(content.a.mean), unit(content.b.mean)), (1.0, 1.0))
    return nearest_pairs(points, NEIGHBORS)[1]


def _different(pairs: IntArray, table: PseudoLabels) -> list[int]:
    """Pairs of as many different classes as can be, the surest of each."""
    chosen: dict[tuple[str, ...], int] = {}
    for pair in pairs[np.argsort(-table.confidence[pairs], kind="stable")]:
        chosen.setdefault(tuple(table.take(np.array([pair])).names()[0]), int(pair))
    return list(chosen.values())[:SHOWN]


def _tell(
    axis: Axes,
    pair: int,
    pool: PairPool,
    table: PseudoLabels,
    own: NDArray[np.uint8],
    sure: float,
) -> None:
    alone = ", ".join(
        name for name, is_given in zip(pool.class_names, own, strict=True) if is_given
    )
    both = ", ".join(table.take(np.array([pair])).names()[0])
    axis.set_axis_off()
    for height, color, who, said, share in (
        (0.75, BAD, "classifier alone", alone, sure),
        (0.25, GOOD, "with the memory", both, float(table.confidence[pair])),
    ):
        lines = f"{who}:\n{textwrap.fill(said, 30)} ({share:.0%})"
        axis.text(0, height, lines, color=color, fontsize=9, va="center", transform=axis.transAxes)


def _draw(axis: Axes, pair: int, pool: PairPool, color: str, note: str) -> None:
    png, name = (pool.display[column][int(pair)] for column in ("image", "text"))
    assert isinstance(png, bytes)
    drawing: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    axis.imshow(255 - drawing, cmap="gray_r")
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=color, linewidth=2)
    words = textwrap.fill(str(name).lower(), 20, max_lines=2)
    axis.set_xlabel(f"{words}\n{textwrap.fill(note, 22)}".strip(), fontsize=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
