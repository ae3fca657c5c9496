"""Process-wide state, which a component must not touch: random generators and settings."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch


def generators() -> dict[str, object]:
    """The states of the global random generators, by name."""
    legacy = np.random.get_state(legacy=False)  # noqa: NPY002 - watched, not used
    return {
        "Python's random": random.getstate(),
        "numpy.random": pickle.dumps(legacy),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def settings() -> dict[str, object]:
    """The settings of numpy and torch that change what other code computes, by name."""
    return {
        "numpy.seterr": np.geterr(),
        "torch.set_default_dtype": torch.get_default_dtype(),
        "torch.set_grad_enabled": torch.is_grad_enabled(),
        "torch.use_deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "torch.set_num_threads": torch.get_num_threads(),
    }


@contextmanager
def watched(read: Callable[[], dict[str, object]]) -> Iterator[list[str]]:
    """Names, after the block, what it changed of that which `read` reads."""
    touched: list[str] = []
    before = read()
    yield touched
    after = read()
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
