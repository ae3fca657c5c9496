"""NUS-WIDE as its makers publish it: text files of concepts, tags and low-level features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acqkit.datasets.public.files import FileIndex
from acqkit.datasets.public.layouts import StoredArray, Subset
from acqkit.datasets.public.shapes import pairs_first
from acqkit.errors import PoolError

LOW_LEVEL = ("CH", "CM55", "CORR", "EDH", "WT")
"""Color histogram, block color moments, correlogram, edge directions, wavelets: 634 numbers."""

_SIDES = ("Train", "Test")


@dataclass(frozen=True, slots=True)
class NusWide:
    """The top concepts of the 81, as many as the data set has classes, by number of images.

    Images are the five normalized low-level features side by side, texts the 1,000 most
    frequent tags. The split is the makers' own: 161,789 and 107,859 images, of which those
    without a top concept are left out.
    """

    name: str = "official"
    source: str = "FedML-AI/FedML python/fedml/data/NUS_WIDE/nus_wide_dataset.py"

    def files(self) -> list[tuple[str, ...]]:
        """Patterns of the files, for both sides of the split."""
        names: list[tuple[str, ...]] = []
        for side in _SIDES:
            names += [(f"{side}_Normalized_{feature}.dat",) for feature in LOW_LEVEL]
            names += [(f"{side}_Tags1k.dat",), (f"Labels_*_{side}.txt",)]
        return names

    def read(self, index: FileIndex, classes: tuple[int, ...]) -> list[Subset]:
        """Train and test pairs; raises PoolError for files of different lengths."""
        columns = {side: _concepts(index, side) for side in _SIDES}
        names = sorted(columns["Train"])
        if names != sorted(columns["Test"]) or len(names) < classes[0]:
            raise PoolError(
                f"{index.folder} has Labels_*_Train.txt for {len(names)} concepts and "
                f"Labels_*_Test.txt for {len(columns['Test'])}, wanted the same for both and at "
                f"least {classes[0]}"
            )
        counts = [sum(int(columns[side][name].sum()) for side in _SIDES) for name in names]
        top = sorted(range(len(names)), key=lambda c: (-counts[c], names[c]))[: classes[0]]
        chosen = tuple(sorted(names[c] for c in top))
        return [_subset(index, side, columns[side], chosen) for side in _SIDES]


def _concepts(index: FileIndex, side: str) -> dict[str, NDArray[Any]]:
    """Per concept `[n]` 0/1."""
    found: dict[str, NDArray[Any]] = {}
    for file in index.matching(f"Labels_*_{side}.txt"):
        values, where = StoredArray((file,)).read(index)
        name = file.removeprefix("Labels_").removesuffix(f"_{side}.txt")
        found[name] = values.astype(np.uint8)
        first = next(iter(found.values()))
        if values.shape != first.shape or values.ndim != 1:
            raise PoolError(
                f"{where} has shape {values.shape}, wanted {first.shape} as the other concepts "
                "have: one number per image"
            )
    return found


def _subset(
    index: FileIndex, side: str, columns: dict[str, NDArray[Any]], chosen: tuple[str, ...]
) -> Subset:
    labels = np.stack([columns[name] for name in chosen], axis=1)
    n, where = len(labels), f"Labels_*_{side}.txt"
    parts = [
        pairs_first(*StoredArray((f"{side}_Normalized_{feature}.dat",)).read(index), n, where)
        for feature in LOW_LEVEL
    ]
    text = pairs_first(*StoredArray((f"{side}_Tags1k.dat",)).read(index), n, where)
    return Subset(np.concatenate(parts, axis=1), text, labels, np.full(n, side == "Test"), chosen)
