"""`Outputs`: what a network makes of some pairs, both modalities side by side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from acqkit.embeddings import IntArray


@dataclass(frozen=True, eq=False, slots=True)
class Outputs:
    """What the network makes of `k` pairs; every field is (modality a, modality b).

    features `[k, dim]` unit rows; logits `[k, c]`; means `[k, d]`, the common space that
    `embed` returns; present `[k]` bool or None (all present). Rows of absent pairs are
    zeros in `features` and without meaning elsewhere. positions `[k]` in the pool.
    """

    features: tuple[Tensor, Tensor]
    logits: tuple[Tensor, Tensor]
    means: tuple[Tensor, Tensor]
    present: tuple[Tensor | None, Tensor | None]
    positions: IntArray

    def __len__(self) -> int:
        return len(self.positions)

    def rows(self, start: int, stop: int) -> Outputs:
        """The pairs from `start` to `stop`."""
        part = slice(start, stop)
        masks = [None if mask is None else mask[part] for mask in self.present]
        return Outputs(
            (self.features[0][part], self.features[1][part]),
            (self.logits[0][part], self.logits[1][part]),
            (self.means[0][part], self.means[1][part]),
            (masks[0], masks[1]),
            self.positions[part],
        )

    def both_present(self) -> Tensor | None:
        """Which pairs have both modalities, `[k]` bool; None where all do."""
        masks = [mask for mask in self.present if mask is not None]
        return torch.stack(masks).all(dim=0) if masks else None

    def paired_means(self) -> tuple[Tensor, Tensor]:
        """Means `[j, d]` of the pairs that have both modalities."""
        a, b = self.means
        both = self.both_present()
        return (a, b) if both is None else (a[both], b[both])
