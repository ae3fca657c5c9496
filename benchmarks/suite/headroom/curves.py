"""Curves of MAP over labels: of a strategy, and of the best batch out of many in every round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel

from acqkit.components.resolve import resolve
from acqkit.embeddings import IntArray
from acqkit.errors import EmbeddingError
from acqkit.models import TorchPairModel
from acqkit.randomness import derive_seed
from acqkit.selection import select
from suite.headroom.candidates import Batch, first_candidates, swapped
from suite.headroom.scene import Scene, retrieval

CEILING, ALL_LABELS, RANDOM = "ceiling", "all labels", "random"
DONORS = 4
"""Of the best batches after the first, how many give picks to it in swaps."""


@dataclass(frozen=True)
class Effort:
    """How much is tried: what the figures depend on beside the pool, the seed and the code.

    shares: budgets as shares of the pairs to label. most: train pairs of a pool that are used.
    steps: of every training. perturbed: perturbed coverages a round; swaps: exchanges tried with
    the best batch; finalists: batches that are trained twice before one is chosen.
    """

    shares: tuple[float, ...] = (0.01, 0.02, 0.04, 0.08, 0.16)
    most: int = 4_500
    steps: int = 100
    perturbed: int = 6
    swaps: int = 5
    finalists: int = 2

    def budgets(self, n: int) -> list[int]:
        """Labels in all after each round, out of `n` pairs."""
        return [max(1, round(share * n)) for share in self.shares]


class Search(BaseModel):
    """How the ceiling's next batch was found.

    `chosen` and `plain` are MAP on the pairs to choose by, of the batch that won (of kind
    `kind`, out of `tried`) and of plain coverage; `plain_reported` is what plain coverage of the
    same labels has on the other pairs, in a training that nothing was chosen by.
    """

    tried: int
    kind: str
    chosen: float
    plain: float
    plain_reported: float


class Round(BaseModel):
    """MAP on the pairs to report on with so many labels, and the positions labeled next."""

    labels: int
    map: float
    picked: list[int]
    search: Search | None = None


Choice = tuple[IntArray, Search | None]
Choose = Callable[[TorchPairModel, list[IntArray], int], Choice]
"""From the model of the batches so far to the next batch of so many picks."""
Save = Callable[[list[Round]], None]


def continue_curve(
    scene: Scene, budgets: list[int], choose: Choose, rounds: list[Round], save: Save
) -> None:
    """Append the rounds that are missing, one for each budget after the one without labels.

    `save` is called after each.
    """
    while len(rounds) <= len(budgets):
        batches = [np.array(done.picked, dtype=np.int64) for done in rounds]
        model = scene.trained(batches, "train") if batches else scene.unlabeled_model
        value, labels = retrieval(model, scene.reporting), sum(map(len, batches))
        picked, search = np.empty(0, dtype=np.int64), None
        if len(batches) < len(budgets):
            picked, search = choose(model, batches, budgets[len(batches)] - labels)
        rounds.append(Round(labels=labels, map=value, picked=picked.tolist(), search=search))
        save(rounds)


def chooser(scene: Scene, series: str, effort: Effort) -> Choose:
    """How a series picks: the search for the ceiling, or a strategy by name.

    `random 2` is the strategy `random` with another seed.
    """
    if series == CEILING:
        return lambda model, batches, n: search(scene, model, batches, n, effort)
    name, _, repeat = series.partition(" ")
    part = resolve("strategy", name).component
    seed = derive_seed(scene.seed, int(repeat or 1), "select")

    def choose(model: TorchPairModel, batches: list[IntArray], n: int) -> Choice:
        context = replace(scene.context(model, batches), seed=seed)
        try:
            return select(part, context, n).positions, None
        except EmbeddingError:  # it needs class probabilities, and there is no label yet
            return select(resolve("strategy", RANDOM).component, context, n).positions, None

    return choose


def all_labels(scene: Scene) -> Round:
    """What the same training reaches with every label."""
    everything = np.arange(len(scene.pool))
    value = retrieval(scene.trained([everything], "train"), scene.reporting)
    return Round(labels=len(everything), map=value, picked=[])


def search(
    scene: Scene, model: TorchPairModel, batches: list[IntArray], n: int, effort: Effort
) -> Choice:
    """The best batch by MAP of its training on the pairs to choose by, with true labels.

    All candidates are trained with the same seed; then picks of the best are exchanged for those
    of others while that makes it better; the best few are trained once more with another seed,
    and the best mean wins.
    """
    context = scene.context(model, batches)
    rng = np.random.default_rng(derive_seed(scene.seed, len(batches), "candidates"))

    def value(batch: Batch, purpose: str) -> float:
        return retrieval(scene.trained([*batches, batch.positions], purpose), scene.choosing)

    tried: list[tuple[float, Batch]] = []

    def attempt(batch: Batch) -> None:
        tried.append((value(batch, "choose"), batch))
        tried.sort(key=lambda item: -item[0])

    candidates = list(first_candidates(scene, context, n, effort.perturbed, rng))
    for batch in candidates:
        attempt(batch)
    for number in range(effort.swaps):
        best, donor = tried[0][1], tried[1 + number % DONORS][1]
        attempt(Batch("swaps", swapped(best.positions, donor.positions, rng)))
    plain = candidates[0]
    finalists = [item for item in tried[: effort.finalists] if item[1] is not plain]
    finalists += [item for item in tried if item[1] is plain]
    twice = [((first + value(batch, "choose again")) / 2, batch) for first, batch in finalists]
    chosen, winner = max(twice, key=lambda item: item[0])
    reported = retrieval(scene.trained([*batches, plain.positions], "train"), scene.reporting)
    found = Search(
        tried=len(tried),
        kind=winner.kind,
        chosen=chosen,
        plain=twice[-1][0],
        plain_reported=reported,
    )
    return winner.positions, found
