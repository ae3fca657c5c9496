"""Checks of what pools and models may bring: hard values, gaps, and things left out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from acqkit.errors import AcqkitError, SelectionError
from acqkit.selection import select
from acqkit.testing.hard import HARD, TINY, certain
from acqkit.testing.scenes import (
    Scene,
    duplicated,
    make_scene,
    scattered,
    with_gaps,
    with_other_absent_rows,
)
from acqkit.testing.subject import ConformanceError, Subject, describe_difference, require

N = 9


@contextmanager
def _sound_arithmetic(subject: Subject, inputs: str) -> Iterator[None]:
    """numpy's warnings (0 / 0, log 0, overflow) and scores that are not finite are failures."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield
    except (RuntimeWarning, SelectionError) as error:
        raise ConformanceError(f"{subject.title} fails on {inputs}: {error}") from error


def no_nan(subject: Subject) -> None:
    """Finite but hard inputs give finite scores without a numerical warning, and picks."""
    for multilabel in (False, True):
        for inputs, change in HARD.items():
            with _sound_arithmetic(subject, inputs):
                subject.select(change(scattered(multilabel)), N)


def zero_is_the_limit(subject: Subject) -> None:
    """Probabilities of exactly 0 are treated as tiny ones are: no NaN decides in silence."""
    for multilabel in (False, True):
        scene = scattered(multilabel)
        wanted = subject.picks(certain(scene, zero=TINY), N)
        got = subject.picks(certain(scene), N)
        require(
            got == wanted,
            f"{subject.title} picks otherwise when a class probability of {TINY} becomes 0: "
            f"{describe_difference(wanted, got)}; a NaN or an infinity has probably been sorted",
        )


def duplicates(subject: Subject) -> None:
    """A pool of many copies of few pairs, with fewer distinct pairs than picks."""
    for multilabel in (False, True):
        scene = duplicated(5, multilabel)
        for n in (3, 12, len(scene.candidates)):
            with _sound_arithmetic(subject, "duplicated pairs"):
                subject.select(scene, n)


def constant_features(subject: Subject) -> None:
    """A pool in which all pairs look the same."""
    for multilabel in (False, True):
        for n in (1, 12):
            with _sound_arithmetic(subject, "constant features"):
                subject.select(duplicated(1, multilabel), n)


def multilabel_pools(subject: Subject) -> None:
    """Pools with several labels a pair, whose probabilities do not add up to one."""
    for n in (1, N):
        subject.select(scattered(multilabel=True), n)


def missing_modality(subject: Subject) -> None:
    """Pairs that lack a modality are coped with, and what fills their rows does not matter."""
    for multilabel in (False, True):
        scene = with_gaps(multilabel)
        with _sound_arithmetic(subject, "pairs that lack a modality"):
            wanted = subject.picks(scene, N)
        got = subject.picks(with_other_absent_rows(scene), N)
        require(
            got == wanted,
            f"{subject.title} reads rows of absent pairs: {describe_difference(wanted, got)} when "
            "these meaningless values change; heed .present, or use unified_mean() and "
            "unified_probabilities(), which do",
        )


def one_labeled_pair(subject: Subject) -> None:
    """A single label is known, so that most classes have none."""
    with _sound_arithmetic(subject, "a pool with one label"):
        subject.select(make_scene(60, labeled=1), N)


def no_labels(subject: Subject) -> None:
    """Without any label yet it works, or says in one sentence that it needs some."""
    _works_or_says_why(subject, make_scene(60, labeled=0), "no label is known")
    bare = make_scene(60, labeled=0).without(variance=True, probabilities=True)
    _works_or_says_why(subject, bare, "no label is known and the model gives only means")


def no_variance(subject: Subject) -> None:
    """With a model that gives no variances it works, or says in one sentence that it needs them."""
    _works_or_says_why(subject, scattered().without(variance=True), "there are no variances")


def no_probabilities(subject: Subject) -> None:
    """Without class probabilities it works, or says in one sentence that it needs them."""
    scene = scattered().without(probabilities=True)
    _works_or_says_why(subject, scene, "there are no class probabilities")


def no_model(subject: Subject) -> None:
    """Without a model at hand it works, or says in one sentence that it needs one."""
    _works_or_says_why(subject, replace(scattered(), model=None), "context.model is None")


def _works_or_says_why(subject: Subject, scene: Scene, situation: str) -> None:
    strategy = subject.strategy
    with _sound_arithmetic(subject, f"a context in which {situation}"):
        try:
            select(strategy, scene.context(), N)
        except SelectionError:
            raise
        except AcqkitError as error:
            require(
                len(str(error).split()) >= 5,
                f"when {situation}, {subject.title} says only {str(error)!r}; say what it needs",
            )
        except Exception as error:
            raise ConformanceError(
                f"when {situation}, {subject.title} ends in {type(error).__name__}: {error}; make "
                "it work, or raise an AcqkitError that says what it needs"
            ) from error


def nothing_embedded(subject: Subject) -> None:
    """Declared to need no embeddings, it uses none (only with `needs_embeddings = False`)."""
    got = subject.picks(scattered().unembedded(), N)
    wanted = subject.picks(scattered(), N)
    # An allocator under test gets other scores where nothing is embedded.
    require(
        got == wanted or subject.kind == "allocator",
        f"{subject.title} declares `needs_embeddings = False`, yet "
        f"{describe_difference(wanted, got)} without embeddings",
    )


def inputs_not_mutated(subject: Subject) -> None:
    """What the context holds is read and never written, so that it may be memory-mapped."""
    for scene in (scattered(), with_gaps(multilabel=True)):
        before = {name: array.copy() for name, array in scene.arrays().items()}
        subject.select(scene, N)
        for name, array in scene.arrays().items():
            require(
                np.array_equal(array, before[name]),
                f"{subject.title} changed {name}; work on a copy",
            )
        for array in scene.arrays().values():
            array.flags.writeable = False
        try:
            subject.select(scene, N)
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise ConformanceError(
                f"{subject.title} writes into the context's arrays ({error}); work on a copy"
            ) from error


def parameters_roundtrip(subject: Subject) -> None:
    """Parameters survive JSON, in which a run's configuration is kept."""
    component = subject.component
    written = component.model_dump_json()
    read = type(component).model_validate_json(written)
    require(read == component, f"{subject.title} became {read!r} through JSON: {written}")
    component.model_json_schema()


INPUTS = (
    no_nan,
    zero_is_the_limit,
    duplicates,
    constant_features,
    multilabel_pools,
    missing_modality,
    one_labeled_pair,
    no_labels,
    no_variance,
    no_probabilities,
    no_model,
    inputs_not_mutated,
)
UNEMBEDDED = (nothing_embedded,)
PARAMETERS = (parameters_roundtrip,)
