"""Encoders that workers import in tests of `pool build`."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acqkit import Component
from acqkit.embeddings import FloatArray


class Colors(Component):
    """The mean color of a picture, less that of its batch: it depends on what is encoded with it.

    Where `marks` is a folder, the first worker that sees a third batch is killed.
    """

    marks: str = ""

    def encode(self, items: Sequence[Any]) -> FloatArray:
        if self.marks:
            folder = Path(self.marks)
            (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}").touch()
            own = list(folder.glob(f"{os.getpid()}-*"))
            if len(own) == 3 and not (folder / "killed").exists():
                (folder / "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        means = np.array([np.asarray(item, np.float32).mean(axis=(0, 1)) for item in items])
        return np.asarray(means - means.mean(axis=0))


class Words(Component):
    """Length and vowels of a text."""

    def encode(self, items: Sequence[str]) -> FloatArray:
        found = [[len(item), sum(item.count(vowel) for vowel in "aeiou")] for item in items]
        return np.array(found, np.float32)
