"""Without `out` only the same command goes on with what it left; another one has its own folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import acqkit
from acqkit.config import make_config
from acqkit.errors import ConfigError
from acqkit.runner import execute
from acqkit.runs import Results
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer

SETTINGS: dict[str, Any] = {
    "strategy": "random",
    "trainer": LightTrainer(),
    "model": LightFactory(),
    "initial": 12,
    "per_round": 6,
    "rounds": 1,
    "seeds": 1,
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(seed: int = 0, **more: Any) -> Results:
    return acqkit.run(make_pool(seed=seed, test_share=0.25), **SETTINGS | more)


def folders() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_other_data_are_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    first = run(seed=0)
    other = run(seed=1)
    assert folders() == ["acqkit-run", "acqkit-run-2"]
    assert "results are in acqkit-run-2" in capsys.readouterr().err
    assert other.rounds[-1].map == run(seed=1, out="fresh").rounds[-1].map
    assert other.rounds[-1].map != first.rounds[-1].map


@pytest.mark.parametrize(
    "more",
    [{"rounds": 2}, {"seeds": 2}, {"first_seed": 1}, {"strategy": "coreset"}, {"per_round": 7},
     {"strategy": LightMargin()}],
)  # fmt: skip
def test_other_settings_are_another_run_and_both_go_on(
    more: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = run(), run(**more)
    assert folders() == ["acqkit-run", "acqkit-run-2"]
    capsys.readouterr()
    assert run() == first
    assert "2 of 2 rounds were there in acqkit-run\n" in capsys.readouterr().err
    assert run(**more) == other
    assert " rounds were there in acqkit-run-2\n" in capsys.readouterr().err
    assert folders() == ["acqkit-run", "acqkit-run-2"]


def test_a_strategy_beside_is_asked_for_by_out(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    run(strategy="coreset", out="acqkit-run")
    assert folders() == ["acqkit-run"]
    run()
    assert "results are in acqkit-run-2" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [
    lambda out: (out / "run.json").write_text("{"),
    lambda out: (out / "run.json").unlink(),
])  # fmt: skip
def test_a_folder_that_cannot_be_gone_on_with_is_left_alone(damage: Callable[[Path], Any]) -> None:
    run()
    damage(Path("acqkit-run"))
    before = {path: path.stat().st_mtime_ns for path in Path("acqkit-run").rglob("*")}
    run()
    assert folders() == ["acqkit-run", "acqkit-run-2"]
    assert before == {path: path.stat().st_mtime_ns for path in Path("acqkit-run").rglob("*")}


def test_an_object_that_cannot_say_what_it_is_never_goes_on() -> None:
    class Keeps:
        def __init__(self) -> None:
            self.generator = (number for number in range(3))

        def select(self, context: acqkit.RoundContext, n: int) -> Any:
            return context.candidates[:n]

    strategy = Keeps()
    with pytest.warns(UserWarning, match="cannot say what it is"):
        run(strategy=strategy)
        run(strategy=strategy)
    assert folders() == ["acqkit-run", "acqkit-run-2"]


def test_execute_says_nothing_unless_it_is_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    config = make_config({**SETTINGS, "pool": "made", "trainer": "own-fit", "model": "sklearn"})
    for _ in range(2):
        execute(config, make_pool(test_share=0.25))
    assert capsys.readouterr().err == "" and folders() == ["acqkit-run"]


@pytest.mark.parametrize("value", [0, "0", "0%", "0.0%"])
@pytest.mark.parametrize("key", ["per_round", "budget"])
def test_rounds_that_would_pick_nothing_are_refused(key: str, value: int | str) -> None:
    given: dict[str, Any] = {key: value} if key == "per_round" else {"stop": {key: value}}
    with pytest.raises(ConfigError, match=rf"{key} is .* 1 rounds would pick nothing"):
        run(**given)
    assert folders() == []
    assert len(run(**given, rounds=0).rounds) == 1


def test_the_smallest_share_is_a_pair() -> None:
    picked = run(per_round="0.001%").rounds[-1].picked
    assert len(np.unique(picked)) == 1
