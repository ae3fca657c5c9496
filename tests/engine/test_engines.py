"""A new engine is one file and one line; whatever the engine, the picks are the same."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acqkit import Campaign, Component, RoundContext, Strategy, hookimpl
from acqkit.components.compose import Composed
from acqkit.components.registry import Registry, new_registry, registry
from acqkit.engine import Engine, LocalEngine, row_blocks
from acqkit.errors import PluginError
from acqkit.selection import select
from acqkit.strategies import Top
from acqkit.testing import make_context, make_pool
from acqkit.testing.model import LinearPairModel


class Backwards(Component):
    """Runs copies of the function on another thread, the last block first."""

    def map(
        self,
        function: Callable[[Any], Any],
        blocks: Iterable[Any],
        *,
        thread_safe: bool = False,
    ) -> Iterator[Any]:
        copies = [pickle.dumps((function, block)) for block in blocks]
        with ThreadPoolExecutor(1) as executor:
            found = list(executor.map(_run_copy, reversed(copies)))
        yield from reversed(found)


def _run_copy(pickled: bytes) -> Any:
    function, block = pickle.loads(pickled)
    return function(block)


@hookimpl
def acqkit_register_engines() -> dict[str, type[Component]]:
    return {"backwards": Backwards}


@pytest.fixture
def with_backwards() -> Registry:
    found = new_registry()
    plugin = SimpleNamespace(acqkit_register_engines=acqkit_register_engines)
    found.add(plugin, "backwards", "acqkit-backwards", "1.0")
    return found


def strategies() -> dict[str, Strategy]:
    """Every installed strategy, every scorer with `top`, and with allocators that prepare."""
    found = registry()
    made: dict[str, Any] = {name: found.make("strategy", name) for name in found.names("strategy")}
    for name in found.names("scorer"):
        scorer: Any = found.make("scorer", name)
        made[f"{name}+top"] = Composed(scorer=scorer, allocator=Top())
        for allocator in found.names("allocator"):
            other: Any = found.make("allocator", allocator)
            made[f"{name}+{allocator}"] = Composed(scorer=scorer, allocator=other)
    return made


@pytest.fixture(scope="module")
def context() -> RoundContext:
    pool = make_pool(300, labeled=40)
    model = LinearPairModel.for_pool(pool)
    return make_context(pool, model.embed(pool.batch(np.arange(300))), model=model)


def test_local_comes_through_the_same_door_as_a_plugin(with_backwards: Registry) -> None:
    assert isinstance(registry().make("engine", "local"), LocalEngine)
    assert isinstance(with_backwards.make("engine", "backwards"), Engine)
    with pytest.raises(PluginError, match=r"no engine called 'backward'.*'backwards'"):
        with_backwards.make("engine", "backward")


@pytest.mark.parametrize("name", strategies())
def test_another_engine_makes_the_same_picks(
    name: str, context: RoundContext, with_backwards: Registry
) -> None:
    engine: Any = with_backwards.make("engine", "backwards")
    strategy = strategies()[name]
    picks, elsewhere = (
        select(strategy, replace(context, engine=engine), 20) for engine in (LocalEngine(), engine)
    )
    np.testing.assert_array_equal(picks.positions, elsewhere.positions)
    if picks.scores is not None:
        np.testing.assert_array_equal(picks.scores, elsewhere.scores)


def test_row_blocks_are_all_rows_in_order() -> None:
    rows: NDArray[np.int64] = np.array([4, 2, 9, 1, 7])
    blocks = list(row_blocks(rows, 2))
    assert [len(block) for block in blocks] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(blocks), rows)
    assert all(np.shares_memory(block, rows) for block in blocks)


def test_a_campaign_runs_on_the_engine_that_it_is_given(
    tmp_path: Path, with_backwards: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    run_there = Backwards.map

    def counted(self: Backwards, function: Any, blocks: Any, **how: bool) -> Iterator[Any]:
        used.append(function.func.__name__)
        return run_there(self, function, blocks, **how)

    monkeypatch.setattr(Backwards, "map", counted)
    pool = make_pool(120, labeled=20)
    parts: dict[str, Any] = {"strategy": "entropy+top", "model": "sklearn"}
    with Campaign.create(tmp_path / "here", pool, **parts) as campaign:
        here = campaign.ask(10)
    assert not used
    engine: Any = with_backwards.make("engine", "backwards")
    with Campaign.create(tmp_path / "there", pool, **parts, engine=engine) as campaign:
        there = campaign.ask(10)
    assert used == ["_embed", "_score_block"]
    assert there.ids == here.ids
    with Campaign.open(tmp_path / "there", pool) as campaign:
        assert len(campaign.ask(5).ids) == 5
