from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
import threadpoolctl
import torch

from acqkit.engine import LocalEngine
from acqkit.engine.threads import beside
from acqkit.timing import PhaseClock

ENGINE = LocalEngine()


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_a_function_that_is_not_thread_safe_runs_in_the_calling_thread(threads: int) -> None:
    found = list(ENGINE.map(lambda block: (block, threading.get_ident()), range(7)))
    assert found == [(block, threading.get_ident()) for block in range(7)]


def test_results_come_in_the_order_of_blocks(threads: int) -> None:
    first_may_end = threading.Event()

    def slow_first(block: int) -> int:
        if block == 0 and threads > 1:
            assert first_may_end.wait(30)
        first_may_end.set()
        return block**2

    found = list(ENGINE.map(slow_first, range(40), thread_safe=True))
    assert found == [block**2 for block in range(40)]


def test_thread_safe_work_is_shared_between_all_threads(threads: int) -> None:
    barrier = threading.Barrier(threads)

    def meet(block: int) -> int:
        # No thread gets past the barrier before all of them have a block.
        barrier.wait(30)
        return threading.get_ident()

    assert len(set(ENGINE.map(meet, range(threads), thread_safe=True))) == threads


def test_thread_safe_work_is_shared_once_the_work_beside_it_is_done(threads: int) -> None:
    def identity(_: int) -> int:
        time.sleep(0.002)
        return threading.get_ident()

    def work() -> set[int]:
        return set(ENGINE.map(identity, range(100), thread_safe=True))

    with beside(work) as result:
        assert (len(result()) > 1) == (threads > 1)


def test_thread_safe_work_has_one_thread_of_the_libraries_each(threads: int) -> None:
    def limits(_: int) -> set[int]:
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}

    before = threadpoolctl.threadpool_info()
    if threads > 1:
        assert set().union(*ENGINE.map(limits, range(6), thread_safe=True)) == {1}
    assert threadpoolctl.threadpool_info() == before


def test_beside_other_work_one_thread_works_until_that_is_done() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    begun, seen = threading.Event(), set()

    def note(block: int) -> int:
        seen.add(threading.get_ident())
        if block == 3:
            begun.set()
        return block

    def forever() -> int:
        blocks = itertools.takewhile(lambda _: not stop.is_set(), itertools.count())
        return sum(1 for _ in ENGINE.map(note, blocks, thread_safe=True))

    stop = threading.Event()
    try:
        with beside(forever) as result:
            assert begun.wait(30)
            assert len(seen) == 1
            stop.set()
            assert result() > 3
    finally:
        torch.set_num_threads(before)


def test_few_blocks_are_taken_ahead_of_the_results(threads: int) -> None:
    taken = itertools.count()
    results = ENGINE.map(lambda block: block, taken, thread_safe=True)
    assert list(itertools.islice(results, 10)) == list(range(10))
    results.close()  # type: ignore[attr-defined]
    assert next(taken) <= 10 + 2 * threads


def test_an_error_in_a_block_is_raised(threads: int) -> None:
    def work(block: int) -> None:
        if block == 5:
            raise ValueError(block)

    for thread_safe in (False, True):
        with pytest.raises(ValueError, match="5"):
            list(ENGINE.map(work, range(9), thread_safe=thread_safe))


def test_work_is_done_beside_the_block_where_there_are_threads(threads: int) -> None:
    begun, here = threading.Event(), threading.get_ident()

    def work() -> tuple[int, int]:
        begun.set()
        return threading.get_ident(), torch.get_num_threads()

    with beside(work) as result:
        if threads > 1:
            assert begun.wait(30)
        else:
            assert not begun.is_set()
        meanwhile = torch.get_num_threads()
        ident, of_work = result()
    assert (ident == here) == (threads == 1)
    assert meanwhile == of_work == max(1, threads // 2)
    assert torch.get_num_threads() == threads


def test_what_goes_wrong_beside_is_raised_where_the_result_is_asked_for(threads: int) -> None:
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), beside(work) as result:
        result()
    with pytest.raises(KeyError), beside(work):
        raise KeyError
    assert torch.get_num_threads() == threads


def test_phases_beside_an_open_one_are_not_counted() -> None:
    clock = PhaseClock()

    def work() -> None:
        with clock.phase("beside"):
            pass

    thread = threading.Thread(target=work)
    with clock.phase("outer"):
        thread.start()
        thread.join()
    assert set(clock.seconds) == {"outer"}
    work()
    assert set(clock.seconds) == {"outer", "beside"}
