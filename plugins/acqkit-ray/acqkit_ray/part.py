"""What a worker does for a training: its part of every batch, in a group of torch's processes."""

from __future__ import annotations

import datetime
from contextlib import suppress
from typing import Any, NamedTuple

import ray.util
import torch.distributed as dist
from torch.distributed import TCPStore  # type: ignore[attr-defined] # not in its `__all__`

from acqkit.errors import EngineError
from acqkit.interfaces import Model, ModelState, Pool, StatefulModel, Trainer
from acqkit.models import as_network, data_parallel

PATIENCE = datetime.timedelta(hours=1)
"""How long workers wait for one that reads slowly; one that died is noticed at once."""

_stores: list[Any] = []
"""Where the workers of a training meet, held by the first of them until the next training."""


class Place(NamedTuple):
    """A worker's number among all `workers`, and where they meet."""

    rank: int
    workers: int
    host: str
    port: int


class OtherError(EngineError):
    """Another worker ended first, and knows why."""


def opened(block: None) -> tuple[str, int]:
    """Host and port where workers can meet, opened in this process."""
    _stores[:] = [TCPStore("0.0.0.0", 0, is_master=True, wait_for_workers=False)]
    return ray.util.get_node_ip_address(), _stores[0].port


def train_part(
    trainer: Trainer, model: Model, pool: Pool, seed: int, place: Place
) -> tuple[ModelState, dict[str, Any]] | None:
    """Train with the others; the first worker gives the model's state and the trainer's record."""
    store = TCPStore(place.host, place.port, is_master=False, timeout=PATIENCE)
    network = as_network(model)
    assert network is not None  # who asked has looked
    dist.init_process_group(
        "nccl" if network.device.type == "cuda" else "gloo",
        store=store,
        rank=place.rank,
        world_size=place.workers,
        timeout=PATIENCE,
    )
    try:
        with data_parallel():
            record = trainer.fit(model, pool, seed)
    except Exception:
        first = str(place.rank).encode()
        with suppress(dist.DistError):  # the first worker died, and the store with it
            first = store.compare_set("ended", "", str(place.rank))
        if first != str(place.rank).encode():
            raise OtherError(f"worker {first.decode()} ended first") from None
        raise
    finally:
        dist.destroy_process_group()
    if place.rank:
        return None
    assert isinstance(model, StatefulModel)
    state = model.state()
    assert state is not None  # who asked has looked
    return state, dict(record or {})
