"""Data-parallel training by the workers of the engine.

They are plain Ray actors in a group of `torch.distributed`, not those of Ray Train: its workers
would need places of their own beside the engine's, and wait for them without a word where those
hold all; Ray advises against it through `ray://`; and it starts new processes for every training,
where these keep what they imported. What is trained is what Ray Train would run:
`data_parallel` with torch's DistributedDataParallel.
"""

from __future__ import annotations

import time
import uuid
from functools import partial
from typing import Any

import ray
import ray.exceptions

from acqkit.errors import ConfigError, EngineError, shortened
from acqkit.interfaces import Model, ModelState, Pool, StatefulModel, Trainer
from acqkit.models import as_network
from acqkit_ray.crew import Crew, Member
from acqkit_ray.mapping import MOST_DEATHS, value_of
from acqkit_ray.part import OtherError, Place, opened, train_part
from acqkit_ray.shipping import packed
from acqkit_ray.working import Done

GRACE = 10.0
"""Seconds that workers have to end once another has: those on GPUs may wait for it for ever."""


def check_trainable(model: Model) -> None:
    """Raise ConfigError for a model that workers cannot train together."""
    network = as_network(model)
    if network is None:
        raise ConfigError(
            f"data_parallel trains torch networks (acqkit.models.PairNetwork), and "
            f"{type(model).__name__} has a fit of its own instead; leave data_parallel out"
        )
    if network.state() is None:
        raise ConfigError(
            f"the encoders of {type(model).__name__} keep state that is no tensors, which cannot "
            "be sent from worker to worker; leave data_parallel out"
        )


def train(crew: Crew, trainer: Trainer, model: Model, pool: Pool, seed: int) -> dict[str, Any]:
    """Train `model` by all workers of a crew; see `RayEngine.train`.

    Where a worker dies, the training begins again with another in its place, from the same seed.
    """
    sent = ray.put(packed(partial(train_part, trainer, model, pool, seed)))
    for _ in range(MOST_DEATHS):
        done = _Attempt(crew, sent).result()
        if done is not None:
            state, record = done
            assert isinstance(model, StatefulModel)
            model.load_state(state)
            return record
    raise EngineError(
        f"in each of {MOST_DEATHS} trainings a worker died; give workers more memory, or use fewer"
    )


class _Attempt:
    """One training by all workers, from its beginning."""

    def __init__(self, crew: Crew, sent: Any) -> None:
        self._crew, self._sent = crew, sent
        self._key = uuid.uuid4().hex  # a model anew, also in workers that have begun with one
        self._members = crew.whole()
        self._waiting: dict[Any, Member] = {}
        self._errors: list[BaseException] = []
        self._died = False

    def result(self) -> tuple[ModelState, dict[str, Any]] | None:
        """What the first worker gives; None where a worker died. Raises what a trainer raises."""
        try:
            first = self._members[0]
            met = self._ran(first, ray.put(packed(opened)), uuid.uuid4().hex, None)
            found = self._all([met])
            if found:
                host, port = found[0]
                count = len(self._members)
                parts = [
                    self._ran(member, self._sent, self._key, Place(rank, count, host, port))
                    for rank, member in enumerate(self._members)
                ]
                found = self._all(parts)
        finally:
            for member in list(self._waiting.values()):  # when whoever asked was interrupted
                self._crew.lost(member)
            for member in self._members if ray.is_initialized() else ():
                member.begun.clear()
                member.actor.forget.remote(self._key)
        return found[0] if found else None

    def _ran(self, member: Member, sent: Any, key: str, block: Any) -> Any:
        result = member.actor.run.remote(key, sent, block)
        member.begun.append(result)
        self._waiting[result] = member
        return result

    def _all(self, results: list[Any]) -> list[Any]:
        """What each of some tasks gives; nothing where a worker died, or its task's error."""
        done: dict[Any, Any] = {}
        end = float("inf")
        while self._waiting and time.monotonic() < end:
            ended, _ = ray.wait(list(self._waiting), num_returns=1, timeout=1.0)
            for result in ended:
                done[result] = self._take(result)
            if self._died or self._errors:
                end = min(end, time.monotonic() + GRACE)
        for member in list(self._waiting.values()):
            self._crew.lost(member)
        self._waiting.clear()
        if self._died:
            return []
        own = [error for error in self._errors if not isinstance(error, OtherError)]
        for error in [*own, *self._errors]:
            raise error
        return [done[result] for result in results]

    def _take(self, result: Any) -> Any:
        member = self._waiting.pop(result)
        try:
            done: Done = ray.get(result)
        except ray.exceptions.RayTaskError as error:
            reason = shortened(str(error.cause))
            self._errors.append(EngineError(f"what was trained cannot be sent ({reason})"))
        except ray.exceptions.RayError:
            self._crew.lost(member)
            self._died = True
        else:
            try:
                return value_of(done)
            except Exception as error:  # noqa: BLE001 - whatever a trainer raises
                self._errors.append(error)
        return None
