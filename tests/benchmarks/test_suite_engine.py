"""Cells of a suite on an engine: each to its end, also after one over which workers died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from acqkit.errors import EngineError
from run import main
from suite import workers


class Dying:
    """An engine that runs cells here, and whose workers die over one of them."""

    def map(self, function: Any, blocks: Any, *, thread_safe: bool = False) -> Iterator[Any]:
        for block in blocks:
            if block.key == "deadly":
                raise EngineError("3 workers died")
            yield function(block)


def test_a_cell_over_which_workers_died_is_the_only_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: dict[str, str] = {}
    failed: list[str] = []
    monkeypatch.setattr(workers, "run_cell", lambda cell, out, commit: f"{commit}{cell.key}")
    monkeypatch.setattr(workers, "write_failure", lambda cell, out, why: failed.append(cell.key))
    cells: Any = [SimpleNamespace(key=key) for key in ("a", "deadly", "b")]
    workers.run_cells_on(Dying(), cells, tmp_path, "of ", lambda c, why: ended.update({c.key: why}))
    assert ended == {"a": "of a", "deadly": "3 workers died", "b": "of b"}
    assert failed == ["deadly"]


def test_what_measures_a_machine_is_not_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "fast.yaml"
    suite.write_text("kind: speed\n")
    with pytest.raises(typer.Exit):
        main(str(suite), tmp_path / "out", engine="ray")
    assert "fast measures one machine; leave --engine out" in capsys.readouterr().out
