"""When to stop before the last round, by what may be known without test pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from acqkit.campaign.trainers import fit_on
from acqkit.config import StopConfig
from acqkit.embeddings import DEFAULT_BLOCK_SIZE, PairEmbeddings
from acqkit.files import whole_file
from acqkit.interfaces import Engine, Model, Pool, Trainer
from acqkit.labels import UNLABELED, LabelState
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed, pair_keys, uniforms
from acqkit.runner.evaluate import evaluate
from acqkit.runs.folder import SeedFolder

FEWEST_HELD_OUT = 200
"""Held-out pairs below which no validation MAP is measured: MAP falls as galleries grow, and ten
pairs gave .8 where the test part gave .2."""


def split_validation(pool: Pool, share: float, seed: int) -> tuple[LabelState, NDArray[np.int64]]:
    """Labels without a held-out share, and the held-out positions.

    Who is held out depends on the pair's id and the seed only, so that the validation part
    grows with the labels and is never trained on.
    """
    keys = pair_keys(pool.id_keys(), derive_seed(seed, 0, "validation"))
    labeled = pool.labels.labeled
    held_out = labeled[uniforms(keys)[labeled] < share]
    rounds, matrix = pool.labels.round.copy(), pool.labels.matrix.copy()
    rounds[held_out] = UNLABELED
    matrix[held_out] = 0
    return LabelState(rounds, matrix), held_out


def validation_map(
    model: Model, trainer: Trainer, pool: PairPool, share: float, seed: int, engine: Engine
) -> tuple[float, int] | None:
    """MAP among held-out labeled pairs of a model trained on the other labeled pairs.

    `model` is an untrained one. With the MAP comes how many pairs were held out; None while
    they are fewer than `FEWEST_HELD_OUT`.
    """
    labels, held_out = split_validation(pool, share, seed)
    if len(held_out) < FEWEST_HELD_OUT:
        return None
    seed = derive_seed(seed, 0, "validation-train")
    fit_on(engine, trainer, model, pool.with_labels(labels), seed)
    found = evaluate(model, pool, held_out, pool.labels.matrix, engine).scores.map
    return found, len(held_out)


def predictions(embeddings: PairEmbeddings) -> NDArray[np.int64] | None:
    """What the model says of every pair: classes `[n]`, or decisions `[n·c]` if multi-label."""
    if embeddings.a.probabilities is None:
        return None
    blocks = []
    for block in embeddings.blocks(size=DEFAULT_BLOCK_SIZE):
        p = block.unified_probabilities()
        blocks.append((p >= 0.5).ravel() if embeddings.multilabel else p.argmax(axis=1))
    return np.concatenate(blocks).astype(np.int64)


class Stability:
    """Agreement of consecutive models on the pool (Bloodgood & Vijay-Shanker 2009, section 3).

    Cohen's kappa between the predictions of consecutive rounds; the last predictions are
    kept in a folder so that a resumed run goes on as if it had not been interrupted.
    """

    def __init__(self, folder: SeedFolder) -> None:
        self._folder = folder

    def update(self, round: int, embeddings: PairEmbeddings) -> float | None:
        """Kappa with the previous round's predictions, or None where there are none."""
        current = predictions(embeddings)
        if current is None:
            return None
        with whole_file(self._folder.predictions(round)) as file:
            np.save(file, current)
        self._folder.predictions(round - 2).unlink(missing_ok=True)
        before = self._folder.predictions(round - 1)
        if not before.exists():
            return None
        previous = np.load(before)
        if np.array_equal(previous, current):
            return 1.0
        return float(cohen_kappa_score(previous, current))


def reason_to_stop(stop: StopConfig, budget: int | None, history: list[dict[str, float]]) -> str:
    """Why to stop after the last round of `history`, or an empty string.

    Each item has `labels` and, where measured, `validation_map` and `stability`.
    """
    last = history[-1]
    if budget is not None and last["labels"] >= budget:
        return f"budget of {budget} labels spent"
    if stop.target_map is not None and last.get("validation_map", 0.0) >= stop.target_map:
        return (
            f"validation MAP {last['validation_map']:.3f} among {last['validation_pairs']} "
            f"held-out pairs reached {stop.target_map}; MAP falls as galleries grow"
        )
    if stop.stability is not None:
        recent = [item.get("stability", 0.0) for item in history[-stop.patience :]]
        if len(recent) == stop.patience and min(recent) >= stop.stability:
            return f"predictions were stable ({min(recent):.3f}) for {stop.patience} rounds"
    return ""
