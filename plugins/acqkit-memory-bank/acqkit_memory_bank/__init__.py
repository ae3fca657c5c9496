"""Pseudo-labels from a cross-modal memory bank as an acqkit trainer."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_memory_bank.bank import MemoryBank as MemoryBank
from acqkit_memory_bank.beliefs import Aggregation as Aggregation
from acqkit_memory_bank.labeling import label_pool as label_pool
from acqkit_memory_bank.labeling import pseudo_labels as pseudo_labels
from acqkit_memory_bank.labels import PseudoLabels as PseudoLabels
from acqkit_memory_bank.trainer import MemoryBankTrainer as MemoryBankTrainer


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """`memory-bank`."""
    return {"memory-bank": MemoryBankTrainer}
