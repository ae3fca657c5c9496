"""`PairNetwork`: two encoders, one common space, one classifier that both modalities share."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from acqkit.embeddings import FloatArray, IntArray
from acqkit.errors import EmbeddingError
from acqkit.interfaces import ModelState, PairBatch
from acqkit.models.inputs import Collated, Kept, mask_of, rows_of
from acqkit.models.outputs import Outputs
from acqkit.models.seeding import seeded
from acqkit.models.tensors import restored, stored, to_device
from acqkit.models.tower import Tower

Collate = Callable[[Any], Any]
"""From the raw items of one modality (a list, or an array) to what its encoder takes."""

LOGIT_SCALE = 8.0
"""Factor of class logits: features have unit length, and without it class weights would have to
grow long before a prediction can be confident."""


class PairNetwork(nn.Module):
    """Two encoders into one space, and a linear classifier on it shared by both.

    An encoder's output `[k, dim]` is scaled to unit length: u. Class logits are
    `t · LOGIT_SCALE · W u + bias`, where the `trust` t in [0, 1] says how far the labels can be
    generalized (`label_evidence`): it scales what a feature can change in a prediction, and
    what classification can change in the encoders. The embedding of a pair's modality is u
    alone as long as the classifier has seen no label, then the unit feature with its class
    probabilities beside it, `[u, s·p/‖p‖] / √(1 + s²)` with `s = t · semantic_weight`: the
    cosine of two embeddings is then a weighted mean of likeness of content and likeness of
    meaning, which retrieves better than either (semantic correlation matching: Rasiwasia et
    al. 2010). Embeddings are of unit length, and class logits stay linear in them.

    encoder_a, encoder_b: any modules whose output is `[k, dim]` float.
    n_classes, multilabel: as in the pool.
    collate: per modality, from a batch's raw items to the encoder's input; needed where
        the pool yields raw items. Features `[k, width]` need none.
    initialize: how to draw fresh parameters for an encoder, or for the head of a `Tower`; None
        puts an encoder back into the state in which it was given (pre-trained encoders).
    workers: processes that read and collate raw items during a training, ahead of it; 0 does so
        between the steps. The result is the same. Where processes are not forked (Windows,
        macOS) the pool and the collate functions must be picklable.
    """

    # On the class, so that a network that has the defaults is described as it always was.
    workers = 0
    autocast: torch.dtype | None = None
    """What encoders compute in besides float32; set during a training."""

    def __init__(
        self,
        encoder_a: nn.Module,
        encoder_b: nn.Module,
        *,
        dim: int,
        n_classes: int,
        multilabel: bool,
        device: str = "cpu",
        collate: tuple[Collate | None, Collate | None] = (None, None),
        initialize: Callable[[nn.Module], None] | None = None,
        semantic_weight: float = 2.0,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.dim, self.n_classes, self.multilabel = dim, n_classes, multilabel
        self.device = torch.device(device)
        self.collate = collate
        self.semantic_weight = semantic_weight
        self.knows_classes = False
        self.trust = 1.0
        self.encoders = nn.ModuleList([encoder_a, encoder_b])
        self.class_weight = nn.Parameter(torch.zeros(n_classes, dim))
        self.class_bias = nn.Parameter(torch.zeros(n_classes))
        self._initialize = initialize
        self._initial = self._given(initialize)
        if workers:
            self.workers = workers
        self.to(self.device)
        self.eval()

    def reset(self, seed: int) -> None:
        """Forget all that was learned; the same seed gives the same parameters."""
        with seeded(seed, torch.device("cpu")), torch.no_grad():
            self.to("cpu")
            if self._initialize is not None:
                for encoder in self.encoders:
                    self._initialize(encoder.head if isinstance(encoder, Tower) else encoder)
            if self._initial is not None:
                self.encoders.load_state_dict(self._initial, strict=self._initialize is None)
            nn.init.zeros_(self.class_weight)
            nn.init.zeros_(self.class_bias)
        self.knows_classes, self.trust = False, 1.0
        self.to(self.device)

    def _given(self, initialize: object) -> dict[str, Tensor] | None:
        """A copy of what every training starts from, by name; None where all is drawn anew."""
        state: dict[str, Tensor] = self.encoders.state_dict()
        if initialize is None:
            return copy.deepcopy(state)
        bodies = [f"{side}.body." for side in (0, 1) if isinstance(self.encoders[side], Tower)]
        given = {name: state[name] for name in state if name.startswith(tuple(bodies))}
        return copy.deepcopy(given) or None

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """Those that were learned elsewhere, and that a training must not unlearn.

        The body of a `Tower`; and all of any other encoder that reads raw items and starts as it
        was given (`initialize`).
        """
        found: list[nn.Parameter] = []
        for encoder, collate in zip(self.encoders, self.collate, strict=True):
            if isinstance(encoder, Tower):
                found += encoder.body.parameters()
            elif collate is not None and self._initialize is None:
                found += encoder.parameters()
        return found

    @torch.no_grad()
    def body_features(self, side: int, batch: PairBatch) -> Tensor:
        """What the body of a `Tower` gives for the present ones of some pairs, `[j, ...]`."""
        tower, inputs = self.encoders[side], (batch.a, batch.b)[side]
        present = mask_of((batch.present_a, batch.present_b)[side])
        if present is not None:
            inputs = rows_of(inputs, np.flatnonzero(present))
        with self._precision():
            features: Tensor = tower.body(self._prepared(side, inputs))  # type: ignore[operator]
        return features

    @torch.no_grad()
    def expect_classes(self, frequencies: FloatArray, trust: float = 1.0) -> None:
        """Before the first step with labels: every pair has the classes as often as all have.

        frequencies `[c]`, between 0 and 1, are what an untrained classifier predicts, so that no
        step is lost on learning them and no feature bears them. trust in [0, 1]: see the class.
        """
        p = torch.from_numpy(frequencies).to(self.class_bias)
        self.class_bias.copy_(torch.logit(p) if self.multilabel else p.log())
        self.class_weight.zero_()
        self.knows_classes, self.trust = True, trust

    def state(self) -> ModelState | None:
        """Parameters and buffers; None where a part of an encoder keeps state of its own kind."""
        tensors = self.state_dict()
        if not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
            return None
        arrays = {name: stored(tensor) for name, tensor in tensors.items()}
        # The encoders in words, since networks of equal shapes may still differ.
        data = {"encoders": repr(self.encoders), "semantic_weight": self.semantic_weight}
        known = {"knows_classes": self.knows_classes, "trust": self.trust}
        return ModelState(arrays, data | known)

    def load_state(self, state: ModelState) -> None:
        """See `StatefulModel.load_state`; tensors go to the device of this network.

        Raises EmbeddingError for the state of a network of other shapes.
        """
        own = self.state_dict()
        wanted = {name: (*tensor.shape,) for name, tensor in own.items()}
        found = {name: array.shape for name, array in state.arrays.items()}
        if found != wanted:
            names = sorted(name for name, _ in found.items() ^ wanted.items())
            raise EmbeddingError(
                f"the state is of another network, first in {names[0]!r}: got shape "
                f"{found.get(names[0])}, wanted {wanted.get(names[0])}; build the same model"
            )
        self.load_state_dict({name: restored(state.arrays[name], own[name].dtype) for name in own})
        self.knows_classes = bool(state.data["knows_classes"])
        # States that were kept before there was a trust are of models with all of it.
        self.trust = float(state.data.get("trust", 1.0))
        self.eval()

    def forward(self, batch: PairBatch) -> Outputs:
        """Encode pairs; features may be numpy arrays or tensors, raw items are collated.

        Raises EmbeddingError for inputs that do not fit the encoders.
        """
        features = (self.features(0, batch), self.features(1, batch))
        masks = (mask_of(batch.present_a), mask_of(batch.present_b))
        present = (to_device(masks[0], self.device), to_device(masks[1], self.device))
        return self.outputs(features, present, batch.positions)

    def features(self, side: int, batch: PairBatch) -> Tensor:
        """Unit features `[k, dim]` of modality 0 or 1 of pairs; zeros where it is absent."""
        inputs = (batch.a, batch.b)[side]
        present = mask_of((batch.present_a, batch.present_b)[side])
        if present is None:
            return self._encode(side, inputs, len(batch))
        rows = np.flatnonzero(present)
        features = torch.zeros(len(batch), self.dim, device=self.device)
        if len(rows) == 0:
            return features
        encoded = self._encode(side, rows_of(inputs, rows), len(rows))
        return features.index_copy(0, torch.from_numpy(rows).to(self.device), encoded)

    def outputs(
        self,
        features: tuple[Tensor, Tensor],
        present: tuple[Tensor | None, Tensor | None],
        positions: IntArray,
    ) -> Outputs:
        """All of `Outputs` of `k` pairs, by their features `[k, dim]` and positions `[k]`."""
        a, b = features
        logits = (self._logits(a), self._logits(b))
        means = (self._mean(a, logits[0]), self._mean(b, logits[1]))
        return Outputs((a, b), logits, means, present, positions)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Class probabilities `[k, c]`: softmax rows, or independent sigmoids if multi-label."""
        return torch.sigmoid(logits) if self.multilabel else torch.softmax(logits, dim=1)

    def _logits(self, features: Tensor) -> Tensor:
        return functional.linear(features, self.logit_scale * self.class_weight, self.class_bias)

    def _mean(self, features: Tensor, logits: Tensor) -> Tensor:
        if not self.knows_classes or self.semantic_weight == 0:
            return features
        meaning = functional.normalize(self.probabilities(logits), dim=1)
        content_share, semantic_share = self.shares
        return torch.cat([content_share * features, semantic_share * meaning], dim=1)

    @property
    def shares(self) -> tuple[float, float]:
        """Lengths of both parts of the embedding, from 0 to 1; their squares make 1 together."""
        if not self.knows_classes:
            return 1.0, 0.0
        weight = self.trust * self.semantic_weight
        length = math.hypot(1.0, weight)
        return 1.0 / length, weight / length

    def pairing_temperature(self, temperature: float) -> float:
        """The temperature (at least 0) at which to contrast means, from that for features alone.

        Class probabilities of multi-label pairs are mostly the classes' frequencies, alike for all
        pairs: beside them features are contrasted more softly. That they are only by `trust²`.
        """
        if not (self.multilabel and self.knows_classes):
            return temperature
        weight = self.semantic_weight**2
        return temperature * (1 + weight * self.trust**4) / (1 + weight * self.trust**2)

    @property
    def logit_scale(self) -> float:
        """Factor of class logits: `LOGIT_SCALE`, as far as the labels are trusted."""
        return self.trust * LOGIT_SCALE

    def _encode(self, side: int, inputs: Any, k: int) -> Tensor:
        name, encoder = "ab"[side], self.encoders[side]
        if isinstance(inputs, Kept):
            encoder, inputs = encoder.head, inputs.features  # type: ignore[assignment]
            inputs = to_device(inputs, self.device)
        else:
            inputs = self._prepared(side, inputs)
        with self._precision():
            output = encoder(inputs)
        if not isinstance(output, Tensor) or output.shape != (k, self.dim):
            got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise EmbeddingError(
                f"the encoder of modality {name} returned {got} for {k} pairs, "
                f"wanted a tensor of shape ({k}, {self.dim}); check dim"
            )
        return functional.normalize(output.float(), dim=1)

    def _prepared(self, side: int, inputs: Any) -> Any:
        """What the encoder of a modality takes, on its device."""
        collate = self.collate[side]
        if isinstance(inputs, Collated):
            inputs = inputs.inputs
        elif collate is not None:
            inputs = collate(inputs)
        elif not isinstance(inputs, Tensor | np.ndarray):
            raise EmbeddingError(
                f"modality {'ab'[side]} yields raw items ({type(inputs).__name__}); give the model "
                "a collate function that makes of them what its encoder takes"
            )
        return to_device(inputs, self.device)

    def _precision(self) -> AbstractContextManager[Any]:
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.autocast)


def as_network(model: object) -> PairNetwork | None:
    """The network that an `Objective` can train; None for a model with another way to learn."""
    return model if isinstance(model, PairNetwork) else None
