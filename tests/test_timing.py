from __future__ import annotations

import time

from acqkit.timing import PhaseClock


def test_a_nested_phase_is_not_counted_in_the_outer_one() -> None:
    clock = PhaseClock()
    start = time.perf_counter()
    with clock.phase("outer"):
        time.sleep(0.01)
        with clock.phase("inner"):
            time.sleep(0.05)
    total = time.perf_counter() - start
    assert clock.seconds["inner"] >= 0.05
    assert clock.seconds["outer"] < clock.seconds["inner"]
    assert sum(clock.seconds.values()) <= total


def test_seconds_add_up_and_survive_an_error() -> None:
    clock = PhaseClock()
    for _ in range(2):
        try:
            with clock.phase("train"):
                time.sleep(0.01)
                raise RuntimeError
        except RuntimeError:
            pass
    assert clock.seconds["train"] >= 0.02
