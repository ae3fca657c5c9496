from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from acqkit.threads import beside, in_threads
from acqkit.timing import PhaseClock


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


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


def test_items_are_shared_between_all_threads_also_beside_other_work(threads: int) -> None:
    def shared() -> int:
        # No thread gets past the barrier before all of them have an item.
        barrier, seen = threading.Barrier(threads), set()

        def work(item: int) -> None:
            barrier.wait(30)
            seen.add((item, threading.get_ident()))

        in_threads(work, range(threads))
        assert {item for item, _ in seen} == set(range(threads))
        return len({ident for _, ident in seen})

    assert shared() == threads
    with beside(shared) as result:
        assert result() == threads


def test_an_error_in_an_item_is_raised(threads: int) -> None:
    def work(item: int) -> None:
        if item == 5:
            raise ValueError(item)

    with pytest.raises(ValueError, match="5"):
        in_threads(work, range(9))


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
