"""A device is checked before work begins on it."""

from __future__ import annotations

import pytest
import torch

from acqkit import Campaign, PairPool
from acqkit.devices import check_device
from acqkit.errors import ConfigError
from light_components import PARTS


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
