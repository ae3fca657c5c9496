"""The door through which pools come: `.npz`, folders of `.npy`, Parquet, and what lies beside."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from door import IN_CI, Door, hold, knock
from hypothesis import given
from pool_files import write
from pool_inputs import POOLS, Damage, Given
from pool_readers import difference

from acqkit.pool import PairPool
from acqkit.pool.open import open_pool

pytestmark = pytest.mark.net


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


def test_a_row_group_that_lacks_rows_of_a_column_moves_nothing_up() -> None:
    """Arrow reads what is left of it without a word."""
    rows = [[float(i), float(i + 1)] for i in range(7)]
    rows[3][0] = 1e30
    names = pa.list_(pa.dictionary(pa.int8(), pa.string()))
    columns = {
        "modality_a": (rows, pa.list_(pa.float16())),
        "modality_b": ([[i % 2 == 0] for i in range(7)], pa.list_(pa.bool_(), 1)),
        "labels": ([[], ["dog"], ["emu", "cat"]] * 2 + [[]], names),
    }
    damage = [Damage(0, "flip", 0.4828301488790628, 11)]
    given = Given("parquet", columns, group_rows=2, damage=damage)
    assert knock(DOOR, given).kind == "sentence"
