"""A function mapped over blocks by workers: in order, a few ahead, whoever dies meanwhile."""

from __future__ import annotations

import pickle
import uuid
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import ray
import ray.exceptions

from acqkit.components.origin import TOLD_BY
from acqkit.errors import EngineError, shortened
from acqkit_ray.crew import Crew, Member
from acqkit_ray.shipping import packed
from acqkit_ray.working import Done, Raised

AT_A_WORKER = 2
"""Blocks that a worker has at a time: one to work on, and one not to wait for."""
AHEAD = 4
"""Blocks a worker that are begun and not taken, so that one slow block holds up few others."""
MOST_DEATHS = 3
"""A block whose workers died this often is not given to another one."""

_END: Any = object()
_shown: dict[Any, Any] = {}
"""Warnings that were given, in the form in which Python notes them."""


@dataclass(eq=False)
class _Task:
    """A block that was begun."""

    block: Any
    number: int
    member: Member | None = None
    result: Any = None
    done: Done | None = None
    error: EngineError | None = None
    deaths: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is a result, or never will be."""
        return self.done is not None or self.error is not None


def mapped(crew: Crew, function: Callable[[Any], Any], blocks: Iterable[Any]) -> Iterator[Any]:
    """Results in the order of `blocks`; see `RayEngine.map` for what it raises."""
    key, sent = uuid.uuid4().hex, ray.put(packed(function))
    mapping = _Mapping(crew, key, sent, iter(blocks))
    try:
        while (task := mapping.next()) is not None:
            if task.done is None:
                raise task.error or AssertionError
            yield value_of(task.done)
    finally:
        mapping.close()


def value_of(done: Done) -> Any:
    """What a worker's function gave: its warnings are given here, and what it raised is raised."""
    for text, category, file, line in done.warned:
        warnings.warn_explicit(text, category, file, line, registry=_shown)
    if done.raised is not None:
        raise _remade(done.raised)
    return done.value


class _Mapping:
    def __init__(self, crew: Crew, key: str, sent: Any, blocks: Iterator[Any]) -> None:
        self._crew = crew
        self._key = key
        self._sent = sent
        self._blocks = enumerate(blocks)
        self._waiting: deque[_Task] = deque()
        """In the order of blocks."""
        self._again: deque[_Task] = deque()
        """Of these, those whose worker died and which nobody works on."""
        self._members: set[Member] = set()

    def next(self) -> _Task | None:
        """The next task in the order of blocks, when it is done; None after the last one."""
        while True:
            self._hand_out()
            if not self._waiting:
                return None
            if self._waiting[0].ended:
                return self._waiting.popleft()
            self._wait()

    def close(self) -> None:
        """Tell the workers that the function is not needed any more."""
        for task in self._waiting:
            if task.member is not None:
                task.member.begun.remove(task)
        for member in self._members if ray.is_initialized() else ():
            member.actor.forget.remote(self._key)

    def _hand_out(self) -> None:
        members = self._crew.ready()
        own = Counter(task.member for task in self._waiting)
        while True:
            # Those who work for other mappings, too, come last.
            member = min(members, key=lambda each: (own[each], len(each.begun)))
            task = None if own[member] >= AT_A_WORKER else self._next_task(AHEAD * len(members))
            if task is None:
                return
            own[member] += 1
            self._members.add(member)
            member.begun.append(task)
            task.member = member
            task.result = member.actor.run.remote(self._key, self._sent, task.block)

    def _next_task(self, most: int) -> _Task | None:
        """A task for a worker; None where there is none, or `most` are begun."""
        if self._again:
            return self._again.popleft()
        number, block = next(self._blocks, (0, _END)) if len(self._waiting) < most else (0, _END)
        if block is _END:
            return None
        task = _Task(block, number)
        self._waiting.append(task)
        return task

    def _wait(self) -> None:
        """Until a task of this mapping has ended, or a worker more is there."""
        running = {task.result: task for task in self._waiting if task.result is not None}
        ended, _ = ray.wait(list(running), num_returns=1, timeout=1.0)
        for result in ended:
            self._take(running[result])

    def _take(self, task: _Task) -> None:
        member = task.member
        assert member is not None
        result, task.result, task.member = task.result, None, None
        try:
            task.done = ray.get(result)
        except ray.exceptions.RayTaskError as error:
            # The function's own errors come as values: this is a result that cannot be sent.
            reason = shortened(str(error.cause))
            task.error = EngineError(f"what came of block {task.number} cannot be sent ({reason})")
        except ray.exceptions.RayError as error:
            if self._crew.lost(member):
                # Those behind it were not begun, and did nothing to it.
                member.begun[0].deaths += 1
            if task.deaths < MOST_DEATHS:
                self._again.append(task)
            else:
                task.error = EngineError(
                    f"{MOST_DEATHS} workers died over block {task.number} "
                    f"({shortened(str(error), 240)}); give workers more memory, or use fewer"
                )
        member.begun.remove(task)


def _remade(raised: Raised) -> BaseException:
    """What a function raised in a worker, with the text of its traceback as its cause."""
    text = EngineError(f"in a worker:\n{raised.text}")
    named = None if raised.named is None else pickle.loads(raised.named)
    if raised.error is None:
        return named or text
    error: BaseException = pickle.loads(raised.error)
    setattr(error, TOLD_BY, named)
    error.__cause__ = text
    return error
