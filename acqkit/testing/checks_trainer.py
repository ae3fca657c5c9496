"""Checks of trainers, by the embeddings of the models they train."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import cast

import numpy as np

from acqkit.embeddings import IntArray, PairEmbeddings
from acqkit.interfaces import Model, PairBatch, Trainer
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures
from acqkit.testing.global_state import generators, seeded, settings, watched
from acqkit.testing.pools import make_pool
from acqkit.testing.subject import Subject, require

Arrays = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]


def _pool(multilabel: bool = False, labeled: int = 16) -> PairPool:
    pool = make_pool(48, 3, multilabel=multilabel, labeled=labeled, seed=2)
    return pool.with_labels(pool.labels)


def _untrained(subject: Subject, pool: PairPool) -> Model:
    if subject.model is None:
        raise TypeError(f"{subject.title} is a trainer; say what it is to train with model=")
    return subject.model.build(pool, "cpu")


def _trained(subject: Subject, pool: PairPool, seed: int = 0) -> Arrays:
    model = _untrained(subject, pool)
    cast(Trainer, subject.component).fit(model, pool, seed)
    return _embedded(model, pool)


def _embedded(model: Model, pool: PairPool) -> Arrays:
    embeddings: PairEmbeddings = model.embed(pool.batch(np.arange(len(pool)))).validate()
    return {
        f"{name}.{field}": getattr(side, field)
        for name, side in zip("ab", embeddings.sides, strict=True)
        for field in ("mean", "variance", "probabilities")
        if getattr(side, field) is not None
    }


def _difference(first: Arrays, second: Arrays) -> float:
    if first.keys() != second.keys():
        return float("inf")
    return max(float(np.abs(first[key] - second[key]).max()) for key in first)


def same_seed_same_model(subject: Subject) -> None:
    """The same seed and labels give the same model."""
    pool = _pool()
    difference = _difference(_trained(subject, pool, seed=3), _trained(subject, pool, seed=3))
    require(
        difference <= 1e-6,
        f"{subject.title} trained twice with one seed gives embeddings that differ by "
        f"{difference:.3g}; derive every random number from the seed",
    )


def trains_from_scratch(subject: Subject) -> None:
    """What a model learned before leaves no trace: a resumed run ends as an uninterrupted one."""
    trainer, pool = cast(Trainer, subject.component), _pool()
    model = _untrained(subject, pool)
    trainer.fit(model, pool, 3)
    first = _embedded(model, pool)
    trainer.fit(model, _pool(labeled=4), 5)
    trainer.fit(model, pool, 3)
    difference = _difference(first, _embedded(model, pool))
    require(
        difference <= 1e-6,
        f"{subject.title} goes on from what the model had learned: embeddings differ by "
        f"{difference:.3g} after training on other labels in between; start from fresh parameters",
    )


def global_random_state_untouched(subject: Subject) -> None:
    """The global generators of Python, numpy and torch are left as they were."""
    pool = _pool()
    model = _untrained(subject, pool)
    with watched(generators) as touched:
        cast(Trainer, subject.component).fit(model, pool, 0)
    require(
        not touched,
        f"{subject.title} touched the global random state of {', '.join(touched)}; use own "
        "generators, or torch.random.fork_rng around what cannot take one",
    )


def global_settings_untouched(subject: Subject) -> None:
    """Settings of numpy and torch, such as the default type, are left as they were."""
    pool = _pool()
    model = _untrained(subject, pool)
    with watched(settings) as touched:
        cast(Trainer, subject.component).fit(model, pool, 0)
    require(
        not touched,
        f"{subject.title} changed the process-wide {', '.join(touched)}; change it back, or do "
        "without",
    )


def global_random_state_unused(subject: Subject) -> None:
    """The model does not depend on the global generators."""
    pool, results = _pool(), []
    for seed in (1, 2):
        model = _untrained(subject, pool)
        with seeded(seed):
            cast(Trainer, subject.component).fit(model, pool, 0)
            results.append(_embedded(model, pool))
    difference = _difference(*results)
    require(
        difference <= 1e-6,
        f"{subject.title} depends on the global random state: embeddings differ by "
        f"{difference:.3g} after other global seeds",
    )


def no_labels(subject: Subject) -> None:
    """Before the first label it trains what can be trained, and the model embeds."""
    for multilabel in (False, True):
        _trained(subject, _pool(multilabel, labeled=0))


def few_labels(subject: Subject) -> None:
    """One label, and labels of one class only."""
    _trained(subject, _pool(labeled=1))
    pool = _pool(labeled=16)
    of_first_class = pool.labels.labeled[pool.labels.matrix[pool.labels.labeled, 0] == 1]
    matrix = pool.labels.matrix[of_first_class]
    one_class = LabelState.empty(48, 3).with_answers(of_first_class, matrix, 0)
    _trained(subject, pool.with_labels(one_class))


def every_pair_labeled(subject: Subject) -> None:
    """No unlabeled pair is left."""
    for multilabel in (False, True):
        _trained(subject, _pool(multilabel, labeled=48))


class _Garbled(PairPool):
    """A pool that fills the inputs of absent pairs with other than the usual zeros."""

    def batch(self, positions: IntArray) -> PairBatch:
        batch = super().batch(positions)
        for inputs, present in ((batch.a, batch.present_a), (batch.b, batch.present_b)):
            assert present is not None
            inputs[~present] = 3
        return batch


def missing_modality(subject: Subject) -> None:
    """Pairs that lack a modality are trained on, and what fills their rows does not matter."""
    order = np.arange(48)
    has_a = order % 5 != 0
    present = {"a": has_a, "b": (order % 7 != 1) | ~has_a}
    pool = replace(_pool(), present=(present["a"], present["b"]))
    garbled = _Garbled(**{item.name: getattr(pool, item.name) for item in fields(pool)})
    first, second = (
        {key: rows[present[key[0]]] for key, rows in _trained(subject, p).items()}
        for p in (pool, garbled)
    )
    difference = _difference(first, second)
    require(
        difference <= 1e-5,
        f"{subject.title} learns from rows of absent pairs: embeddings of present ones differ by "
        f"{difference:.3g} when these meaningless values change; heed PairBatch.present_a and _b",
    )


def hard_features(subject: Subject) -> None:
    """Constant features, duplicated pairs and large values give finite embeddings."""
    pool = _pool()
    a, b = (source.rows(np.arange(48)) for source in pool.features)
    few = np.arange(48) % 4
    for hard in ((a * 0 + 1, b * 0 + 1), (a[few], b[few]), (a * 1e4, b * 1e4)):
        features = (ArrayFeatures(hard[0]), ArrayFeatures(hard[1]))
        _trained(subject, replace(pool, features=features))


def pool_not_mutated(subject: Subject) -> None:
    """Features and labels are read and never written."""
    pool = _pool()
    arrays = {
        "features of modality a": cast(ArrayFeatures, pool.features[0]).array,
        "features of modality b": cast(ArrayFeatures, pool.features[1]).array,
        "labels.round": pool.labels.round,
        "labels.matrix": pool.labels.matrix,
    }
    before = {name: array.copy() for name, array in arrays.items()}
    _trained(subject, pool)
    for name, array in arrays.items():
        require(
            np.array_equal(array, before[name]),
            f"{subject.title} changed the pool's {name}; work on a copy",
        )


TRAINER = (
    same_seed_same_model,
    trains_from_scratch,
    global_random_state_untouched,
    global_random_state_unused,
    global_settings_untouched,
    no_labels,
    few_labels,
    every_pair_labeled,
    missing_modality,
    hard_features,
    pool_not_mutated,
)
