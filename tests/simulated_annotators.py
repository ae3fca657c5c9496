"""A campaign of light components and the answers of its annotators, without importing torch.

For tests that kill or race hundreds of processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acqkit import Campaign, Component, PairPool, RoundContext
from acqkit.campaign import SKIP, Label
from acqkit.components.registry import new_registry
from acqkit.embeddings import IntArray
from acqkit.interfaces import Selection
from light_components import LightFactory, LightMargin, LightTrainer

CLASSES = ("cat", "dog", "owl")


class ById(Component):
    """Random picks that need no model."""

    needs_embeddings = False

    def select(self, context: RoundContext, n: int) -> Selection:
        scores = context.uniforms()
        picks: IntArray = context.candidates[np.argsort(scores[context.candidates])[:n]]
        return Selection(picks, scores[picks].astype(np.float32), {}, {"round": context.round})


def make_campaign_pool(n: int = 120) -> PairPool:
    """Pairs with text ids, a fifth of them test pairs."""
    rng = np.random.default_rng(0)
    return PairPool.from_arrays(
        rng.standard_normal((n, 5)),
        rng.standard_normal((n, 4)),
        class_names=CLASSES,
        ids=[f"pair-{i}" for i in range(n)],
        multilabel=False,
        split=np.where(np.arange(n) % 5 == 0, "test", "train"),
    )


def true_label(pair_id: str) -> Label:
    """The answer of a careful annotator, who skips some pairs."""
    number = int(pair_id.rpartition("-")[2])
    return SKIP if number % 7 == 3 else CLASSES[number % len(CLASSES)]


def mistaken_label(pair_id: str) -> Label | None:
    """The wrong answer that a hasty annotator gives for some pairs, to be replaced later."""
    number = int(pair_id.rpartition("-")[2])
    return CLASSES[(number + 1) % len(CLASSES)] if number % 4 == 1 else None


@contextlib.contextmanager
def light_campaign(
    folder: Path, pairs: int = 120, pool: PairPool | None = None
) -> Iterator[Campaign]:
    """The campaign in `folder`, made if it is not there."""
    given: dict[str, Any] = {
        "strategy": LightMargin(),
        "trainer": LightTrainer(),
        "model": LightFactory(),
        # The real registry would import every installed plugin, and torch with them.
        "registry": new_registry(),
    }
    make = Campaign.open if folder.exists() else Campaign.create
    with make(folder, pool or make_campaign_pool(pairs), **given) as campaign:
        yield campaign
