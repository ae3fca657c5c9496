"""Checks of what must not matter: order of pairs, of modalities, of candidates, block size."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from acqkit.interfaces import Scorer
from acqkit.selection import score_candidates
from acqkit.testing.scenes import make_scene, scattered, with_gaps
from acqkit.testing.subject import Subject, describe_difference, require

N = 9


def permuting_the_pool(subject: Subject) -> None:
    """Reordering the pool reorders the picks and changes nothing else."""
    for scene in (scattered(), scattered(multilabel=True)):
        wanted = subject.picks(scene, N)
        for seed in (1, 2, 3):
            order = np.random.default_rng(seed).permutation(len(scene.pool))
            picks = np.array(subject.picks(scene.permuted(order), N))
            got = sorted(order[picks].tolist())
            require(
                got == wanted,
                f"{subject.title} depends on the order of the pool: "
                f"{describe_difference(wanted, got)}; draw with context.uniforms(), and run what "
                "depends on order on context.canonical(positions)",
            )


def order_of_candidates(subject: Subject) -> None:
    """Candidates in another order give the same picks."""
    scene = scattered()
    wanted = subject.picks(scene, N)
    for seed in (1, 2):
        shuffled = np.random.default_rng(seed).permutation(scene.candidates)
        got = subject.picks(replace(scene, candidates=shuffled), N)
        require(
            got == wanted,
            f"{subject.title} depends on the order of context.candidates: "
            f"{describe_difference(wanted, got)}; start from context.canonical(candidates)",
        )


def swapping_the_modalities(subject: Subject) -> None:
    """Exchanging modalities a and b changes nothing (left out when `symmetric = False`)."""
    for scene in (scattered(), scattered(multilabel=True), with_gaps()):
        wanted = subject.picks(scene, N)
        got = subject.picks(scene.swapped(), N)
        require(
            got == wanted,
            f"{subject.title} treats the modalities differently: "
            f"{describe_difference(wanted, got)} after swapping them; treat both alike or declare "
            "`symmetric: ClassVar[bool] = False`",
        )


def block_size(subject: Subject) -> None:
    """The size of the blocks in which pairs are scored changes neither scores nor picks."""
    for scene in (scattered(), make_scene(60, labeled=10, multilabel=True)):
        sizes = (1, 7, len(scene.pool))
        if subject.kind == "scorer":
            scorer = cast(Scorer, subject.component)
            values = [
                score_candidates(scorer, scene.context(block_size=size)).values[scene.candidates]
                for size in sizes
            ]
            scale = max(float(np.abs(values[-1]).max()), 1e-6)
            error = max(float(np.abs(value - values[-1]).max()) for value in values)
            require(
                error <= 1e-4 * scale,
                f"{subject.title}'s scores depend on the block size: they differ by {error:.3g} "
                f"(largest score {scale:.3g}) between blocks of {sizes}; a pair's score must not "
                "depend on which other pairs share its block",
            )
        else:
            wanted, *others = [subject.picks(scene, N, block_size=size) for size in sizes]
            for got in others:
                require(
                    got == wanted,
                    f"{subject.title} depends on context.block_size: "
                    f"{describe_difference(wanted, got)}",
                )


INVARIANCE = (permuting_the_pool, order_of_candidates, block_size)
SYMMETRY = (swapping_the_modalities,)
