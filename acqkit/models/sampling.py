"""Monte-Carlo dropout with one mask a pass, whatever the module and however data is split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_KINDS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


def dropout_layers(module: nn.Module) -> list[nn.Module]:
    """The dropout layers that drop anything, in the order of the module's parts."""
    return [part for part in module.modules() if isinstance(part, _KINDS) and part.p > 0]


@contextmanager
def shared_dropout(module: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """Dropout is active within, with a mask that all rows of all batches share.

    `module` is in evaluation mode; masks are drawn anew each time a layer is used, on the
    CPU from `generator`, so that devices agree. Source: Gal & Ghahramani 2016, with the
    shared masks of BatchBALD's consistent dropout (Kirsch et al. 2019).
    """

    def drop(layer: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        shape = output.shape[1:]
        if not isinstance(layer, nn.Dropout):
            # Dropout1d to 3d drop whole channels, the dimension after the batch.
            shape = torch.Size([shape[0]] + [1] * (len(shape) - 1))
        kept = torch.rand(shape, generator=generator) >= layer.p
        weights: Tensor = kept.to(output) / (1 - layer.p if layer.p < 1 else 1)
        return output * weights

    handles = [layer.register_forward_hook(drop) for layer in dropout_layers(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
