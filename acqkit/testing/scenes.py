"""Scenes: a small pool, its embeddings and the candidates of one moment, to act upon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acqkit.embeddings import BoolArray, FloatArray, IntArray, ModalityEmbeddings, PairEmbeddings
from acqkit.interfaces import RoundContext
from acqkit.labels import SKIPPED
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures
from acqkit.testing.model import LinearPairModel
from acqkit.testing.pools import make_pool

Change = Callable[[ModalityEmbeddings], ModalityEmbeddings]


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything a round's context is made of, and ways to change it without changing the task."""

    pool: PairPool
    embeddings: PairEmbeddings
    candidates: IntArray
    model: LinearPairModel | None

    def context(self, *, seed: int = 0, round: int = 1, block_size: int = 64) -> RoundContext:
        """The context of one round in this scene."""
        return RoundContext(
            round,
            seed,
            self.pool,
            self.embeddings,
            self.candidates,
            self.model,
            block_size=block_size,
        )

    def permuted(self, order: IntArray) -> Scene:
        """The same pairs, the pair at `order[i]` now at position `i`."""
        rows = self.embeddings.take(order)
        return replace(
            self,
            pool=self.pool.take(order),
            embeddings=replace(rows, positions=np.arange(len(order))),
            candidates=np.sort(np.argsort(order)[self.candidates]),
        )

    def swapped(self) -> Scene:
        """The same pairs with modalities a and b exchanged."""
        return replace(
            self,
            pool=self.pool.swap_modalities(),
            embeddings=replace(self.embeddings, a=self.embeddings.b, b=self.embeddings.a),
            model=None if self.model is None else self.model.swapped(),
        )

    def renamed(self) -> Scene:
        """The same pairs under other ids."""
        ids = np.array([f"renamed-{value}" for value in self.pool.ids])
        return replace(self, pool=replace(self.pool, explicit_ids=ids))

    def changed(self, change: Change) -> Scene:
        """The same scene with `change` applied to the embeddings of both modalities."""
        a, b = (change(side) for side in self.embeddings.sides)
        return replace(self, embeddings=replace(self.embeddings, a=a, b=b).validate())

    def without(self, *, variance: bool = False, probabilities: bool = False) -> Scene:
        """The same scene from a model that gives no variances, or no class probabilities."""

        def drop(side: ModalityEmbeddings) -> ModalityEmbeddings:
            return replace(
                side,
                variance=None if variance else side.variance,
                probabilities=None if probabilities else side.probabilities,
            )

        scene = self.changed(drop)
        if probabilities:
            scene = replace(scene, embeddings=replace(scene.embeddings, classifier=None))
        return scene

    def unembedded(self) -> Scene:
        """The same scene as a component sees it that declares to need no embeddings."""
        empty = np.zeros((len(self.pool), 0), dtype=np.float32)
        a, b = (ModalityEmbeddings(empty, present=mask) for mask in self.pool.present)
        positions, multilabel = self.embeddings.positions, self.embeddings.multilabel
        bare = PairEmbeddings(a, b, positions, multilabel)
        return replace(self, embeddings=bare, model=None)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Every array that a strategy can reach, by a name for messages."""
        named = {
            "context.candidates": self.candidates,
            "context.pool.ids": self.pool.ids,
            "context.pool.labels.round": self.pool.labels.round,
            "context.pool.labels.matrix": self.pool.labels.matrix,
            "context.embeddings.positions": self.embeddings.positions,
        }
        for name, source in zip("ab", self.pool.features, strict=True):
            if isinstance(source, ArrayFeatures):
                named[f"the pool's features of modality {name}"] = source.array
        for name, side in zip("ab", self.embeddings.sides, strict=True):
            for field in ("mean", "variance", "probabilities", "present"):
                values = getattr(side, field)
                if values is not None:
                    named[f"context.embeddings.{name}.{field}"] = values
        if self.embeddings.classifier is not None:
            named["context.embeddings.classifier.weight"] = self.embeddings.classifier.weight
            named["context.embeddings.classifier.bias"] = self.embeddings.classifier.bias
        return named


def make_scene(
    n: int = 120,
    *,
    multilabel: bool = False,
    labeled: IntArray | int = 30,
    present: tuple[BoolArray | None, BoolArray | None] = (None, None),
    seed: int = 0,
) -> Scene:
    """A scene with every unlabeled pair a candidate.

    `labeled` is how many pairs, spread over the pool, or which positions have a label.
    """
    pool = make_pool(n, multilabel=multilabel, seed=seed)
    if isinstance(labeled, int):
        labeled = np.sort(np.random.default_rng(seed).permutation(n)[:labeled])
    assert pool.truth is not None  # make_pool knows it
    labels = pool.labels.with_answers(labeled, pool.truth[labeled], 0)
    # Ids are no positions, so that a mix-up of the two shows.
    ids = 1000 + 7 * np.arange(n)
    pool = replace(pool, explicit_ids=ids, present=present).with_labels(labels)
    model = LinearPairModel.for_pool(pool, seed=seed)
    embeddings = model.embed(pool.batch(np.arange(n)))
    return Scene(pool, embeddings, labels.unlabeled, model)


def labeled_first(multilabel: bool = False) -> Scene:
    """90 pairs, the first 60 labeled: a position in the unlabeled subset is a labeled pair's."""
    return make_scene(90, multilabel=multilabel, labeled=np.arange(60))


def scattered(multilabel: bool = False) -> Scene:
    """120 pairs: 30 labeled here and there, 6 skipped, 8 already asked for, 76 candidates."""
    scene = make_scene(120, multilabel=multilabel)
    skipped, asked = scene.candidates[3:15:2], scene.candidates[20:36:2]
    rounds = scene.pool.labels.round.copy()
    rounds[skipped] = SKIPPED
    labels = replace(scene.pool.labels, round=rounds)
    candidates = np.setdiff1d(scene.candidates, np.concatenate([skipped, asked]))
    return replace(scene, pool=scene.pool.with_labels(labels), candidates=candidates)


def duplicated(distinct: int, multilabel: bool = False) -> Scene:
    """90 pairs, 25 labeled, of which only `distinct` differ (1: constant features)."""
    scene = make_scene(90, multilabel=multilabel, labeled=25)
    originals = np.arange(90) % distinct
    a, b = scene.pool.features
    features = (ArrayFeatures(a.rows(originals)), ArrayFeatures(b.rows(originals)))
    rows = replace(scene.embeddings.take(originals), positions=np.arange(90))
    return replace(scene, pool=replace(scene.pool, features=features), embeddings=rows)


def with_gaps(multilabel: bool = False) -> Scene:
    """120 pairs of which every fifth lacks modality a and every seventh or so lacks b."""
    order = np.arange(120)
    has_a = order % 5 != 0
    return make_scene(present=(has_a, (order % 7 != 1) | ~has_a), multilabel=multilabel)


def with_other_absent_rows(scene: Scene) -> Scene:
    """The scene with other (finite) values in the rows of absent pairs, which mean nothing."""

    def scramble(side: ModalityEmbeddings) -> ModalityEmbeddings:
        assert side.present is not None
        absent = ~side.present

        def of_neighbors(values: FloatArray, factor: float = 1) -> FloatArray:
            values = values.copy()
            values[absent] = np.roll(values, 1, axis=0)[absent] * np.float32(factor)
            return values

        assert side.variance is not None and side.probabilities is not None
        return ModalityEmbeddings(
            of_neighbors(side.mean, 10),
            of_neighbors(side.variance),
            of_neighbors(side.probabilities),
            side.present,
        )

    return scene.changed(scramble)
