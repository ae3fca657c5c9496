"""Draw the picture in acqkit-embedding-transfer's README: what a target is taught.

    python benchmarks/picture_embedding_transfer.py plugins/acqkit-embedding-transfer/glyphs.png

A source with 460 random labels of the glyphs pool; two glyphs, one with known labels and one
without, beside others: how alike the source takes them for, how far known labels agree, and the
relaxed label that is made of both. Below, the share of entries within their relaxed margin over
epochs, for a target of a quarter of the source's width and several margins.
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from acqkit_embedding_transfer import EmbeddingTransfer, Source, jaccard, relaxed_labels
from acqkit_embedding_transfer.relations import source_similarity
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from numpy.typing import NDArray
from PIL import Image

from acqkit.embeddings import BoolArray, FloatArray, IntArray
from acqkit.loading import load_pool
from acqkit.models import Supervised, TwoTower
from acqkit.pool import PairPool

LABELS, SHOWN = 460, 8
WIDTH, NARROW = 64, 16
MARGINS = (0.75, 1.0, 1.5)
QUERIES = (("SMALL LETTER O", "Cyrillic"), ("SMALL LETTER N WITH LEFT HOOK", "Latin"))
"""Name and a class of the glyphs that are looked at: the first is labeled, the second is not."""
RELAXED, SOURCE, AGREED, UNKNOWN = "#222222", "#4c78a8", "#1a7f37", "#d0d0d0"


def main(out: Path) -> None:
    """Train a source and its targets; draw relations and what is active."""
    pool = load_pool("glyphs")
    pool = pool.take(pool.train_positions)
    truth = pool.truth
    assert truth is not None
    known = np.sort(np.random.default_rng(0).permutation(len(pool))[:LABELS])
    pool = pool.with_labels(pool.labels.with_answers(known, truth[known], 0))
    source = TwoTower(dim=WIDTH).build(pool, "cpu")
    Supervised().fit(source, pool, 0)
    shares = {}
    for margin in MARGINS:
        target = TwoTower(dim=NARROW).build(pool, "cpu")
        trainer = EmbeddingTransfer(margin=margin)
        shares[margin] = trainer.fit_from(source, target, pool, 0)["active_share"]
    relations = Relations(Source.of(source, pool, torch.device("cpu")), pool)
    figure = plt.figure(figsize=(11, 7.2), layout="constrained")
    parts = figure.subfigures(3, 1, height_ratios=[1, 1, 0.75])
    assert isinstance(parts, np.ndarray)
    for part, (name, class_name) in zip(parts[:2], QUERIES, strict=True):
        _draw_query(part, relations, relations.find(name, class_name, truth))
    _draw_shares(parts[2], shares)
    figure.savefig(out, dpi=100, pil_kwargs={"optimize": True})


class Relations:
    """Source similarity, agreement of labels and relaxed labels `[k, k]` of `positions` `[k]`."""

    def __init__(self, view: Source, pool: PairPool) -> None:
        self.pool, params = pool, EmbeddingTransfer()
        known, unknown = pool.labels.labeled, pool.labels.unlabeled
        some = np.random.default_rng(1).permutation(unknown)[: len(known)]
        self.positions: IntArray = np.concatenate([known, some])
        self.known: BoolArray = np.arange(len(self.positions)) < len(known)
        similarity = source_similarity(view.features[self.positions], params.bandwidth)
        labels = torch.from_numpy(pool.labels.matrix[self.positions].astype(np.float32))
        agreement = jaccard(labels)
        mask = torch.from_numpy(self.known)
        relaxed = relaxed_labels(similarity, agreement, mask, params.label_share)
        self.similarity: FloatArray = similarity.numpy()
        self.agreement: FloatArray = agreement.numpy()
        self.relaxed: FloatArray = relaxed.numpy()

    def find(self, name: str, class_name: str, truth: NDArray[np.uint8]) -> int:
        """Row of the pair of that name and class."""
        column = self.pool.class_names.index(class_name)
        named = np.array([self.pool.display["text"][int(p)] == name for p in self.positions])
        return int(np.flatnonzero(named & (truth[self.positions, column] == 1))[0])

    def examples(self, row: int) -> list[int]:
        """Rows of other pairs, falling relaxed labels; known and unknown ones by turns."""
        chosen: list[int] = []
        for turn, wanted in enumerate(np.linspace(1, 0, SHOWN)):
            distance = np.abs(self.relaxed[row] - wanted)
            distance[[row, *chosen]] = np.inf
            distance[self.known == bool(turn % 2)] = np.inf
            chosen.append(int(np.argmin(distance)))
        return sorted(chosen, key=lambda other: -self.relaxed[row, other])

    def classes(self, row: int) -> str:
        """Names of the known classes of a pair; a question mark where nobody knows them."""
        if not self.known[row]:
            return "?"
        labels = self.pool.labels.matrix[self.positions[row]]
        names = zip(self.pool.class_names, labels, strict=True)
        return ", ".join(name for name, is_given in names if is_given)


def _draw_query(part: SubFigure, relations: Relations, row: int) -> None:
    axes = part.subplots(2, SHOWN + 1, height_ratios=[1.3, 1], width_ratios=[1.25, *[1] * SHOWN])
    _draw_pair(axes[0, 0], relations, row, 18)
    axes[0, 0].set_title("labeled pair" if relations.known[row] else "pair without label", size=9)
    axes[1, 0].set_axis_off()
    for height, what, color in (
        (2, "source similarity", SOURCE),
        (1, "known labels agree", AGREED),
        (0, "relaxed label", RELAXED),
    ):
        axes[1, 0].text(1, height, what, color=color, ha="right", va="center", size=8)
    axes[1, 0].set(ylim=(-0.6, 2.6))
    for (above, below), other in zip(axes[:, 1:].T, relations.examples(row), strict=True):
        _draw_pair(above, relations, other, 15)
        both = bool(relations.known[row] and relations.known[other])
        agreement = float(relations.agreement[row, other]) if both else None
        similarity = float(relations.similarity[row, other])
        _draw_bars(below, similarity, agreement, float(relations.relaxed[row, other]))


def _draw_pair(axis: Axes, relations: Relations, row: int, width: int) -> None:
    display, position = relations.pool.display, int(relations.positions[row])
    png, name = display["image"][position], display["text"][position]
    assert isinstance(png, bytes)
    drawing: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    axis.imshow(255 - drawing, cmap="gray_r")
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=AGREED if relations.known[row] else UNKNOWN, linewidth=2)
    words = textwrap.fill(str(name).lower(), width, max_lines=2, placeholder="…")
    axis.set_xlabel(f"{words}\n{textwrap.fill(relations.classes(row), width + 4)}", fontsize=6.5)


def _draw_bars(axis: Axes, similarity: float, agreement: float | None, relaxed: float) -> None:
    for height, value, color in (
        (2, similarity, SOURCE),
        (1, agreement, AGREED),
        (0, relaxed, RELAXED),
    ):
        axis.barh(height, 1, height=0.75, color="#f2f2f2")
        axis.barh(height, value or 0, height=0.75, color=color)
        said = "?" if value is None else f"{value:.2f}"
        axis.text(1.05, height, said, va="center", size=7, color=color)
    axis.set(xlim=(0, 1.5), ylim=(-0.6, 2.6))
    axis.set_axis_off()


def _draw_shares(part: SubFigure, shares: dict[float, list[float]]) -> None:
    axis = part.subplots()
    for margin, values in shares.items():
        epochs = np.arange(1, len(values) + 1)
        axis.plot(epochs, values, color=SOURCE, linewidth=2)
        axis.text(epochs[-1] + 0.2, values[-1], f"margin {margin:g}", va="center", size=8)
    axis.set(ylim=(0, 1), xlim=(1, len(values) + 2), xticks=epochs[::2], yticks=[0, 0.5, 1])
    axis.set_yticklabels(["0%", "50%", "100%"])
    axis.set_title("share of entries within their relaxed margin", size=9, loc="left")
    axis.set_xlabel("epoch of the target's training", size=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
