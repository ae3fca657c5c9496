"""Pseudo-labels from a cross-modal memory bank as an acqkit trainer."""

from __future__ import annotations

from collections.abc import Mapping

from acqkit import Component, hookimpl
from acqkit_memory_bank.bank import MemoryBank as MemoryBank
from acqkit_memory_bank.trainer import MemoryBankTrainer as MemoryBankTrainer


@hookimpl
def acqkit_register_trainers() -> Mapping[str, type[Component]]:
    """`memory-bank`."""
    return {"memory-bank": MemoryBankTrainer}
