"""Checks of randomness: all of it from the context's seed, none from anywhere else."""

from __future__ import annotations

import numpy as np

from acqkit.testing.global_state import generators, seeded, settings, watched
from acqkit.testing.scenes import Scene, make_scene, scattered
from acqkit.testing.subject import Subject, describe_difference, require

N = 9
SEEDS = range(8)


def same_seed_same_picks(subject: Subject) -> None:
    """The same context gives the same picks, again and from a new copy with equal parameters."""
    scene = scattered()
    for seed in (0, 1):
        first = subject.picks(scene, N, seed=seed)
        for again in (subject, subject.fresh()):
            second = again.picks(scene, N, seed=seed)
            require(
                second == first,
                f"{subject.title} with one seed: {describe_difference(first, second)}; take all "
                "randomness from context.rng() or context.uniforms()",
            )


def no_memory(subject: Subject) -> None:
    """Picks do not depend on what was selected before: a resumed campaign goes on as it would."""
    scene = scattered()
    first = subject.picks(scene, N)
    subject.picks(make_scene(80, multilabel=True, seed=3), N, seed=5)
    second = subject.picks(scene, N)
    require(
        second == first,
        f"{subject.title} remembers earlier calls: {describe_difference(first, second)} after "
        "another selection; components hold parameters, never state",
    )


def seed_is_honored(subject: Subject) -> None:
    """Picks that are arbitrary vary with the seed (they are, if new ids or a new order move them).

    A strategy without randomness passes: neither other ids nor another order of the same
    pairs change its picks. One with a constant seed of its own picks the same under every
    seed, and yet other pairs once these are renamed or reordered.
    """
    scene = scattered()
    first = subject.picks(scene, N, seed=SEEDS[0])
    if any(subject.picks(scene, N, seed=seed) != first for seed in SEEDS[1:]):
        return
    order = np.random.default_rng(1).permutation(len(scene.pool))
    reordered = order[subject.picks(scene.permuted(order), N)]
    variants = {
        "renaming the pairs": subject.picks(scene.renamed(), N),
        "reordering the pool": sorted(reordered.tolist()),
    }
    for what, picks in variants.items():
        require(
            picks == first,
            f"{subject.title} is blind to the seed: {len(SEEDS)} seeds give the same picks, though "
            f"they are arbitrary ({what} changes them); take randomness from context.uniforms() "
            "or context.rng(), and break ties in the order of context.canonical()",
        )


def global_random_state_untouched(subject: Subject) -> None:
    """The global generators of Python, numpy and torch are left as they were."""
    for scene in _random_scenes():
        with watched(generators) as touched:
            subject.select(scene, N)
        require(
            not touched,
            f"{subject.title} touched the global random state of {', '.join(touched)}; use "
            "context.rng() or torch.Generator().manual_seed(context.derive(purpose))",
        )


def global_settings_untouched(subject: Subject) -> None:
    """Settings of numpy and torch, such as the default type, are left as they were."""
    with watched(settings) as touched:
        subject.select(scattered(), N)
    require(
        not touched,
        f"{subject.title} changed the process-wide {', '.join(touched)}; change it back, or do "
        "without",
    )


def global_random_state_unused(subject: Subject) -> None:
    """Picks do not depend on the global generators."""
    for scene in _random_scenes():
        picks = []
        for seed in (1, 2, 3):
            with seeded(seed):
                picks.append(subject.picks(scene, N))
        for other in picks[1:]:
            require(
                other == picks[0],
                f"{subject.title} depends on the global random state: "
                f"{describe_difference(picks[0], other)} after random.seed, numpy.random.seed and "
                "torch.manual_seed",
            )


def _random_scenes() -> list[Scene]:
    return [scattered(), scattered(multilabel=True)]


RANDOM = (
    same_seed_same_picks,
    no_memory,
    seed_is_honored,
    global_random_state_untouched,
    global_random_state_unused,
    global_settings_untouched,
)
