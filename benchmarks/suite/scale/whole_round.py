"""One process of a measurement: a whole round on a pool that there is, or opening it again."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Loaded before anything is measured: plugins are no part of a round.
import acqkit_ascmr  # noqa: F401
import acqkit_density  # noqa: F401

import acqkit
import acqkit.models
from acqkit.engine import LOCAL, Engine
from acqkit.timing import PhaseClock
from suite.scale.processes import CpuSeconds, workers

PICKS = 1000
WORKERS = 2
CPU = CpuSeconds(os.getpid())
DIES_IN = ("_embed", "_score_block")
"""Functions over blocks during which a worker is killed: embedding, scoring."""

_ALLOCATING = ("read", "regions", "graph", "allocate")


@dataclass
class Killing:
    """An engine of which one worker is killed in each of `DIES_IN`, when one block is done."""

    engine: Engine
    killed: dict[str, int] = field(default_factory=dict)

    def map(
        self, function: Callable[..., Any], blocks: Iterable[Any], *, thread_safe: bool = False
    ) -> Iterator[Any]:
        """As the engine's, with a death."""
        name = getattr(getattr(function, "func", None), "__name__", "")
        for result in self.engine.map(function, blocks, thread_safe=thread_safe):
            if name in DIES_IN and name not in self.killed:
                self.killed[name] = workers(os.getpid())[0]
                CPU.look()  # afterwards nobody knows what it has used
                os.kill(self.killed[name], signal.SIGKILL)
            yield result


class Clock(PhaseClock):
    """Seconds by phase, and CPU seconds of this process and all that it started."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu: dict[str, float] = {}
        self._inside = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the block's seconds under `name`."""
        before, outside, self._inside = CPU.look(), self._inside, 0.0
        with super().phase(name):
            yield
        used = CPU.look() - before
        self.cpu[name] = self.cpu.get(name, 0.0) + used - self._inside
        self._inside = outside + used


def first(home: Path, pool_path: str, engine: Engine) -> dict[str, Any]:
    """Open the pool, make a campaign and ask: seconds and CPU seconds by part, and the picks."""
    clock = Clock()
    with clock.phase("open"):
        pool = acqkit.load_pool(pool_path)
    with clock.phase("create"):
        campaign = acqkit.Campaign.create(
            home / "campaign",
            pool,
            strategy="ascmr+density",
            model="two-tower",
            pool_reference=pool_path,
            engine=engine,
        )
    with campaign, clock.phase("store"):
        campaign.clock = clock
        batch = campaign.ask(PICKS)
    picks = hashlib.blake2b(json.dumps(list(batch.ids)).encode()).hexdigest()[:12]
    return {"seconds": _parts(clock.seconds), "cpu": _parts(clock.cpu), "picks": picks}


def _parts(seconds: dict[str, float]) -> dict[str, float]:
    """By the parts of the table: `store` is what no other phase of asking counts."""
    named = {name: seconds[name] for name in ("open", "create", "train", "embed", "score")}
    named["allocate"] = sum(seconds.get(name, 0.0) for name in _ALLOCATING)
    return named | {"store": sum(seconds.values()) - sum(named.values())}


def again(home: Path) -> dict[str, Any]:
    """Open the campaign in another process."""
    start, before = time.perf_counter(), CPU.look()
    with acqkit.Campaign.open(home / "campaign") as campaign:
        assert len(campaign.batches()) > 1
    used = CPU.look() - before
    return {"seconds": {"open again": time.perf_counter() - start}, "cpu": {"open again": used}}


def main() -> None:
    """Print what the process measures as JSON: HOME POOL WAY, or HOME alone to open again."""
    home, *others = sys.argv[1:]
    if not others:
        print(json.dumps(again(Path(home))))
        return
    pool, way = others
    if way == "local":
        print(json.dumps(first(Path(home), pool, LOCAL)))
        return
    from acqkit_ray import RayEngine, stop  # noqa: PLC0415 - the others need no Ray

    engine = RayEngine(workers=WORKERS)
    list(engine.map(abs, [1]))  # a cluster that is there: starting it is no part of a round
    killing = Killing(engine) if way == "killed" else None
    found = first(Path(home), pool, killing or engine)
    stop()
    if killing is not None and len(killing.killed) < len(DIES_IN):
        sys.exit(f"workers were killed in {list(killing.killed)} only, wanted {DIES_IN}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
