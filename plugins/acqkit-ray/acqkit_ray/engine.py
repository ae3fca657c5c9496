"""The engine `ray`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from acqkit import Component
from acqkit.interfaces import Model, Pool, Trainer
from acqkit_ray.cluster import before_import, call
from acqkit_ray.size import Size

if TYPE_CHECKING:
    from acqkit_ray.crew import Crew

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
    data_parallel: bool = Field(
        False,
        description="train torch networks by all workers, too, each with a part of every batch; "
        "the result is that of one process to rounding",
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
        crew = self._crew()
        from acqkit_ray.mapping import mapped  # noqa: PLC0415

        return mapped(crew, function, blocks)

    def train(
        self, trainer: Trainer, model: Model, pool: Pool, seed: int
    ) -> Mapping[str, Any] | None:
        """`trainer.fit(model, pool, seed)`; with `data_parallel` by all workers together.

        A training in which a worker died begins again. Raises what the trainer raises, ConfigError
        where nobody listens at the address, or for a model that is no `acqkit.models.PairNetwork`,
        and what `map` raises.
        """
        if not (self.data_parallel and getattr(trainer, "learns", True)):
            if address := self._address():
                call(address)  # before the training, after which embedding would find nobody
            return trainer.fit(model, pool, seed)
        crew = self._crew()
        from acqkit_ray.training import check_trainable, train  # noqa: PLC0415

        check_trainable(model)
        return train(crew, trainer, model, pool, seed)

    def _address(self) -> str | None:
        return self.address or os.environ.get("RAY_ADDRESS")

    def _crew(self) -> Crew:
        address = self._address()
        before_import(address)
        # Not at the top: Ray takes a second to import, and most commands do without it.
        from acqkit_ray.crew import crew_of  # noqa: PLC0415

        return crew_of(address, Size(self.workers, self.threads, self.gpus, self.wait))
