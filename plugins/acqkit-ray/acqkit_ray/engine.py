"""The engine `ray`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pydantic import Field

from acqkit import Component
from acqkit_ray.cluster import before_import
from acqkit_ray.size import Size

Block = TypeVar("Block")
Result = TypeVar("Result")


class RayEngine(Component):
    """Runs work on a Ray cluster, in worker processes that keep what they need between blocks.

    Without an address a cluster is started on this machine when it is first needed, and ends
    with this process (or by `acqkit_ray.stop()`). Results are those of the engine `local`, on
    the same kind of processor to the last bit. Where one block is slow, others are worked on;
    a block whose worker died is given to another.
    """

    address: str | None = Field(
        None,
        description="a cluster that there is: ray://HOST:PORT, or HOST:PORT on one of its "
        "machines (default: $RAY_ADDRESS, or else a cluster of this machine's own)",
    )
    workers: int | None = Field(
        None, ge=1, description="worker processes (default: as many as there are free CPUs for)"
    )
    threads: int = Field(
        1, ge=1, description="CPUs that a worker takes, and threads of its array libraries"
    )
    gpus: float = Field(0, ge=0, description="GPUs that a worker takes; 0.5: two workers share one")
    wait: float = Field(
        60, gt=0, description="seconds to wait for workers that the cluster has no room for yet"
    )

    def map(
        self,
        function: Callable[[Block], Result],
        blocks: Iterable[Block],
        *,
        thread_safe: bool = False,
    ) -> Iterator[Result]:
        """Results in the order of `blocks`; see `acqkit.engine.Engine.map`.

        Arrays in results cannot be written to. Raises ConfigError where there is no such cluster
        or its versions are others, EngineError where it has no room, or a block ends its workers.
        """
        address = self.address or os.environ.get("RAY_ADDRESS")
        before_import(address)
        # Not at the top: Ray takes a second to import, and most commands do without it.
        from acqkit_ray.crew import crew_of  # noqa: PLC0415
        from acqkit_ray.mapping import mapped  # noqa: PLC0415

        size = Size(self.workers, self.threads, self.gpus, self.wait)
        return mapped(crew_of(address, size), function, blocks)
