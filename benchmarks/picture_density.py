"""Draw the picture in acqkit-density's README: what random and `density` pick of glyphs.

    python benchmarks/picture_density.py plugins/acqkit-density/glyphs.png

Both choose the first labels of the glyphs pool, from a model that saw no label.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from acqkit_ascmr import Ascmr
from acqkit_density import Density
from acqkit_density.neighbors import pair_points
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from acqkit import PairEmbeddings, RoundContext
from acqkit.components.compose import Composed
from acqkit.loading import load_pool
from acqkit.models import TwoTower
from acqkit.pool import PairPool
from acqkit.selection import select
from acqkit.strategies import Random

PICKS = 60


def main(out: Path) -> None:
    """Train, pick twice, draw."""
    pool = load_pool("glyphs")
    pool = pool.take(pool.train_positions)
    unlabeled = pool.with_labels(pool.labels)
    model = TwoTower().build(unlabeled, "cpu")
    model.fit(unlabeled, 0)
    embeddings = model.embed(unlabeled.batch(np.arange(len(pool))))
    context = RoundContext(0, 0, unlabeled, embeddings, unlabeled.labels.unlabeled, model)
    density = Composed(scorer=Ascmr(), allocator=Density())
    chosen = {
        "random": select(Random(), context, PICKS).positions,
        "ascmr + density": select(density, context, PICKS).positions,
    }
    where = _map(embeddings)
    figure, axes = plt.subplots(1, 2, figsize=(11, 5.4), layout="constrained")
    for axis, (name, picks) in zip(axes, chosen.items(), strict=True):
        _draw(axis, where, picks, pool)
        axis.set_title(
            f"{name}: nearest of {PICKS} picks {_reach(embeddings, picks):.2f} away on average"
        )
    figure.savefig(out, dpi=100, pil_kwargs={"optimize": True})


def _reach(embeddings: PairEmbeddings, picks: NDArray[np.int64]) -> float:
    """Mean distance from a pair to the pick nearest to it."""
    points = pair_points(embeddings)
    return float(cdist(points, points[picks]).min(axis=1).mean())


def _map(embeddings: PairEmbeddings) -> NDArray[np.float32]:
    """Positions of pairs on paper `[n, 2]`."""
    both = np.concatenate([embeddings.a.mean, embeddings.b.mean], axis=1)
    flat: NDArray[np.float32] = TSNE(random_state=0).fit_transform(
        PCA(30, random_state=0).fit_transform(both)
    )
    return flat


def _draw(axis: Axes, where: NDArray[np.float32], picks: NDArray[np.int64], pool: PairPool) -> None:
    axis.scatter(where[:, 0], where[:, 1], s=2, color="0.82", linewidths=0)
    for pick in picks:
        png = pool.display["image"][int(pick)]
        assert isinstance(png, bytes)
        drawing = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
        axis.add_artist(
            AnnotationBbox(
                OffsetImage(drawing, zoom=0.62, cmap="gray", norm="linear"),
                (float(where[pick, 0]), float(where[pick, 1])),
                pad=0.1,
                bboxprops={"edgecolor": "#1f6fb4", "linewidth": 0.8},
            )
        )
    axis.set(xticks=[], yticks=[])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
