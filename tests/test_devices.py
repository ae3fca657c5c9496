"""A device is checked before work begins on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from acqkit import Campaign, PairPool
from acqkit.components.resolve import resolve
from acqkit.devices import check_device
from acqkit.errors import ConfigError
from acqkit.metrics import evaluate_retrieval
from acqkit.neighbors import knn, on_device, search
from acqkit.selection import select
from acqkit.testing import make_context, make_embeddings, make_pool
from light_components import PARTS
from pretended_device import PretendedDevice


def test_what_torch_can_work_on_passes() -> None:
    check_device("cpu")
    check_device("cpu:0")


@pytest.mark.parametrize("device", ["quantum", "", "meta", "cuda:999", "hpu", None, 3])
def test_what_torch_cannot_work_on_is_refused_in_a_sentence(device: object) -> None:
    with pytest.raises(ConfigError) as refused:
        check_device(device)
    assert repr(device) in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 350


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_campaign_made_for_a_gpu_goes_on_without_one(
    tmp_path: object, pool: PairPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = f"{tmp_path}/campaign"
    with pytest.raises(ConfigError, match=r"'cuda'.*give another one, such as --device cpu"):
        Campaign.create(folder, pool, device="cuda", **PARTS)
    with monkeypatch.context() as patched:  # the machine on which it was made
        patched.setattr("acqkit.campaign.campaign.check_device", lambda device: None)
        Campaign.create(folder, pool, device="cuda", **PARTS).close()
    with Campaign.open(folder, pool, **PARTS) as campaign:
        assert campaign.status().labeled == 0  # looking needs no device
        with pytest.raises(ConfigError, match="'cuda' cannot be used here"):
            campaign.trained()
    with Campaign.open(folder, pool, device="cpu", **PARTS) as campaign:
        assert campaign.trained().model is not None


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_round_of_our_plugins_has_all_it_computes_with_on_the_device(multilabel: bool) -> None:
    pool = make_pool(200, labeled=12, multilabel=multilabel)
    for variance in (False, True):
        context = make_context(pool, make_embeddings(pool, variance=variance))
        scorer = {"name": "ascmr", "params": {"steps": 3}}
        parts = {"scorer": scorer, "allocator": {"name": "density"}}
        strategy = resolve("strategy", parts).component
        wanted = select(strategy, context, 9).positions
        with PretendedDevice():
            picked = select(strategy, replace(context, device="cuda"), 9).positions
        assert picked.tolist() == wanted.tolist()


def test_rankings_and_lists_of_neighbors_have_all_on_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "_WORTH_LISTS", 100)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 150, 4), dtype=np.float32)
    labels = np.eye(3, dtype=np.uint8)[rng.integers(0, 3, 150)]
    plain = evaluate_retrieval(a, b, labels)
    with PretendedDevice():
        there = evaluate_retrieval(a, b, labels, device="cuda")
        found = knn(on_device(a, "cuda"), 5, recall=0.99)
        assert on_device(a, "cuda").device.type == "cuda"
    assert there.map == pytest.approx(plain.map, rel=1e-12)
    assert (found[1] == knn(a, 5)[1]).mean() > 0.9
    with PretendedDevice(), pytest.raises(AssertionError, match="two devices"):
        on_device(a, "cuda") + torch.ones(150, 4)
