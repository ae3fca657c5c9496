"""The door through which pools come: `.npz`, folders of `.npy`, Parquet, and what lies beside."""

from __future__ import annotations

from pathlib import Path

from door import IN_CI, Door, hold
from hypothesis import given
from pool_files import write
from pool_inputs import POOLS, Given
from pool_readers import difference

from acqkit.pool import PairPool
from acqkit.pool.open import open_pool


def judge(path: Path, pool: PairPool) -> str | None:
    try:
        return difference(path, pool)
    except Exception as error:  # noqa: BLE001 - read by acqkit and not by the other reader
        return f"another reader says {type(error).__name__}: {error}"


DOOR = Door("pool", POOLS, write, open_pool, judge)


@IN_CI
@given(POOLS)
def test_a_pool_is_refused_in_a_sentence_or_read_right(pool: Given) -> None:
    hold(DOOR, pool)
