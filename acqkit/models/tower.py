"""`Tower`: an encoder that says which of its parameters were learned elsewhere."""

from __future__ import annotations

from typing import Any, Self

from torch import Tensor, nn


class Tower(nn.Module):
    """A pre-trained `body`, and a `head` that is trained on what it gives.

    The body's output is the head's input, whose output is `[k, dim]` float. Every training starts
    from the body as it was given. It learns at `Schedule.encoder_rate`, and the head at
    `Schedule.learning_rate`. With `frozen` it does not learn at all and is never in training mode:
    its features are computed once a training and kept, `[n, ...]` float32, so that each step costs
    the head alone.
    """

    def __init__(self, body: nn.Module, head: nn.Module, *, frozen: bool = False) -> None:
        super().__init__()
        self.body, self.head, self.frozen = body, head, frozen
        if frozen:
            body.requires_grad_(False)
            body.eval()

    def forward(self, inputs: Any) -> Tensor:
        """The output of the head `[k, dim]` for what the body takes."""
        output: Tensor = self.head(self.body(inputs))
        return output

    def train(self, mode: bool = True) -> Self:
        """As of any module; a frozen body stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.body.eval()
        return self
