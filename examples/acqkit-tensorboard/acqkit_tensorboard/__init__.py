"""Rounds in TensorBoard: metrics and seconds of every round, a curve a seed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

import acqkit


@acqkit.hookimpl
def acqkit_round_finished(record: Mapping[str, Any]) -> None:
    """Write the figures of a round, by its number of labels, below `$TENSORBOARD_LOGDIR`."""
    folder = Path(os.environ.get("TENSORBOARD_LOGDIR", "tensorboard"))
    name = f"{record['pool']}/{record['strategy']}/seed {record['seed']}"
    with SummaryWriter(str(folder / name)) as writer:
        for metric, value in record.items():
            if isinstance(value, float):
                writer.add_scalar(metric, value, record["labels"])
        for phase, seconds in record["seconds"].items():
            writer.add_scalar(f"seconds/{phase}", seconds, record["labels"])
