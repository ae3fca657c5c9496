"""The process-wide random generators, which a component must neither use nor touch."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def _states() -> dict[str, Any]:
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - watched, not used
    return {
        "Python's random": random.getstate(),
        "numpy.random": pickle.dumps(legacy),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@contextmanager
def watched() -> Iterator[list[str]]:
    """Names, after the block, which global generators it touched."""
    touched: list[str] = []
    before = _states()
    yield touched
    after = _states()
    touched.extend(name for name, state in before.items() if after[name] != state)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Global generators seeded within the block, and as they were after it."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - restored below
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - to find who depends on it
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002 - as it was
