"""`clip`: a dual encoder of transformers as a model that trainers fine-tune."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from acqkit import Component
from acqkit.errors import ConfigError
from acqkit.interfaces import Pool
from acqkit.models import TorchPairModel, Tower
from acqkit_encoders.items import check_raw, pictures, texts
from acqkit_encoders.loading import library, loading
from acqkit_encoders.transformer import Loaded, dual_features, load


class Clip(Component):
    """A dual encoder of transformers (CLIP, SigLIP and the like), by name or by local folder.

    Pictures and texts go through its own towers into its own common space. Trained are `all` of its
    parameters, at the trainer's `encoder_rate`; with `lora` low-rank updates of the attention's
    projections alone (Hu et al. 2022), for which an `encoder_rate` of 1e-4 is usual; or `nothing`
    but a classifier, where pairs are encoded once a training. Needs the extra `transformers`, and
    for `lora` the extra `lora`.
    """

    model: str = Field(description="name of the model, or the folder to which it was saved")
    train: Literal["all", "lora", "nothing"] = Field("all", description="what of it is trained")
    rank: int = Field(8, ge=1, description="rank of the updates of lora")
    images: Literal["a", "b"] = Field("a", description="which modality has the pictures")
    semantic_weight: float = Field(
        2.0, ge=0, description="weight of class probabilities within the embedding; 0: left out"
    )
    workers: int = Field(0, ge=0, description="processes that read and prepare pairs meanwhile")

    def build(self, pool: Pool, device: str) -> TorchPairModel:
        """The model as it was given, for `pool`'s classes.

        Raises ConfigError where it cannot be loaded, PoolError for a pool of features.
        """
        check_raw(pool, "clip")
        loaded = load(self.model, "cpu", False)
        if not loaded.dual:
            raise ConfigError(
                f"{self.model!r} has one tower, and clip wants one of pictures and one of texts; "
                "use the model two-encoders"
            )
        model = copy.deepcopy(loaded.model)  # what was loaded is shared with encoders
        if self.train == "lora":
            _add_updates(model, self.rank)
        frozen = self.train == "nothing"
        sides = (False, True) if self.images == "a" else (True, False)
        a, b = (
            Tower(_Side(model, is_text, owned=not side), nn.Identity(), frozen=frozen)
            for side, is_text in enumerate(sides)
        )
        read = [_reader(loaded, is_text) for is_text in sides]
        return TorchPairModel(
            a,
            b,
            dim=_width(loaded),
            n_classes=len(pool.class_names),
            multilabel=pool.multilabel,
            device=device,
            collate=(read[0], read[1]),
            semantic_weight=self.semantic_weight,
            workers=self.workers,
        )


class _Side(nn.Module):
    """The way of one modality through a dual encoder.

    The model is a part of one side alone, so that its parameters are moved and kept once.
    """

    def __init__(self, model: nn.Module, is_text: bool, *, owned: bool) -> None:
        super().__init__()
        self.is_text = is_text
        if owned:
            self.model = model
        self._shared = (model,)  # in a tuple, torch does not take it for a part

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return dual_features(self._shared[0], inputs, self.is_text)


def _reader(loaded: Loaded, is_text: bool) -> Callable[[Sequence[Any]], dict[str, Tensor]]:
    def read(items: Sequence[Any]) -> dict[str, Tensor]:
        taken: list[Any] = texts(items) if is_text else [*pictures(items)]
        return dict(loaded.inputs(taken, is_text=is_text))

    return read


def _width(loaded: Loaded) -> int:
    with torch.inference_mode():
        found = dual_features(loaded.model, loaded.inputs(["a"], is_text=True), True)
    return found.shape[1]


def _add_updates(model: nn.Module, rank: int) -> None:
    """Low-rank updates beside the attention's projections; all else stays as it is."""
    peft = library("peft", "lora")
    config = peft.LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "k_proj", "v_proj", "out_proj"]
    )
    with loading("its attention", "lora"), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        peft.inject_adapter_in_model(config, model)
