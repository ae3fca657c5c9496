"""An engine by name, from Python, YAML and the command line; results are those of any other."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import acqkit
from acqkit.campaign import Campaign
from acqkit.cli import main
from acqkit.components.registry import registry
from acqkit.errors import PluginError
from acqkit.pool.folder import save_pool
from acqkit.runs import Results
from acqkit.testing import make_pool
from distributions import lay_out

COUNTING = """
from acqkit import Component, hookimpl

USED = []


class Counting(Component):
    label: str = ""

    def map(self, function, blocks, *, thread_safe=False):
        USED.append((function.func.__name__, self.label))
        return map(function, blocks)

    def train(self, trainer, model, pool, seed):
        USED.append(("train", self.label))
        return trainer.fit(model, pool, seed)


@hookimpl
def acqkit_register_engines():
    return {"counting": Counting}
"""

SETTINGS: dict[str, Any] = {
    "strategy": "entropy+top",
    "model": "sklearn",
    "initial": 12,
    "per_round": 8,
    "rounds": 1,
    "seeds": 1,
}
POOL = make_pool(80, test_share=0.25)


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What was mapped by the engine `counting` of an installed plugin, and by which `label`."""
    lay_out(tmp_path / "site", "acqkit-counting", COUNTING)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    registry.cache_clear()
    yield importlib.import_module("acqkit_counting").USED
    del sys.modules["acqkit_counting"]
    registry.cache_clear()


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of `acqkit ARGUMENTS`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["acqkit", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def rounds_of(results: Results) -> list[dict[str, Any]]:
    """The rounds without timings."""
    return [{**record.plain(), "seconds": None} for record in results.rounds]


def test_all_that_a_run_maps_goes_through_its_engine(
    tmp_path: Path, used: list[tuple[str, str]]
) -> None:
    here = acqkit.run(POOL, **SETTINGS, full=True, out=tmp_path / "here")
    assert not used
    there = acqkit.run(POOL, **SETTINGS, full=True, out=tmp_path / "there", engine="counting")
    # Two rounds embed the train and the test part, one scores; the one trainer of the reference
    # that can train the model embeds the test part once more.
    mapped = {"_embed": 2 * 2 + 1, "_score_block": 1}
    assert Counter(name for name, _ in used) == mapped | {"train": 2 + 1}
    assert rounds_of(there) == rounds_of(here) and there.full == here.full
    assert there.config == here.config


def test_a_run_is_gone_on_with_by_another_engine(
    tmp_path: Path, used: list[tuple[str, str]]
) -> None:
    at_once = acqkit.run(POOL, **SETTINGS | {"rounds": 2}, out=tmp_path / "at once")
    acqkit.run(POOL, **SETTINGS, out=tmp_path / "out")
    extended = acqkit.run(
        POOL, **SETTINGS | {"rounds": 2}, out=tmp_path / "out", engine={"name": "counting"}
    )
    assert Counter(name for name, _ in used) == {"_embed": 2, "_score_block": 1, "train": 1}
    assert rounds_of(extended) == rounds_of(at_once)


def test_an_engine_is_a_component_in_yaml_and_on_the_command_line(
    tmp_path: Path, used: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pool(POOL, tmp_path / "pool")
    config = SETTINGS | {"pool": str(tmp_path / "pool")}
    (tmp_path / "run.yaml").write_text(
        yaml.safe_dump(config | {"engine": {"name": "counting", "label": "yaml"}})
    )
    (tmp_path / "local.yaml").write_text(yaml.safe_dump(config))
    given: dict[str, list[object]] = {
        "yaml": [tmp_path / "run.yaml"],
        "set": [tmp_path / "run.yaml", "--set", "engine.label=set"],
        "": [tmp_path / "local.yaml", "--engine", "counting"],
    }
    for label, arguments in given.items():
        used.clear()
        assert command(monkeypatch, "run", *arguments, "--out", tmp_path / f"out{label}") == 0
        assert {found for _, found in used} == {label}
    results = [json.loads((tmp_path / f"out{label}/results.json").read_text()) for label in given]
    assert all("engine" not in found["config"] for found in results)


def test_an_unknown_engine_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, used: list[tuple[str, str]], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    save_pool(POOL, tmp_path / "pool")
    arguments = ["run", "--pool", tmp_path / "pool", "--out", tmp_path / "out"]
    assert command(monkeypatch, *arguments, "--engine", "countng") == 2
    assert "no engine called 'countng' is installed; did you mean 'counting'" in (
        capsys.readouterr().err
    )
    with pytest.raises(PluginError, match="countng"):
        Campaign.create(tmp_path / "campaign", POOL, engine="countng")
    assert not (tmp_path / "out").exists() and not (tmp_path / "campaign").exists()


def test_a_campaign_is_asked_on_an_engine(
    tmp_path: Path, used: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pool(POOL, tmp_path / "pool")
    parts = ["--pool", tmp_path / "pool", "--strategy", "coreset", "--model", "sklearn"]
    sheets = {}
    for folder, how in (("here", []), ("there", ["--engine", "counting"])):
        made = tmp_path / folder
        assert command(monkeypatch, "campaign", "init", made, *parts) == 0
        assert command(monkeypatch, "campaign", "ask", made, "-n", 5, *how) == 0
        with Campaign.open(made) as campaign:
            sheets[folder] = campaign.batches()[0].ids
    assert [name for name, _ in used] == ["train", "_embed"]
    assert sheets["here"] == sheets["there"]
