from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from counting_campaign import CountingTrainer, go_on
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from torch import nn

from acqkit import Campaign, PairPool
from acqkit.campaign import identity
from acqkit.errors import AcqkitWarning, CampaignError, EmbeddingError
from acqkit.interfaces import Pool, StatefulModel
from acqkit.models import LogisticPair, SklearnPairModel, TorchPairModel, TwoTower
from acqkit.testing import make_pool

TRAINER = CountingTrainer(min_steps=5, max_steps=5)


def in_a_new_process(campaigns: list[tuple[str, Path]]) -> list[dict[str, Any]]:
    arguments = [str(part) for campaign in campaigns for part in campaign]
    result = subprocess.run(
        [sys.executable, "-c", "import counting_campaign as c; c.main()", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_a_second_ask_in_a_new_process_does_not_train(tmp_path: Path) -> None:
    models = ("two-tower", "sklearn")
    firsts, campaigns = [], []
    for model in models:
        folder, twin = tmp_path / model, tmp_path / f"{model}-twin"
        firsts.append(go_on(model, folder))
        shutil.copytree(folder, twin)
        shutil.rmtree(twin / "artifacts")
        campaigns += [(model, folder), (model, twin)]
    found = in_a_new_process(campaigns)
    for first, second, trained_again in zip(firsts, found[::2], found[1::2], strict=True):
        assert first["trainings"] == [12] and first["record"] == {"labels": 12}
        assert second["trainings"] == [] and trained_again["trainings"] == [12]
        assert second["record"] == trained_again["record"] == {"labels": 12}
        assert second["picked"] == trained_again["picked"]
        assert not set(second["picked"]) & set(first["picked"])


def towers(pool: PairPool, activation: type[nn.Module] = nn.ReLU) -> TorchPairModel:
    torch.manual_seed(3)
    assert pool.dims is not None
    a, b = (
        nn.Sequential(nn.Linear(width, 6), nn.BatchNorm1d(6), activation(), nn.Linear(6, 4))
        for width in pool.dims
    )
    b[3].to(torch.bfloat16)
    b.insert(3, ToBfloat())
    classes = len(pool.class_names)
    return TorchPairModel(a, b, dim=4, n_classes=classes, multilabel=pool.multilabel)


class ToBfloat(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.bfloat16()


MODELS: dict[str, Callable[[PairPool], Any]] = {
    "two-tower": lambda _: TwoTower(hidden=8, dim=4),
    "own encoders": towers,
    "sklearn": lambda _: LogisticPair(components=3),
}


class Twice:
    """A campaign that is opened again, and what was trained in each."""

    def __init__(self, folder: Path, pool: PairPool, model: Callable[[PairPool], Any]) -> None:
        self.folder, self.pool, self.model = folder, pool, model
        with Campaign.create(folder, pool, **self.parts()) as campaign:
            batch = campaign.ask(20, strategy="random")
            assert pool.truth is not None
            rows = pool.truth[batch.positions]
            answers = [np.flatnonzero(row).tolist() for row in rows]
            campaign.tell(batch.batch_id, dict(zip(batch.ids, answers, strict=True)))
            self.first = campaign.trained()
        CountingTrainer.trainings.clear()

    def parts(self) -> dict[str, Any]:
        return {"strategy": "random", "trainer": TRAINER, "model": self.model(self.pool)}

    def trains_again(self, pool: PairPool | None = None, **parts: Any) -> bool:
        """Whether opening the campaign and using its model trains."""
        CountingTrainer.trainings.clear()
        with Campaign.open(self.folder, pool or self.pool, **(self.parts() | parts)) as campaign:
            self.second = campaign.trained()
        return bool(CountingTrainer.trainings)


@pytest.fixture(params=list(MODELS))
def twice(request: pytest.FixtureRequest, tmp_path: Path) -> Twice:
    return Twice(tmp_path / "c", make_pool(60), MODELS[request.param])


def test_a_model_that_is_loaded_is_the_one_that_was_trained(twice: Twice) -> None:
    assert not twice.trains_again()
    assert twice.second.record == twice.first.record == {"labels": 20}
    batch = twice.pool.batch(np.arange(len(twice.pool)))
    pairs = zip(
        (twice.first.model.embed(batch), twice.first.embeddings),
        (twice.second.model.embed(batch), twice.second.embeddings),
        strict=True,
    )
    for one, other in pairs:
        columns = other.columns() | other.constants()
        for name, values in (one.columns() | one.constants()).items():
            np.testing.assert_array_equal(columns[name], values)
        assert one.manifest() == other.manifest()
    np.testing.assert_array_equal(
        twice.second.embeddings.positions, np.arange(len(twice.pool.train_positions))
    )


@pytest.mark.parametrize("multilabel", [False, True])
def test_classes_that_nobody_has_are_predicted_as_before(tmp_path: Path, multilabel: bool) -> None:
    pool = make_pool(60, multilabel=multilabel)
    assert pool.truth is not None
    truth: NDArray[np.uint8] = pool.truth.copy()
    truth[:, 0] = 0
    truth[:, 1] |= truth.sum(axis=1) == 0
    twice = Twice(tmp_path / "c", replace(pool, truth=truth), MODELS["sklearn"])
    assert not twice.trains_again()
    np.testing.assert_array_equal(
        twice.second.embeddings.unified_probabilities(),
        twice.first.embeddings.unified_probabilities(),
    )
    batch = pool.batch(np.arange(60))
    found = twice.second.model.embed(batch).unified_probabilities()
    np.testing.assert_array_equal(found, twice.first.model.embed(batch).unified_probabilities())
    assert (found[:, 0] == 0).all()


def test_whatever_a_model_depends_on_has_it_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(60)
    twice = Twice(tmp_path / "c", pool, towers)
    features = np.array(pool.batch(np.arange(60)).a)
    features[pool.train_positions[7], 2] += 1e-3
    other = PairPool.from_arrays(
        features,
        np.array(pool.batch(np.arange(60)).b),
        labels=pool.truth,
        class_names=pool.class_names,
        ids=pool.ids,
        modalities=pool.modalities,
        multilabel=pool.multilabel,
        split=None if pool.test is None else np.where(pool.test, "test", "train"),
    )
    with pytest.raises(CampaignError, match="are others under the same ids"):
        twice.trains_again(other)
    pretrained = towers(pool)
    with torch.no_grad():
        next(pretrained.parameters()).add_(0.5)
    for another in (towers(pool, nn.GELU), pretrained):
        with pytest.raises(CampaignError, match="was made with the model"):
            twice.trains_again(model=another)
    assert not twice.trains_again()
    with monkeypatch.context() as patch:
        patch.setattr(identity, "_versions", lambda: {"acqkit": "0.0.1"})
        assert twice.trains_again()
    assert twice.trains_again()


def test_what_does_not_say_what_it_is_is_trained_again(tmp_path: Path) -> None:
    class Forests(SklearnPairModel):
        """Trees are no arrays."""

    def forests(_: Pool) -> SklearnPairModel:
        tree = RandomForestClassifier(3)
        return Forests(tree, tree, components=3)

    twice = Twice(tmp_path / "a", make_pool(60), forests)
    assert twice.first.model.state() is None  # type: ignore[attr-defined]
    assert twice.trains_again()


def test_damaged_artifacts_are_noticed_and_made_again(tmp_path: Path) -> None:
    twice = Twice(tmp_path / "c", make_pool(60), MODELS["two-tower"])
    wanted = np.array(twice.first.embeddings.a.mean)
    for pattern in ("*/model.safetensors", "*/model.json", "*/a_mean.npy", "*/positions.npy"):
        (file,) = (twice.folder / "artifacts").glob(pattern)
        content = bytearray(file.read_bytes())
        content[-2] ^= 4
        file.write_bytes(content)
        with pytest.warns(AcqkitWarning, match=r"is damaged .* made again"):
            assert twice.trains_again()
        np.testing.assert_array_equal(twice.second.embeddings.a.mean, wanted)
        assert not twice.trains_again()


def test_only_the_latest_model_is_kept(tmp_path: Path) -> None:
    twice = Twice(tmp_path / "c", make_pool(60), MODELS["two-tower"])
    with Campaign.open(twice.folder, twice.pool, **twice.parts()) as campaign:
        for _ in range(3):
            batch = campaign.ask(2, strategy="entropy+top")
            campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, 0))
            campaign.trained()
        models = list((twice.folder / "artifacts").glob("*/model.safetensors"))
        embeddings = list((twice.folder / "artifacts").glob("*/a_mean.npy"))
    assert len(models) == 1 and len(embeddings) == 2


def test_the_state_of_another_model_is_refused() -> None:
    pool = make_pool(60)
    small, large = (TwoTower(hidden=h, dim=4).build(pool, "cpu") for h in (8, 9))
    state = small.state()
    assert state is not None and isinstance(large, StatefulModel)
    with pytest.raises(EmbeddingError, match=r"the state is of another network, first in 'enc"):
        large.load_state(state)
    first, second = (LogisticPair(regularization=c).build(pool, "cpu") for c in (0.1, 0.2))
    first.fit(pool, 0)
    learned = first.state()
    assert learned is not None
    with pytest.raises(EmbeddingError, match="the state is of other classifiers"):
        second.load_state(learned)


def test_a_campaign_of_the_time_before_artifacts_goes_on(tmp_path: Path) -> None:
    twice = Twice(tmp_path / "c", make_pool(60), MODELS["two-tower"])
    with Campaign.open(twice.folder, twice.pool, **twice.parts()) as campaign:
        campaign.ask(2, strategy="entropy+top")
    (array,) = twice.folder.glob("artifacts/*/a_mean.npy")
    wanted = np.load(array)
    array.parent.rename(twice.folder / "embeddings-001")
    shutil.rmtree(twice.folder / "artifacts")
    with closing(sqlite3.connect(twice.folder / "campaign.sqlite")) as database, database:
        database.execute("UPDATE batches SET embeddings = 'embeddings-001' WHERE round = 1")
        database.execute("DELETE FROM settings WHERE key = 'latest training'")
    with Campaign.open(twice.folder, twice.pool, **twice.parts()) as campaign:
        old = campaign.embeddings
        assert old is not None
        np.testing.assert_array_equal(old.a.mean, wanted)
        campaign.ask(2, strategy="entropy+top")
        new = campaign.embeddings
    assert new is not None
    np.testing.assert_array_equal(new.a.mean, wanted)
    assert not (twice.folder / "embeddings-001").exists()
