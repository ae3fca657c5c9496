"""`Engine`: what acqkit asks of a place where work runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

Block = TypeVar("Block")
Result = TypeVar("Result")


@runtime_checkable
class Engine(Protocol):
    """Maps functions over blocks of pairs, on threads, processes or other machines."""

    def map(
        self,
        function: Callable[[Block], Result],
        blocks: Iterable[Block],
        *,
        thread_safe: bool = False,
    ) -> Iterator[Result]:
        """`function(block)` of every block, in the order of `blocks`.

        A block is plain data: positions `[k]`, a slice, a list of numbers. `function` can be
        pickled (a function of a module, or `functools.partial` of one), its result is plain
        arrays that depend on the block alone, and it may be called in any order, in any process.

        thread_safe: whether threads of one process may call `function` at the same time; models
        and scorers need not allow it. An engine takes few blocks ahead of the results that are
        taken, so that neither all blocks nor all results need fit in memory. What `function`
        raises is raised in place of its result.
        """
        ...
