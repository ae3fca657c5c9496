"""The engine of one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from acqkit.base import Component

Block = TypeVar("Block")
Result = TypeVar("Result")


class LocalEngine(Component):
    """Runs work in this process: thread-safe functions in threads, others one block at a time.

    Array libraries have threads of their own, which is enough for blocks of thousands of pairs;
    a thread-safe function's blocks run side by side, each with one thread of the libraries.
    `torch.get_num_threads()` says how many threads there are.
    """

    def map(
        self,
        function: Callable[[Block], Result],
        blocks: Iterable[Block],
        *,
        thread_safe: bool = False,
    ) -> Iterator[Result]:
        """Results in the order of `blocks`; see `Engine.map`."""
        if not thread_safe:
            return map(function, blocks)
        # Not at the top: this file is read with the interfaces, and torch takes a second.
        from acqkit.engine.threads import map_in_threads  # noqa: PLC0415

        return map_in_threads(function, blocks)


LOCAL = LocalEngine()
"""The engine where none is named."""
