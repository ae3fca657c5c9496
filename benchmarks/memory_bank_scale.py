"""Memory and time of a memory bank that holds 200,000 pairs, and of asking it.

    python benchmarks/memory_bank_scale.py --pairs 200000

Two views of a Gaussian mixture, 64 dimensions, 20 classes, a thousand labels. Memory is the
growth of the process' peak, so faiss' own is in it; one thread.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from acqkit_memory_bank import MemoryBank
from acqkit_memory_bank.beliefs import Aggregation

from acqkit.labels import LabelState

DIM, CLASSES, LABELED, BLOCK = 64, 20, 1000, 16_384


def main() -> None:
    """Fill a bank, ask it, print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=200_000)
    n = parser.parse_args().pairs
    rng = np.random.default_rng(0)
    centers = 2 * rng.standard_normal((CLASSES, DIM)).astype(np.float32)
    classes = rng.integers(CLASSES, size=n)
    known = np.sort(rng.permutation(n)[:LABELED])
    labels = np.eye(CLASSES, dtype=np.uint8)[classes[known]]
    state = LabelState.empty(n, CLASSES).with_answers(known, labels, 0)
    before, started = _peak(), time.perf_counter()
    bank = MemoryBank(state, DIM, multilabel=False, capacity=n)
    for start in range(0, n, BLOCK):
        positions = np.arange(start, min(start + BLOCK, n))
        size = (len(positions), DIM)
        shared = centers[classes[positions]] + rng.standard_normal(size, np.float32)
        a, b = (shared + 0.5 * rng.standard_normal(size, np.float32) for _ in range(2))
        p = np.full((len(positions), CLASSES), 1 / CLASSES, dtype=np.float32)
        bank.update(positions, (a, b), (p, p))
    own = sum(values.nbytes for values in bank.state().values())
    print(f"{n:,} pairs held: {own / 2**20:.0f} MiB in {time.perf_counter() - started:.1f} s")
    started = time.perf_counter()
    found = Aggregation().beliefs(bank)
    seconds, grown = time.perf_counter() - started, _peak() - before
    right = (found.probabilities.argmax(axis=1) == classes)[state.unlabeled].mean()
    print(f"beliefs ({right:.1%} right) in {seconds:.0f} s")
    print(f"peak {grown / 2**20:,.0f} MiB: {grown / n:,.0f} bytes a pair")
    print(f"all similarities would be {4 * n * n / 2**30:,.0f} GiB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
