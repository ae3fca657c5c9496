"""Configurations from YAML, flags and `--set`: the right value, or what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from acqkit.cli.settings import DEEPEST, MOST_NODES, configure, parse_yaml
from acqkit.components.spec import ComponentSpec
from acqkit.errors import ConfigError


def test_a_setting_is_of_the_component_that_is_taken_anyway() -> None:
    config = configure(
        None,
        {"pool": "glyphs"},
        ["trainer.max_steps=300", "model.dim=8", "strategy.per_cluster=2"],
    )
    assert config.trainer == ComponentSpec(name="supervised", params={"max_steps": 300})
    assert config.model == ComponentSpec(name="two-tower", params={"dim": 8})
    assert config.strategy[0].label == "typiclust(per_cluster=2)"


def test_a_setting_adds_to_what_the_file_or_a_preset_says(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("pool: glyphs\ntrainer: {name: supervised, min_steps: 3}\nstrategy: [random]\n")
    config = configure(file, {}, ["trainer.max_steps=300", "stop.budget=9"])
    assert config.trainer.params == {"min_steps": 3, "max_steps": 300}
    assert config.stop.budget == 9
    preset = configure(None, {"pool": "glyphs", "preset": "plain"}, ["trainer.max_steps=3"])
    plain = configure(None, {"pool": "glyphs", "preset": "plain"}, [])
    assert preset.trainer.name == plain.trainer.name
    assert preset.trainer.params == plain.trainer.params | {"max_steps": 3}
    assert preset.strategy == plain.strategy


def test_a_setting_changes_nothing_that_an_alias_shares(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("pool: &p {name: p.npz}\nmodel: *p\n")
    config = configure(file, {}, ["model.dim=3"])
    assert config.pool.params == {} and config.model.params == {"dim": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a [1, 2]\nb: [*a, *a]", {"a": [1, 2], "b": [[1, 2], [1, 2]]}),
        (
            "base: &b {x: 1, y: 1}\nmine: {<<: *b, x: 2}",
            {"base": {"x": 1, "y": 1}, "mine": {"x": 2, "y": 1}},
        ),
        ("[" * DEEPEST + "]" * DEEPEST, eval("[" * DEEPEST + "]" * DEEPEST)),
        (f"[{'1, ' * (MOST_NODES - 1)}]", [1] * (MOST_NODES - 1)),
        ("", None),
    ],
)
def test_what_people_write_is_read(text: str, value: object) -> None:
    assert parse_yaml(text, "it") == value


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more than 10,000 values"),
        ("[" * 3000, "more than 32 levels"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "more than 32 levels"),
        (
            "a: &a [[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]",
            "levels",
        ),
        (f"[{'1, ' * MOST_NODES}]", "more than 10,000 values"),
        ("a: &a [*a]", "the alias *a stands for nothing before it"),
        ("rounds: 1\nrounds: 2", "the key 'rounds' is given twice"),
        ("a: [", "line 1"),
        ("2020-13-01", "month must be in 1..12"),
        ("!!python/object:os.system {}", "line 1"),
        ("x" * 1_000_001, "more than 1,000,000 characters"),
    ],
)
def test_what_is_too_much_or_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match="it cannot be read as YAML") as refused:
        parse_yaml(text, "it")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300 and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["rounds"], "--set wants KEY=VALUE, got 'rounds'"),
        (["x=["], "--set 'x' cannot be read as YAML"),
        (["rounds.a=1", "rounds.a.b=2"], "there is 1, which has no key 'b'"),
        (["strategy=[random, badge]", "strategy.a=1"], "which has no key 'a'"),
        (["pool={root: x}"], "pool: has no name; give one beside its parameters"),
        (["preset=[full]"], "no preset is called ['full']"),
        (["trainer=3"], "trainer: wanted a name"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configure(None, {"pool": "glyphs"}, settings)
    assert said in str(refused.value)
