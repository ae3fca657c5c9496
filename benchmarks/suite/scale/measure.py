"""One measurement of scoring and allocating, against the least that any method must do.

`ascmr` scores and `density` allocates 1,000 picks out of n pairs (d = 128, 20 classes, 500
labeled, means and variances memory-mapped). The floor is one sequential read of those arrays and
one float32 product of the unified means with 1,000 centers. Memory is the peak of anonymous
memory, without mapped files but with the interpreter and its libraries.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from acqkit_ascmr import Ascmr
from acqkit_density import Density

from acqkit import PairEmbeddings, RoundContext
from acqkit.components.compose import Composed
from acqkit.embeddings import DEFAULT_BLOCK_SIZE, FloatArray, LinearClassifier, ModalityEmbeddings
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.pool.features import ArrayFeatures
from acqkit.selection import select

DIM, CLASSES, LABELED, PICKS, CENTERS, CLUSTERS = 128, 20, 500, 1000, 1000, 300
THREADS = 1
NAMES = ("a_mean", "a_variance", "b_mean", "b_variance")


def generate(folder: Path, n: int) -> None:
    """Two views of a Gaussian mixture of unequal clusters, and a classifier of its classes."""
    rng = np.random.default_rng(0)
    arrays = {
        name: np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(n, DIM)
        )
        for name in NAMES
    }
    centers = rng.standard_normal((CLUSTERS, DIM)).astype(np.float32)
    shares = rng.dirichlet(np.full(CLUSTERS, 0.7))
    for start in range(0, n, DEFAULT_BLOCK_SIZE):
        stop = min(start + DEFAULT_BLOCK_SIZE, n)
        size = (stop - start, DIM)
        shared = centers[rng.choice(CLUSTERS, stop - start, p=shares)]
        shared = shared + 0.5 * rng.standard_normal(size, np.float32)
        for side in "ab":
            own = 0.3 * rng.standard_normal(size, np.float32)
            arrays[f"{side}_mean"][start:stop] = shared + own
            arrays[f"{side}_variance"][start:stop] = 0.1 * rng.standard_exponential(
                size, np.float32
            ).clip(0.01)
    weight = rng.standard_normal((CLASSES, DIM)).astype(np.float32) / math.sqrt(DIM) * 1.5
    np.save(folder / "weight.npy", weight)
    for array in arrays.values():
        array.flush()


def measure(folder: Path, n: int) -> dict[str, Any]:
    """Seconds of the floor, seconds by phase, and peak memory, for the first `n` pairs."""
    torch.set_num_threads(THREADS)
    arrays = _arrays(folder, n)
    context = open_context(folder, n, LABELED)
    floors = [floor(arrays)]
    strategy = Composed(scorer=Ascmr(), allocator=Density())
    with PeakMemory() as memory:
        start = time.perf_counter()
        selection = select(strategy, context, PICKS)
        seconds = time.perf_counter() - start
    floors.append(floor(arrays))
    lowest = sum(floors) / 2
    return {
        "pairs": n,
        "seconds": seconds,
        "floor": lowest,
        "ratio": seconds / lowest,
        "peak_gib": memory.peak / 2**20,
        "phases": context.clock.seconds,
        "sample": selection.record.get("sample", {"pairs": n})["pairs"],
        "picks": len(selection.positions),
    }


def _arrays(folder: Path, n: int) -> dict[str, FloatArray]:
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r")[:n] for name in NAMES}


def open_context(folder: Path, n: int, labeled: int) -> RoundContext:
    """The first `n` pairs of what `generate` made, memory-mapped, with so many labels."""
    arrays, weight = _arrays(folder, n), np.load(folder / "weight.npy")
    classifier = LinearClassifier(weight, np.zeros(CLASSES, dtype=np.float32))
    labels = np.eye(CLASSES, dtype=np.uint8)[np.arange(labeled) % CLASSES]
    positions = np.sort(np.random.default_rng(1).permutation(n)[:labeled])
    known = LabelState.empty(n, CLASSES).with_answers(positions, labels, 0)
    pool = PairPool(
        features=(ArrayFeatures(arrays["a_mean"]), ArrayFeatures(arrays["b_mean"])),
        class_names=tuple(f"class{c}" for c in range(CLASSES)),
        name="scale",
        modalities=("image", "text"),
        multilabel=False,
        known=known,
    )
    sides = []
    for side in "ab":
        mean = arrays[f"{side}_mean"]
        logits = torch.from_numpy(np.array(mean)) @ torch.from_numpy(weight).T
        probabilities = torch.softmax(logits, dim=1).numpy()
        sides.append(ModalityEmbeddings(mean, arrays[f"{side}_variance"], probabilities))
    embeddings = PairEmbeddings(sides[0], sides[1], np.arange(n), False, classifier)
    return RoundContext(1, 0, pool, embeddings, pool.labels.unlabeled)


def floor(arrays: dict[str, FloatArray]) -> float:
    """Seconds to read every array once and multiply the unified means with 1,000 centers."""
    centers = torch.randn(DIM, CENTERS, generator=torch.Generator().manual_seed(0))
    n = len(arrays["a_mean"])
    out = torch.empty(DEFAULT_BLOCK_SIZE, CENTERS)
    start = time.perf_counter()
    for array in arrays.values():
        for first in range(0, n, DEFAULT_BLOCK_SIZE):
            array[first : first + DEFAULT_BLOCK_SIZE].sum()
    for first in range(0, n, DEFAULT_BLOCK_SIZE):
        rows = slice(first, first + DEFAULT_BLOCK_SIZE)
        unified = 0.5 * (arrays["a_mean"][rows] + arrays["b_mean"][rows])
        torch.mm(torch.from_numpy(unified), centers, out=out[: len(unified)])
    return time.perf_counter() - start


class PeakMemory:
    """The highest anonymous memory of this process, in KiB, sampled every 10 ms."""

    def __enter__(self) -> PeakMemory:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            status = Path("/proc/self/status").read_text()
            line = next(row for row in status.splitlines() if row.startswith("RssAnon"))
            self.peak = max(self.peak, int(line.split()[1]))


def main() -> None:
    """Measure the first so many pairs of a folder and print the figures as JSON."""
    folder, pairs = sys.argv[1:]
    print(json.dumps(measure(Path(folder), int(pairs))))


if __name__ == "__main__":
    main()
