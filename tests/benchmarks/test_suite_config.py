from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from acqkit.errors import ConfigError
from suite.config import SUITES, find_suite, read_suite

MINIMAL: dict[str, Any] = {"title": "Mini", "pools": ["glyphs"], "strategies": ["random"]}


def write(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "mini.yaml"
    path.write_text(yaml.safe_dump(MINIMAL | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 3}, "unknown key 'seed'; did you mean 'seeds'?"),
        ({"seeds": 0}, "seeds: Input should be greater than or equal to 1, got 0"),
        ({"strategies": []}, "the suite has no strategies; give some by name"),
        ({"reference": "chance"}, "the reference 'chance' is none of the strategies: random"),
        ({"strategies": ["random", "random"]}, "strategies has 'random' twice; give one of them"),
        ({"pools": ["a/x.npz", "b/x.npz"]}, "pools has 'x' twice; give one of them another label"),
        ({"full_trainers": ["supervised"]}, "trainers has 'supervised' twice"),
        ({"scorers": ["entropy"]}, "give scorers and allocators together, or neither"),
        ({"defaults": {"rounds": -1}}, "defaults.rounds: Input should be greater than or equal"),
        ({"defaults": {"rounds": 0}}, "pool 'glyphs' has neither initial labels nor rounds; give"),
        ({"metric": "recall"}, "metric: Input should be 'map' or 'map@50', got 'recall'"),
        ({"defaults": {"per_round": "5"}, "pools": [{"name": "x", "per_round": "much"}]}, "share"),
        ({"strategies": ["random", {"allocator": "top"}]}, "give either a strategy, or a scorer"),
    ],
)
def test_a_wrong_suite_is_refused_in_a_sentence_naming_file_key_and_value(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        read_suite(write(tmp_path, **changes))
    assert str(error.value).startswith("mini.yaml: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["title: [", "- a list"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.yaml"):
        read_suite(path)


def test_an_unknown_suite_names_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no suite is called 'smok'; known: .*smoke"):
        find_suite("smok")


def test_every_strategy_spelling_has_its_title(tmp_path: Path) -> None:
    suite = read_suite(
        write(
            tmp_path,
            strategies=[
                "random",
                "entropy+top",
                {"name": "probcover", "delta": 0.3},
                {"label": "ours", "scorer": "margin", "allocator": "top"},
            ],
            scorers=["entropy", {"name": "bald", "samples": 5}],
            allocators=["density"],
        )
    )
    assert [entry.title for entry in suite.entries] == [
        "random",
        "entropy+top",
        "probcover(delta=0.3)",
        "ours",
        "entropy+density",
        "bald(samples=5)+density",
    ]


def test_seeds_can_be_changed_from_outside(tmp_path: Path) -> None:
    assert read_suite(write(tmp_path, seeds=4), seeds=2).seeds == 2
    assert read_suite(write(tmp_path, seeds=4), seeds=None).seeds == 4


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("smoke", "random"),
        ("strategies", "random"),
        ("ablations", "ascmr+density"),
        ("coverage", "coverage"),
    ],
)
def test_the_suites_that_are_shipped_can_be_read(name: str, reference: str) -> None:
    suite = read_suite(SUITES / f"{name}.yaml")
    assert suite.reference == reference
    assert {"ascmr+density", "random"} <= {entry.title for entry in suite.entries}


def test_the_suite_of_trainers_gives_all_of_them_the_same_steps() -> None:
    suite = read_suite(SUITES / "trainers.yaml")
    assert (suite.compare, suite.metric) == ("trainers", "map@50")
    for trainer in suite.trainers:
        # Chained trainers share the steps.
        parts = [part for part in trainer.spec.params.values() if isinstance(part, dict)]
        steps = [part["max_steps"] for part in parts or [trainer.spec.params]]
        assert sum(steps) == 300, trainer.title
    assert suite.schedule(suite.pools[0]) == {"initial": "10%", "per_round": 20, "rounds": 0}
