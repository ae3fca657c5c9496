"""Pair-wise training taught by a fitted model, through relaxed labels and margins."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit.models import jaccard as jaccard
from acqkit_embedding_transfer.loss import SoftContrastiveLoss as SoftContrastiveLoss
from acqkit_embedding_transfer.relations import relaxed_labels as relaxed_labels
from acqkit_embedding_transfer.source import Source as Source
from acqkit_embedding_transfer.trainer import EmbeddingTransfer as EmbeddingTransfer


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """`embedding-transfer`."""
    return {"embedding-transfer": EmbeddingTransfer}
