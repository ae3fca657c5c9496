"""Many cells in worker processes of one thread each, here or where an engine has them."""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from acqkit.engine import Engine
from acqkit.errors import EngineError
from suite.baselines import register_baselines
from suite.cells import Cell
from suite.execute import run_cell, write_failure

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MOST_DEATHS = 2
"""A worker that dies with a cell this often is not given the cell again."""

DEATH = "the process that ran it died (killed, or out of memory)"

OnEnd = Callable[[Cell, str], None]


def run_cells(cells: Sequence[Cell], out: Path, jobs: int, commit: str, on_end: OnEnd) -> None:
    """Run all cells, `jobs` at a time; `on_end` hears of each and of its error, if any.

    A worker that dies takes its own cell down and no other.
    """
    waiting = list(reversed(cells))
    deaths: dict[str, int] = {}
    with _one_thread():
        while waiting:
            for cell in _run_until_death(waiting, out, jobs, commit, on_end):
                deaths[cell.key] = deaths.get(cell.key, 0) + 1
                if deaths[cell.key] < MOST_DEATHS:
                    waiting.append(cell)
                else:
                    write_failure(cell, out, DEATH)
                    on_end(cell, DEATH)


def run_cells_on(
    engine: Engine, cells: Sequence[Cell], out: Path, commit: str, on_end: OnEnd
) -> None:
    """As `run_cells`, by the workers of an engine, for which `out` must be the same folder."""
    left = deque(cells)
    run_there = functools.partial(_run_there, out.resolve(), commit)
    while left:
        try:
            for error in engine.map(run_there, list(left)):
                on_end(left.popleft(), error)
        except EngineError as error:
            # Results come in order: it is the first cell without one that cannot be run.
            cell = left.popleft()
            write_failure(cell, out, str(error))
            on_end(cell, str(error))


def _run_there(out: Path, commit: str, cell: Cell) -> str:
    register_baselines()
    return run_cell(cell, out, commit)


def _run_until_death(
    waiting: list[Cell], out: Path, jobs: int, commit: str, on_end: OnEnd
) -> list[Cell]:
    """Take cells off `waiting` and run them; gives those that ran when a worker died."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _prepare) as workers:
        running: dict[Future[str], Cell] = {}
        while waiting or running:
            # No more are handed over than run, so that a death can be laid at their door.
            while waiting and len(running) < jobs:
                cell = waiting.pop()
                try:
                    running[workers.submit(run_cell, cell, out, commit)] = cell
                except BrokenProcessPool:
                    waiting.append(cell)
                    return list(running.values())
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                return [cell for f, cell in running.items() if not _ended(f, cell, on_end)]
            for future in done:
                on_end(running.pop(future), future.result())
    return []


def _prepare() -> None:
    """What a worker does before its first cell."""
    register_baselines()
    _end_with_parent()


def _end_with_parent() -> None:
    """A worker that outlived its killed parent would get into the way of the resumed run."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # this runs in workers

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _ended(future: Future[str], cell: Cell, on_end: OnEnd) -> bool:
    """Whether a cell came to its end before the others' worker died."""
    if not future.done() or future.exception() is not None:
        return False
    on_end(cell, future.result())
    return True


@contextmanager
def _one_thread() -> Iterator[None]:
    """What processes started inside read as their number of threads."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
