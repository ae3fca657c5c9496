"""The phases of a round, each as a function of the device that gives its figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from acqkit.campaign.embed import embed_blocks
from acqkit.components.resolve import resolve
from acqkit.interfaces import RetrievalScores
from acqkit.metrics import evaluate_retrieval
from acqkit.models import Supervised, TwoTower
from acqkit.selection import select
from suite.gpu.scene import CLASSES, LABELED, Scene, raw_pool

STRATEGIES = (
    "ascmr+density",
    "coreset",
    "kmeans",
    "badge",
    "lcmd",
    "max-herding",
    "facility-location",
    "uherding",
    "probcover",
    "typiclust",
    "entropy+top",
    "information-density",
)
"""In the order in which they are measured, those whose times are aimed at first. `bald`, `qbc` and
`batch-bald` are left out: what they cost is the model's own stochastic predictions."""
_ENOUGH = 3.0
"""Seconds after which a measurement is not repeated."""

Figures = dict[str, Any]


def timed(work: Callable[[], Any], device: str, repeats: int = 1) -> tuple[Figures, Any]:
    """Seconds, the median of up to `repeats`, the most memory on the device; and the result."""
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    seconds: list[float] = []
    result = None
    while not seconds or (len(seconds) < repeats and sum(seconds) < _ENOUGH):
        begun = time.perf_counter()
        result = work()
        if on_gpu:
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - begun)
    figures: Figures = {"seconds": statistics.median(seconds), "times": len(seconds)}
    if on_gpu:
        figures["device_gib"] = torch.cuda.max_memory_allocated(device) / 2**30
    return figures, result


def selection(
    scene: Scene, name: str, pairs: int, picks: int, device: str, repeats: int
) -> Figures:
    """What a strategy takes to pick, and which pairs it picked."""
    scorer, _, allocator = name.partition("+")
    parts = {"scorer": {"name": scorer}, "allocator": {"name": allocator}}
    strategy = resolve("strategy", parts if allocator else scorer).component
    # What is loaded and set up at the first use is not measured.
    select(strategy, scene.context(min(pairs, 2_000), device), 2)
    context = scene.context(pairs, device)
    figures, picked = timed(lambda: select(strategy, context, picks), device, repeats)
    return {**figures, "picks": picked.positions.tolist()}


MODELS: Mapping[str, dict[str, Any]] = {
    "two-tower": {"hidden": 256, "batch_size": 128, "precision": "float32"},
    "two-tower, hidden 2048": {"hidden": 2048, "batch_size": 1024, "precision": "float32"},
    "two-tower, hidden 2048, bfloat16": {
        "hidden": 2048,
        "batch_size": 1024,
        "precision": "bfloat16",
    },
}
"""By name, what is trained and embeds."""


def training(name: str, pairs: int, steps: int, device: str) -> Figures:
    """Steps a second of the reference trainer, without making the model and reading the pool."""
    made, pool = MODELS[name], raw_pool(pairs)
    model = TwoTower(hidden=made["hidden"]).build(pool, _torch_name(device))

    def train(count: int) -> float:
        trainer = Supervised(
            min_steps=count,
            max_steps=count,
            batch_size=made["batch_size"],
            precision=made["precision"],
        )
        return float(timed(lambda: trainer.fit(model, pool, 0), device)[0]["seconds"])

    train(2)
    few, all_steps = train(max(1, steps // 10)), train(steps)
    # The difference leaves out what comes before the first step.
    spent = max(all_steps - few, 1e-9)
    return {"seconds": all_steps, "rate": (steps - max(1, steps // 10)) / spent}


def embedding(name: str, pairs: int, device: str, repeats: int) -> Figures:
    """Pairs a second that a trained model embeds, both modalities, into memory."""
    pool = raw_pool(pairs)
    model = TwoTower(hidden=MODELS[name]["hidden"]).build(pool, _torch_name(device))
    Supervised(min_steps=2, max_steps=2).fit(model, pool, 0)

    def embed() -> None:
        for _ in embed_blocks(model, pool):
            pass

    figures, _ = timed(embed, device, repeats)
    return {**figures, "rate": pairs / figures["seconds"]}


def evaluation(pairs: int, device: str, repeats: int) -> Figures:
    """Both directions of `pairs` queries against as many, and their MAP."""
    rng = np.random.default_rng(0)
    classes = rng.integers(CLASSES, size=pairs)
    shared = rng.standard_normal((CLASSES, 64), np.float32)[classes]
    a, b = (shared + 2 * rng.standard_normal((pairs, 64), np.float32) for _ in "ab")
    labels = np.eye(CLASSES, dtype=np.uint8)[classes]
    evaluate_retrieval(a[:LABELED], b[:LABELED], labels[:LABELED], device=device)

    def evaluate() -> RetrievalScores:
        return evaluate_retrieval(a, b, labels, device=device)

    figures, scores = timed(evaluate, device, repeats)
    return {**figures, "map": scores.map}


def _torch_name(device: str) -> str:
    return "cpu" if device.startswith("cpu") else device
