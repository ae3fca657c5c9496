from __future__ import annotations

from typing import Any

import pytest

from acqkit.config import RunConfig, make_config, resolve_amount
from acqkit.errors import ConfigError


def test_short_and_long_forms_mean_the_same() -> None:
    short = make_config({"pool": "glyphs", "strategy": "entropy+top", "trainer": "supervised"})
    long = make_config(
        {
            "pool": {"name": "glyphs"},
            "scorer": {"name": "entropy"},
            "allocator": "top",
            "trainer": {"name": "supervised"},
        }
    )
    assert short.record() == long.record()
    assert short.strategy[0].label == "entropy+top"


def test_a_scorer_alone_is_allocated_by_top() -> None:
    assert make_config({"pool": "x", "scorer": "margin"}).strategy[0].label == "margin+top"


def test_the_record_makes_the_same_configuration_again() -> None:
    config = make_config(
        {
            "pool": "glyphs",
            "strategy": ["random", {"name": "bald", "samples": 3}, "entropy+top"],
            "initial": "5%",
            "stop": {"budget": 100},
        }
    )
    assert RunConfig.model_validate(config.record()).record() == config.record()
    assert [spec.label for spec in config.strategy] == ["random", "bald(samples=3)", "entropy+top"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"pool": "x", "strategi": "y"}, "unknown key 'strategi'; did you mean 'strategy'"),
        ({"pool": "x", "stop": {"targt_map": 1}}, "'stop.targt_map'; did you mean 'target_map'"),
        ({"pool": "x", "initial": "abc"}, "initial: wanted a count .* got 'abc'"),
        ({"pool": "x", "initial": "101%"}, "wanted a count"),
        ({"pool": "x", "per_round": -3}, "per_round: wanted a count of 0 or more"),
        ({"pool": "x", "per_round": [5, 0]}, "per_round is 0, so that 8 rounds would pick nothing"),
        ({"pool": "x", "per_round": ["5", -1]}, "per_round: wanted a count of 0 or more"),
        ({"pool": "x", "per_round": []}, "per_round: wanted at least one amount"),
        ({"pool": "x", "scorer": "a", "strategy": "b"}, "either a strategy, or a scorer"),
        ({"pool": "x", "allocator": "a"}, "give either a strategy, or a scorer"),
        ({"pool": "x", "rounds": -1}, "rounds: .* got -1"),
        ({"pool": "x", "rounds": "many"}, "rounds: .* got 'many'"),
        ({"pool": "x", "strategy": ["a", "a"]}, "named twice: a, a"),
        ({"pool": "x", "strategy": []}, "strategy: .* got"),
        ({"strategy": "a"}, "pool: Field required"),
        ({"pool": "x", "preset": "fast"}, "no preset is called 'fast'; known: full, plain"),
    ],
)
def test_wrong_configurations_say_what_is_wrong(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make_config(data, "config.yaml")
    assert str(caught.value).startswith("config.yaml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("amount", "count"), [(7, 7), (0, 0), ("5%", 10), ("0.1%", 1), ("0%", 0), ("100%", 200)]
)
def test_amounts_are_counts_or_shares(amount: int | str, count: int) -> None:
    assert resolve_amount(amount, 200) == count


def test_a_preset_fills_in_what_is_not_given() -> None:
    full = make_config({"pool": "x", "preset": "full"})
    assert full.strategy[0].label == "coverage"
    assert full.trainer.name == "memory-bank"
    own = make_config({"pool": "x", "preset": "full", "scorer": "entropy", "trainer": None})
    assert own.strategy[0].label == "entropy+top"
    assert own.trainer == full.trainer
    assert "preset" not in own.record()
