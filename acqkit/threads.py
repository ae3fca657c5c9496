"""Work of which most is in operations on arrays, which let other threads run."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")
_all_threads: contextvars.ContextVar[int] = contextvars.ContextVar("_all_threads", default=0)


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
    context = contextvars.copy_context()
    context.run(_all_threads.set, threads)
    # What is set for OpenMP holds for the thread that sets it.
    limit = functools.partial(_libraries().limit, limits=half)
    with _torch_threads(half), limit(), ThreadPoolExecutor(1, initializer=limit) as executor:
        yield executor.submit(context.run, work).result


def in_threads(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Do `work` for all items, in as many threads as torch has, each product in one of them.

    For products too small to be shared between threads. In work `beside` other work these are
    all threads and not half of them: the other side may be done first.
    """
    workers = _all_threads.get() or torch.get_num_threads()
    if workers == 1:
        for item in items:
            work(item)
        return
    limit = functools.partial(_libraries().limit, limits=1)
    with limit(), ThreadPoolExecutor(workers, initializer=limit) as executor:
        for _ in executor.map(work, items):
            pass


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
