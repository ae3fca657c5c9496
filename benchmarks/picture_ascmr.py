"""Draw the picture in acqkit-ascmr's README: which glyphs are informative, and why.

    python benchmarks/picture_ascmr.py plugins/acqkit-ascmr/glyphs.png

A model with 400 random labels of the glyphs pool scores the others.
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from acqkit_ascmr import Ascmr
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from acqkit import RoundContext
from acqkit.loading import load_pool
from acqkit.models import TwoTower
from acqkit.pool import PairPool
from acqkit.selection import score_candidates

LABELS = 400
SHOWN = 9


def main(out: Path) -> None:
    """Train, score, draw the extremes."""
    pool = load_pool("glyphs")
    pool = pool.take(pool.train_positions)
    assert pool.truth is not None
    known = np.sort(np.random.default_rng(0).permutation(len(pool))[:LABELS])
    pool = pool.with_labels(pool.labels.with_answers(known, pool.truth[known], 0))
    model = TwoTower().build(pool, "cpu")
    model.fit(pool, 0)
    embeddings = model.embed(pool.batch(np.arange(len(pool))))
    context = RoundContext(1, 0, pool, embeddings, pool.labels.unlabeled, model)
    scores = score_candidates(Ascmr(), context)
    rows = context.candidates
    best = {
        "the modalities\ndisagree (inter)": rows[np.argsort(-scores.terms["inter"][rows])],
        "each alone is\nvague (intra)": rows[np.argsort(-scores.terms["intra"][rows])],
        "least\ninformative": rows[np.argsort(scores.values[rows])],
    }
    figure, axes = plt.subplots(len(best), SHOWN, figsize=(11, 5.2), layout="constrained")
    for line, (title, pairs) in zip(axes, best.items(), strict=True):
        line[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=11)
        for axis, pair in zip(line, pairs[:SHOWN], strict=True):
            _draw(axis, pair, pool)
    figure.savefig(out, dpi=100, pil_kwargs={"optimize": True})


def _draw(axis: Axes, pair: np.int64, pool: PairPool) -> None:
    png, name = (pool.display[column][int(pair)] for column in ("image", "text"))
    assert isinstance(png, bytes)
    drawing: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    axis.imshow(255 - drawing, cmap="gray_r")
    axis.set(xticks=[], yticks=[])
    axis.set_xlabel(textwrap.fill(str(name).lower(), 17, max_lines=3), fontsize=7)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
