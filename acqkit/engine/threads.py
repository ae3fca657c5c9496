"""Threads of this process: work beside other work, and blocks side by side.

What shaped this file:

- Two sides that both use all threads of the array libraries wait for each other.
- Products too small to be split between threads are faster side by side, each in one thread.
- `torch.get_num_threads() == 1` asks for one thread, and gets one.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from threadpoolctl import ThreadpoolController

Block = TypeVar("Block")
Result = TypeVar("Result")
_END: Any = object()


@dataclass(frozen=True, eq=False, slots=True)
class _Sharing:
    """Two sides share `threads`, until the other side is done and `alone` is set."""

    threads: int
    alone: threading.Event


_sharing: contextvars.ContextVar[_Sharing | None] = contextvars.ContextVar("_sharing", default=None)


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Run `work` in another thread of this process while the block runs.

    Gives a function that waits for the result of `work`; what `work` raised is raised there.
    Each side has half of the libraries' threads meanwhile. With one thread, `work` runs when its
    result is asked for.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield work
        return
    half = threads // 2
    sharing = _Sharing(threads, threading.Event())
    context = contextvars.copy_context()
    context.run(_sharing.set, sharing)
    # OpenMP's number of threads is one of the calling thread, hence also the initializer.
    limit = functools.partial(_libraries().limit, limits=half)
    with _torch_threads(half), limit(), ThreadPoolExecutor(1, initializer=limit) as executor:
        future = executor.submit(context.run, work)

        def result() -> Result:
            sharing.alone.set()
            return future.result()

        try:
            yield result
        finally:
            sharing.alone.set()


def map_in_threads(
    function: Callable[[Block], Result], blocks: Iterable[Block]
) -> Iterator[Result]:
    """Results in the order of `blocks`, from as many threads as torch has.

    Each has one thread of the array libraries. In work `beside` other work, one thread does it
    until the other work is done.
    """
    sharing, left = _sharing.get(), iter(blocks)
    threads = torch.get_num_threads() if sharing is None else sharing.threads
    if threads == 1:
        yield from map(function, left)
        return
    limit = functools.partial(_libraries().limit, limits=1)
    # In a new thread torch begins with as many threads as it was last told to have, whatever the
    # thread's own limit: each would have a team, whose members wait for each other by spinning.
    with _torch_threads(1), limit():
        while sharing is not None and not sharing.alone.is_set():
            block = next(left, _END)
            if block is _END:
                return
            yield function(block)
        with ThreadPoolExecutor(threads, initializer=limit) as executor:
            yield from _ordered(executor, function, left, ahead=2 * threads)


def _ordered(
    executor: ThreadPoolExecutor,
    function: Callable[[Block], Result],
    blocks: Iterable[Block],
    ahead: int,
) -> Iterator[Result]:
    """Results in the order of blocks, of which at most `ahead` are begun or wait."""
    begun: deque[Future[Result]] = deque()
    try:
        for block in blocks:
            begun.append(executor.submit(function, block))
            if len(begun) == ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()


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
    """The libraries loaded by now; finding them takes milliseconds."""
    return ThreadpoolController()
