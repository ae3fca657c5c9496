"""The models `clip` and `two-encoders` on random weights: trained, kept, exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acqkit_encoders import Clip, TwoEncoders
from PIL import Image
from random_models import save_models

from acqkit import Campaign, PairBatch, PairPool
from acqkit.components.resolve import resolve
from acqkit.errors import ConfigError, PoolError
from acqkit.labels import LabelState
from acqkit.models import Supervised, TorchPairModel, Tower
from acqkit.testing import make_pool

QUICK = Supervised(min_steps=8, max_steps=8, batch_size=8, encoder_rate=1e-3)
COLORS, WORDS = ("red", "green", "blue"), ("cat", "two", "run")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_models(tmp_path_factory.mktemp("models"))


class Colors:
    """Pictures of one color with a word for it."""

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> dict[str, Any]:
        kind = index % 3
        picture = Image.new("RGB", (40, 30 + index), COLORS[kind])
        return {"image": picture, "text": f"a {WORDS[kind]}", "label": kind}


def colors(labeled: int = 9, columns: tuple[str, str] = ("image", "text")) -> PairPool:
    pool = PairPool.from_dataset(
        Colors(), columns=columns, label_column="label", class_names=COLORS
    )
    assert pool.truth is not None
    rows = np.arange(labeled)
    return pool.with_labels(LabelState.empty(24, 3).with_answers(rows, pool.truth[rows], 0))


def means(model: TorchPairModel, pool: PairPool) -> list[Any]:
    return [side.mean for side in model.embed(pool.batch(np.arange(24))).validate().sides]


def test_clip_begins_as_it_was_saved_and_is_fine_tuned(saved: Path) -> None:
    pool = colors()
    model = Clip(model=str(saved / "clip")).build(pool, "cpu")
    as_saved = resolve("encoder", {"name": "transformers", "model": str(saved / "clip")}).component
    items = pool.batch(np.arange(24))
    for found, side in zip(means(model, pool), (items.a, items.b), strict=True):
        wanted = as_saved.encode(side)
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        assert np.allclose(found, wanted, atol=1e-5)
    before = [mean.copy() for mean in means(model, pool)]
    QUICK.fit(model, pool, 0)
    after = means(model, pool)
    assert all(np.abs(x[:, :8] - y).max() > 1e-2 for x, y in zip(after, before, strict=True))
    again = as_saved.encode(items.a)
    assert np.allclose(again / np.linalg.norm(again, axis=1, keepdims=True), before[0], atol=1e-5)
    QUICK.fit(model, pool, 0)
    assert all(np.allclose(x, y, atol=1e-6) for x, y in zip(means(model, pool), after, strict=True))


def test_all_of_a_clip_is_learned_elsewhere_and_kept_once(saved: Path) -> None:
    model = Clip(model=str(saved / "clip")).build(colors(), "cpu")
    names = {name.partition(".")[0] for name, _ in model.named_parameters()}
    assert names == {"encoders", "class_weight", "class_bias"}
    assert len(model.pretrained_parameters()) == len(list(model.encoders.parameters()))
    assert not any(name.startswith("encoders.1") for name in model.state_dict())


def test_a_clip_of_which_nothing_is_trained_keeps_its_vectors(saved: Path) -> None:
    pool = colors(columns=("text", "image"))
    model = Clip(model=str(saved / "clip"), train="nothing", images="b").build(pool, "cpu")
    before = means(model, pool)
    QUICK.fit(model, pool, 0)
    share = model.shares[0]
    assert all(
        np.allclose(x[:, :8], share * y, atol=1e-5)
        for x, y in zip(means(model, pool), before, strict=True)
    )
    assert model.class_weight.abs().sum() > 0


def test_lora_trains_its_updates_alone(saved: Path) -> None:
    pytest.importorskip("peft", reason="peft is missing: pip install 'acqkit-encoders[lora]'")
    pool = colors()
    model = Clip(model=str(saved / "clip"), train="lora", rank=2).build(pool, "cpu")
    before = {name: value.clone() for name, value in model.encoders.state_dict().items()}
    QUICK.fit(model, pool, 0)
    changed = {
        name
        for name, value in model.encoders.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed and all("lora_" in name for name in changed)
    twin = Clip(model=str(saved / "clip"), train="lora", rank=2).build(pool, "cpu")
    state = model.state()
    assert state is not None
    twin.load_state(state)
    assert all(
        np.array_equal(x, y) for x, y in zip(means(model, pool), means(twin, pool), strict=True)
    )


def test_two_encoders_stay_and_their_heads_learn(saved: Path, tmp_path: Path) -> None:
    pool = colors(labeled=18)
    parts = {
        "encoder_a": f"transformers:{saved / 'vit'}",
        "encoder_b": f"transformers:{saved / 'bert'}",
    }
    factory = TwoEncoders(**parts, hidden=16, dim=6)
    model = factory.build(pool, "cpu")
    assert all(isinstance(encoder, Tower) and encoder.frozen for encoder in model.encoders)
    # All the weight on these few labels: what is asked is whether heads can learn them.
    longer = Supervised(min_steps=120, max_steps=120, batch_size=24, half_labels=0)
    longer.fit(model, pool, 0)
    found = model.embed(pool.batch(np.arange(24))).unified_probabilities()
    assert (found.argmax(axis=1) == np.arange(24) % 3).all()
    state = model.state()
    assert state is not None and str(saved / "vit") in state.data["encoders"]
    one = PairBatch.of_one(1, ["a cat"])
    assert model.embed(one).validate().b.mean.shape == (1, 6 + 3)
    named = {"name": "two-encoders", **parts, "hidden": 16, "dim": 6}
    with Campaign.create(tmp_path / "c", pool, strategy="coreset", model=named) as campaign:
        assert campaign.parts["trainer"].record["name"] == "supervised"


def test_what_does_not_fit_is_said_in_one_sentence(saved: Path) -> None:
    clip = Clip(model=str(saved / "clip"))
    with pytest.raises(PoolError, match="has features already, and the model clip reads raw items"):
        clip.build(make_pool(), "cpu")
    with pytest.raises(ConfigError, match=r"has one tower.*use the model two-encoders"):
        Clip(model=str(saved / "bert")).build(colors(), "cpu")
    other = colors(columns=("text", "image"))
    with pytest.raises(PoolError, match=r"reads pictures .* got a str; say which modality"):
        QUICK.fit(clip.build(other, "cpu"), other, 0)
