"""Checks of what is picked: exactly n distinct candidates, as positions in the pool."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from acqkit.errors import BudgetError
from acqkit.selection import select
from acqkit.testing.scenes import Scene, labeled_first, make_scene, scattered
from acqkit.testing.subject import Subject, require


def _scenes() -> list[Scene]:
    return [
        build(multilabel) for build in (labeled_first, scattered) for multilabel in (False, True)
    ]


def exact_count(subject: Subject) -> None:
    """Asked for n picks, it returns n, for n from 1 to all candidates."""
    for scene in _scenes():
        available = len(scene.candidates)
        for n in (1, 2, 7, available - 1, available):
            got = np.shape(subject.raw_picks(scene, n))
            require(
                got == (n,),
                f"{subject.title} returned picks of shape {got} when asked for {n} of "
                f"{available} candidates, wanted ({n},)",
            )


def distinct_picks(subject: Subject) -> None:
    """No pair is picked twice."""
    for scene in _scenes():
        for n in (2, 7, len(scene.candidates)):
            positions, counts = np.unique(subject.raw_picks(scene, n), return_counts=True)
            require(
                (counts == 1).all(),
                f"{subject.title} picked position {positions[np.argmax(counts)]} "
                f"{counts.max()} times; picks must be distinct",
            )


def index_space(subject: Subject) -> None:
    """Picks are integer positions in the pool, not in the unlabeled subset or the candidates."""
    for scene in _scenes():
        picks = subject.raw_picks(scene, 7)
        require(
            picks.dtype.kind in "iu",
            f"{subject.title} returned picks of type {picks.dtype}, wanted integer positions",
        )
        outside = picks[(picks < 0) | (picks >= len(scene.pool))]
        require(
            not len(outside),
            f"{subject.title} picked {outside[:3].tolist()} in a pool of {len(scene.pool)} pairs; "
            "return positions (0 to n - 1), not ids",
        )
        labeled = np.intersect1d(picks, scene.pool.labels.labeled)
        require(
            not len(labeled),
            f"{subject.title} picked {len(labeled)} labeled pairs out of 7, such as position "
            f"{labeled[:1].tolist()}: return positions in the pool (context.candidates[rows]), not "
            "rows of the candidates",
        )


def candidates_only(subject: Subject) -> None:
    """Skipped pairs and pairs already asked for, no candidates though unlabeled, stay unpicked."""
    for multilabel in (False, True):
        scene = scattered(multilabel)
        for n in (7, len(scene.candidates)):
            strays = np.setdiff1d(subject.raw_picks(scene, n), scene.candidates)
            require(
                not len(strays),
                f"{subject.title} picked {strays.tolist()}, which are not in context.candidates "
                "(skipped or already asked for): pick from context.candidates, not from "
                "context.pool.labels.unlabeled",
            )


def over_asking(subject: Subject) -> None:
    """Asked for more than there is: refused with both numbers, and no pick is made up."""
    for scene in _scenes():
        available = len(scene.candidates)
        try:
            select(subject.strategy, scene.context(), available + 3)
        except BudgetError as error:
            require(
                str(available) in str(error) and str(available + 3) in str(error),
                f"the error for over-asking does not say both numbers: {error}",
            )
        else:
            raise AssertionError("acqkit.selection.select let over-asking pass")
        try:
            picks = subject.raw_picks(scene, available + 3)
        except Exception:  # noqa: BLE001 - whatever a strategy raises by itself is a refusal
            continue
        made_up = len(picks) - len(np.intersect1d(picks, scene.candidates))
        require(
            made_up == 0,
            f"{subject.title}, called with n = {available + 3} for {available} candidates, made "
            f"up {made_up} picks (repeats or pairs that are no candidates); raise "
            "acqkit.errors.BudgetError or return fewer",
        )


def all_candidates(subject: Subject) -> None:
    """Asked for as many as there are, it returns every candidate."""
    for scene in _scenes():
        picks = subject.picks(scene, len(scene.candidates))
        require(
            picks == scene.candidates.tolist(),
            f"{subject.title} left candidates out when asked for all of them",
        )


def one_pair_left(subject: Subject) -> None:
    """The last unlabeled pair can be picked."""
    for multilabel in (False, True):
        last = np.array([41])
        scene = make_scene(60, multilabel=multilabel, labeled=np.delete(np.arange(60), last))
        picks = subject.picks(scene, 1)
        require(picks == [41], f"{subject.title} picked {picks} when only 41 was left")


def one_pair_of_many(subject: Subject) -> None:
    """With a single candidate among many unlabeled pairs, it is the one picked."""
    scene = make_scene(60, labeled=10)
    only = scene.candidates[7:8]
    picks = subject.picks(replace(scene, candidates=only), 1)
    require(picks == only.tolist(), f"{subject.title} picked {picks}, wanted {only.tolist()}")


def plain_record(subject: Subject) -> None:
    """What a selection carries for the report is plain JSON data."""
    record = dict(subject.select(scattered(), 7).record)
    try:
        json.dumps(record, allow_nan=False)
    except (TypeError, ValueError) as error:
        require(False, f"{subject.title}'s Selection.record is not JSON: {error}")


PICKS = (
    exact_count,
    distinct_picks,
    index_space,
    candidates_only,
    over_asking,
    all_candidates,
    one_pair_left,
    one_pair_of_many,
    plain_record,
)
