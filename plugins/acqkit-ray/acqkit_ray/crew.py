"""The workers on a cluster: as many as were asked for, of the same versions, and replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ray
import ray.cloudpickle
import ray.exceptions

from acqkit.errors import ConfigError, EngineError, shortened
from acqkit_ray import cluster, worker
from acqkit_ray.size import Size, in_words
from acqkit_ray.worker import Facts, Worker, versions

ray.cloudpickle.register_pickle_by_value(worker)

MOST_FAILED = 3
"""Workers that may fail to start one after the other."""

_crews: dict[tuple[str, Size], Crew] = {}
_lock = threading.Lock()


def crew_of(address: str | None, size: Size) -> Crew:
    """The workers at an address, started if need be.

    Raises ConfigError or EngineError; see `RayEngine.map`.
    """
    with _lock:
        cluster.connect(address, size)
        # By connection: the user may have ended one and made another.
        key = (ray.get_runtime_context().get_job_id(), size)
        if key not in _crews:
            # Of another size, and without work: they would keep their places from these.
            idle = [other for other, crew in _crews.items() if not crew.works()]
            for other in idle:
                _crews.pop(other).end()
            _crews[key] = Crew(size, alone=not _crews)
        return _crews[key]


cluster.at_stop.append(_crews.clear)


@dataclass(eq=False)
class Member:
    """A worker, and what it says of itself once it is there."""

    actor: Any
    facts: Any
    begun: list[Any] = field(default_factory=list)
    """Tasks that were handed to it and have not ended, the first one being worked on."""


class Crew:
    """Workers of one size. Which are there may change with every call: any of them may die."""

    def __init__(self, size: Size, alone: bool) -> None:
        self._size = size
        self._changing = threading.RLock()
        self._starting: list[Member] = []
        self._ready: list[Member] = []
        self._failed = 0
        total = ray.cluster_resources()
        # A cluster of this process has no other work, but may not have noticed yet who has ended.
        own = alone and not cluster.can_grow()
        free = total if own else ray.available_resources()
        self._wanted = size.workers or max(1, size.fitting(free))
        if not cluster.can_grow() and size.fitting(total) < self._wanted:
            raise EngineError(self._too_little(total))
        for _ in range(self._wanted):
            self._start()
        try:
            self._wait_for(self._wanted)
        except BaseException:
            self.end()
            raise

    def ready(self) -> list[Member]:
        """Workers that can take work, at least one; waits for it where all have died."""
        with self._changing:
            self._look(0)
            if not self._ready:
                self._wait_for(1)
            return list(self._ready)

    def whole(self) -> list[Member]:
        """As many workers as were asked for; waits for those that start."""
        with self._changing:
            self._look(0)
            self._wait_for(self._wanted)
            return list(self._ready)

    def lost(self, member: Member) -> bool:
        """Start another worker in the place of one that has died; False where that was done."""
        with self._changing:
            if member not in self._ready:
                return False
            self._ready.remove(member)
            ray.kill(member.actor)  # it may be cut off only, and would keep its place
            self._start()
            return True

    def works(self) -> bool:
        """Whether any of them has a block."""
        return any(member.begun for member in self._ready)

    def end(self) -> None:
        """End all of them; they leave their places to others."""
        for member in [*self._starting, *self._ready]:
            ray.kill(member.actor)

    def _start(self) -> None:
        size = self._size
        kind = ray.remote(num_cpus=size.threads, num_gpus=size.gpus)(Worker)
        actor = kind.remote(size.threads)
        self._starting.append(Member(actor, actor.facts.remote()))

    def _wait_for(self, number: int) -> None:
        """Until so many are ready; raises EngineError where the cluster has no room for them."""
        end = time.monotonic() + self._size.wait
        while len(self._ready) < number:
            left = end - time.monotonic()
            if left <= 0:
                raise EngineError(self._too_little(ray.cluster_resources()))
            self._look(min(left, 1.0))

    def _look(self, seconds: float) -> None:
        """Take in workers that have started; wait so many seconds for one where none has."""
        if not self._starting:
            return
        there, _ = ray.wait([each.facts for each in self._starting], timeout=seconds)
        for facts in there:
            (member,) = [each for each in self._starting if each.facts == facts]
            self._starting.remove(member)
            try:
                check_versions(ray.get(facts))
            except ray.exceptions.RayError as error:
                self._failed += 1
                if self._failed == MOST_FAILED:
                    raise EngineError(
                        f"{MOST_FAILED} workers died as they started "
                        f"({shortened(str(error), 240)}); look at what Ray logs on their machines"
                    ) from error
                self._start()
                continue
            self._failed = 0
            self._ready.append(member)

    def _too_little(self, total: Mapping[str, float]) -> str:
        gpus = bool(self._size.gpus)
        free = in_words(ray.available_resources(), gpus)
        return (
            f"workers asked for: {self._wanted} of {self._size.each} each, of which "
            f"{len(self._ready)} could be started: the cluster has {in_words(total, gpus)}, of "
            f"which {free} are free; ask for fewer, end what else runs there, or wait longer"
        )


def check_versions(there: Facts) -> None:
    """Raise ConfigError naming what is installed in another version, or not, where a worker is."""
    here = versions()
    other = [
        f"{name} {there.versions.get(name, 'is missing')} (here: {here.get(name, 'missing')})"
        for name in sorted({*here, *there.versions})
        if there.versions.get(name) != here.get(name)
    ]
    if other:
        raise ConfigError(
            f"the worker on {there.host} would compute something else: {', '.join(other)}; "
            "install the same versions on every machine of the cluster"
        )
