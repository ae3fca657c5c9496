"""Work of which most is in operations on arrays, which let other threads run."""

from __future__ import annotations

import contextvars
import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")
_PATIENCE = 0.005
"""Seconds between two looks at whether there is anything left to help with."""


@dataclass(frozen=True, eq=False, slots=True)
class _Team:
    """So many threads, of which all but one wait until they are `free`."""

    threads: int
    free: threading.Event


_team: contextvars.ContextVar[_Team | None] = contextvars.ContextVar("_team", default=None)


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Do `work` while the block runs, in a thread of its own; gives what returns its result.

    Libraries get half of their threads meanwhile: those of both sides would wait for each
    other. Where `torch.get_num_threads()` is 1 the work is done when its result is asked for,
    so that one thread stays one.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield work
        return
    half = threads // 2
    team = _Team(threads, threading.Event())
    context = contextvars.copy_context()
    context.run(_team.set, team)
    # What is set for OpenMP holds for the thread that sets it.
    limit = functools.partial(_libraries().limit, limits=half)
    with _torch_threads(half), limit(), ThreadPoolExecutor(1, initializer=limit) as executor:
        future = executor.submit(context.run, work)

        def result() -> Result:
            team.free.set()
            return future.result()

        try:
            yield result
        finally:
            team.free.set()


def in_threads(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Do `work` for all items, in as many threads as torch has, each product in one of them.

    For products too small to be shared between threads. In work `beside` other work, one
    thread does it until the other work is done.
    """
    team = _team.get() or _Team(torch.get_num_threads(), _set_event())
    if team.threads == 1:
        for item in items:
            work(item)
        return
    left, lock, done = iter(items), threading.Lock(), threading.Event()

    def take() -> list[Item]:
        with lock:
            return list(itertools.islice(left, 1))

    def drain() -> None:
        while item := take():
            work(*item)

    def help() -> None:
        while not team.free.wait(_PATIENCE):
            if done.is_set():
                return
        drain()

    limit = functools.partial(_libraries().limit, limits=1)
    with limit(), ThreadPoolExecutor(team.threads - 1, initializer=limit) as executor:
        helpers = [executor.submit(help) for _ in range(team.threads - 1)]
        try:
            drain()
        finally:
            done.set()
        for helper in helpers:
            helper.result()


def _set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def _libraries() -> Any:
    """Those loaded by now; to look for them takes milliseconds."""
    return ThreadpoolController()
