"""The claim on an output folder: what differs is named, and only one process holds it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import acqkit
from acqkit import PairPool
from acqkit.components.registry import registry
from acqkit.errors import ConfigError
from acqkit.runs.claim import Claim, claimed
from acqkit.runs.folder import OutputFolder
from acqkit.testing import make_pool
from light_components import LightFactory, LightMargin, LightTrainer

POOL = replace(make_pool(test_share=0.25), modalities=("image", "text"))


def run(out: Path, pool: PairPool = POOL, **more: Any) -> None:
    settings = {
        "strategy": LightMargin(),
        "trainer": LightTrainer(),
        "model": LightFactory(),
        "initial": 12,
        "per_round": 8,
        "rounds": 0,
        "seeds": 1,
    } | more
    acqkit.run(pool, out=out, **settings)


class Sized(LightTrainer):
    """A trainer with a parameter."""

    size: int = 1


def other_features(pool: PairPool) -> PairPool:
    features = pool.features[1].rows(np.arange(len(pool))).copy()
    features[0, 0] += 1
    changed = PairPool.from_arrays(pool.features[0].rows(np.arange(len(pool))), features,
                                   labels=pool.truth, multilabel=False)  # fmt: skip
    return replace(pool, features=changed.features)


def other_labels(pool: PairPool) -> PairPool:
    return replace(pool, truth=np.roll(np.asarray(pool.truth), 1, axis=0))


def other_split(pool: PairPool) -> PairPool:
    return replace(pool, test=np.roll(np.asarray(pool.test), 1))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (other_features, "the pool has other text features"),
        (other_labels, "the pool has other labels"),
        (other_split, "the pool has other split"),
        (lambda p: replace(p, cost=np.ones(len(p))), "the pool has other cost"),
        (lambda p: replace(p, present=(np.arange(len(p)) > 0, None)), "mask of missing image"),
    ],
)
def test_a_run_on_another_pool_is_refused(tmp_path: Path, change: Any, named: str) -> None:
    run(tmp_path / "run")
    before = (tmp_path / "run" / "results.json").read_bytes()
    with pytest.raises(ConfigError, match=named) as refused:
        run(tmp_path / "run", change(POOL))
    assert "features; " not in str(refused.value) and "another --out" in str(refused.value)
    assert (tmp_path / "run" / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"trainer": Sized(size=2)}, "trainer was .*LightTrainer.*, now .*Sized.*'size': 2"),
        ({"initial": 13}, "initial was 12, now 13"),
        ({"per_round": "5%"}, "per_round was 8, now '5%'"),
        ({"stop": {"budget": 20}}, "stop was .*, now .*'budget': 20"),
        ({"model": "two-tower"}, "model was .*LightFactory.*, now .*'two-tower'"),
    ],
)
def test_a_run_with_other_settings_is_refused(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    run(tmp_path / "run")
    with pytest.raises(ConfigError, match=named):
        run(tmp_path / "run", **settings)


def test_parameters_of_objects_are_compared(tmp_path: Path) -> None:
    run(tmp_path / "run", trainer=Sized(size=1))
    run(tmp_path / "run", trainer=Sized(size=1))
    with pytest.raises(ConfigError, match=r"'size': 1.*'size': 2"):
        run(tmp_path / "run", trainer=Sized(size=2))


def test_an_object_that_does_not_say_what_it_is_is_not_resumed(tmp_path: Path) -> None:
    class Opaque:
        """A trainer that holds what nobody can compare."""

        def __init__(self) -> None:
            self.lock = threading.Lock()

        def fit(self, model: Any, pool: Any, seed: int) -> None:
            model.fit(pool, seed)

    with pytest.warns(UserWarning, match="cannot say what it is"):
        run(tmp_path / "run", trainer=Opaque())
    with pytest.raises(ConfigError, match=r"whether the trainer is the same"):
        run(tmp_path / "run", trainer=Opaque())


def test_another_version_of_a_plugin_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"strategy": "ascmr+top", "initial": 20}
    run(tmp_path / "run", **settings)
    installed = registry().components["scorer", "ascmr"]
    newer = replace(installed, version="9.9")
    monkeypatch.setitem(registry().components, ("scorer", "ascmr"), newer)
    with pytest.raises(ConfigError, match=r"acqkit-ascmr was .*, now 9\.9"):
        run(tmp_path / "run", **settings)
    # A plugin that the run does not use may change.
    run(tmp_path / "other")
    run(tmp_path / "other")


def test_a_folder_of_an_earlier_version_is_named_so(tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(out)
    old = {"pool": "synthetic", "strategy": ["random"], "rounds": 0, "pairs": 200}
    (out / "run.json").write_text(json.dumps(old))
    with pytest.raises(ConfigError, match="written by another version, or damaged; give another"):
        run(out)


def test_a_run_killed_before_its_claim_was_whole_starts_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.lock").touch()
    (out / ".run.json.0123abcd.new").write_text('{"schema"')
    run(out)
    assert (out / "results.json").exists()


HOLDING = """
import sys
import threading
from pathlib import Path
from acqkit.runs.claim import Claim, claimed
from acqkit.runs.folder import OutputFolder
with claimed(OutputFolder(Path(sys.argv[1])), Claim(shared={}, strategies={})):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_only_one_process_holds_a_folder_and_a_dead_one_does_not(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path / "run")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(out.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    wanted = Claim(shared={}, strategies={})
    with pytest.raises(ConfigError, match="another process is running"), claimed(out, wanted):
        pass
    holder.kill()
    holder.wait()
    holder.communicate()
    with claimed(out, wanted) as folders:
        assert folders == {}
