"""A cluster of two workers does what `local` does, whatever becomes of them."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import acqkit_ray
import numpy as np
import pytest
from acqkit_ray import shipping

import ray_functions as functions
from acqkit.components.compose import Composed
from acqkit.components.origin import from_plugin
from acqkit.components.registry import registry
from acqkit.embeddings import PairEmbeddings
from acqkit.engine import LOCAL
from acqkit.errors import ConfigError, EngineError
from acqkit.loading import load_pool
from acqkit.pool.folder import save_pool
from acqkit.selection import select
from acqkit.testing import LinearPairModel, make_context, make_pool
from ray_cluster import MARKS
from ray_cluster import cluster as cluster

pytestmark = MARKS
ENGINE = acqkit_ray.RayEngine(workers=2)


def test_results_come_in_the_order_of_blocks_from_all_workers() -> None:
    found = list(ENGINE.map(functions.slow_first, range(20)))
    assert [block for block, _ in found] == list(range(20))
    assert len({worker for _, worker in found} - {os.getpid()}) == 2
    assert list(ENGINE.map(functions.square, iter([]))) == []


def test_few_blocks_are_taken_ahead_of_the_results() -> None:
    taken = itertools.count()
    results = ENGINE.map(functions.square, taken)
    assert list(itertools.islice(results, 10)) == [block**2 for block in range(10)]
    results.close()  # type: ignore[attr-defined]
    assert next(taken) <= 10 + 2 * 4


def test_two_mappings_go_on_side_by_side() -> None:
    squares = ENGINE.map(functions.square, range(9))
    for block, square in enumerate(squares):
        assert square == block**2
        assert list(ENGINE.map(partial(functions.total, np.ones(4)), range(3))) == [4, 5, 6]


def test_arrays_are_shared_and_those_in_files_are_read_there(tmp_path: Path) -> None:
    array = np.arange(300_000.0).reshape(-1, 3)
    np.save(tmp_path / "a.npy", array)
    stale = shipping.MappedFile(str(tmp_path / "a.npy"), 5, 0)
    with pytest.raises(EngineError, match="is another file"):
        shipping.opened(stale, array.dtype, (1,), (8,), 0, 0)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    kept = np.load(tmp_path / "a.npy", mmap_mode="c")
    kept[:] += 1  # in memory alone
    views = {
        "memory": array,
        "file": mapped,
        "view": np.asarray(mapped)[500:-7:3],
        "backwards": mapped[::-2, ::-1].T[1:],
        "copy on write": kept,
    }
    for name, view in views.items():
        ((rows, _, writeable, base),) = ENGINE.map(partial(functions.seen, view), [slice(0, 9)])
        np.testing.assert_array_equal(rows, view[0:9], err_msg=name)
        assert not writeable
        assert (base == "memmap") == (name in ("file", "view", "backwards")), name


def test_small_arrays_are_no_parts_of_their_own() -> None:
    arrays = [np.arange(n) for n in range(3000)]
    sent = shipping.packed(partial(functions.seen, np.ones(9000), arrays))
    assert len(sent) == 2  # the pickle, and the large one, since each part costs time a block
    found = shipping.unpacked(sent)
    np.testing.assert_array_equal(found.args[0], np.ones(9000))
    assert all(map(np.array_equal, found.args[1], arrays))


def test_a_file_that_was_removed_goes_along(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(9.0))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    (tmp_path / "a.npy").unlink()
    assert list(ENGINE.map(partial(functions.total, mapped), [1])) == [37.0]


def test_errors_are_raised_as_themselves() -> None:
    results = ENGINE.map(functions.fails, range(9))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(KeyError, match="no such thing") as caught:
        next(results)
    assert type(caught.value) is KeyError
    assert "in fails" in str(caught.value.__cause__)
    assert from_plugin(caught.value) is None  # it is not the engine's
    with pytest.raises(EngineError, match=r"StrangeError: 1 and 2"):
        list(ENGINE.map(functions.fails, [5]))


def test_what_cannot_be_sent_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"cannot be sent to workers .*use the engine local"):
        list(ENGINE.map(partial(functions.total, (i for i in range(3))), [1]))  # type: ignore[arg-type]
    assert callable(next(ENGINE.map(functions.unsendable, [1])))


def test_warnings_are_given_here() -> None:
    with pytest.warns(RuntimeWarning, match="block 1 is odd"):
        assert list(ENGINE.map(functions.warns, [1])) == [1]


def test_workers_have_one_thread_and_no_cluster() -> None:
    assert list(ENGINE.map(functions.threads, range(3))) == [(1, "1")] * 3
    assert list(ENGINE.map(partial(functions.engine_of, ENGINE), range(2))) == [True, True]


def test_a_worker_that_dies_costs_its_blocks_only(tmp_path: Path) -> None:
    found = list(ENGINE.map(partial(functions.dies_once, tmp_path), range(40)))
    assert found == [block**2 for block in range(40)]
    marks = [path.name.partition("-")[0] for path in tmp_path.iterdir()]
    assert 41 <= len(marks) <= 42  # the one it died over, and the one that waited behind it


def test_all_workers_may_die() -> None:
    results = ENGINE.map(functions.slow_first, range(1, 400))
    workers = {worker for _, worker in itertools.islice(results, 30)}
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert [block for block, _ in results] == list(range(31, 400))


def test_a_block_that_kills_its_workers_is_not_tried_for_ever(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"3 workers died over block 1 .*more memory"):
        list(ENGINE.map(partial(functions.always_dies, tmp_path), range(4)))
    assert len(list(tmp_path.glob("1-*"))) == 3


def strategies() -> dict[str, Any]:
    """Every installed strategy, and every scorer with each allocator."""
    found = registry()
    made: dict[str, Any] = {name: found.make("strategy", name) for name in found.names("strategy")}
    for scorer, allocator in itertools.product(found.names("scorer"), found.names("allocator")):
        parts: dict[str, Any] = {
            "scorer": found.make("scorer", scorer),
            "allocator": found.make("allocator", allocator),
        }
        made[f"{scorer}+{allocator}"] = Composed(**parts)
    return made


def test_every_strategy_makes_the_same_picks(tmp_path: Path) -> None:
    pool = make_pool(300, labeled=40)
    model = LinearPairModel.for_pool(pool)
    model.embed(pool.batch(np.arange(300))).save(tmp_path)
    embeddings = PairEmbeddings.load(tmp_path)
    contexts = [
        replace(make_context(pool, embeddings, model=model), engine=engine)
        for engine in (LOCAL, ENGINE)
    ]
    other = []
    for name, strategy in strategies().items():
        here, there = (select(strategy, context, 20) for context in contexts)
        if pickle.dumps((here.positions, here.scores)) != pickle.dumps(
            (there.positions, there.scores)
        ):
            other.append(name)
    assert not other


def test_workers_of_another_size_take_the_place_of_idle_ones() -> None:
    here = {worker for _, worker in ENGINE.map(functions.slow_first, range(1, 9))}
    (found,) = acqkit_ray.RayEngine(workers=1, threads=2).map(functions.threads, [1])
    assert found == (2, "2")
    assert not here & {worker for _, worker in ENGINE.map(functions.slow_first, range(1, 9))}


def test_room_that_there_is_not_is_one_sentence() -> None:
    with pytest.raises(EngineError, match=r"1 of 1 CPU and 99 GPUs each, .* has 1 CPU and 0 G"):
        list(acqkit_ray.RayEngine(workers=1, gpus=99).map(functions.square, [1]))


def test_what_people_look_at_stays_here(tmp_path: Path) -> None:
    pool = replace(make_pool(20, 3), display={"text": [f"pair {i}" for i in range(20)]})
    save_pool(pool, tmp_path / "pool")
    saved = load_pool(tmp_path / "pool")
    assert saved.display["text"][7] == "pair 7"  # of a Parquet file that is open
    sent = shipping.unpacked(shipping.packed(partial(len, saved))).args[0]
    assert sent.display == {} and sent.ids.tolist() == saved.ids.tolist()
    assert np.array_equal(sent.batch(np.arange(20)).a, saved.batch(np.arange(20)).a)
