from __future__ import annotations

import pytest
import torch
from torch import nn

from acqkit.models.dropout import ByteDropout
from acqkit.models.sampling import dropout_layers
from acqkit.models.threads import SMALL_NETWORK, training_threads


@pytest.mark.parametrize("rate", [0.25, 0.3, 0.5, 0.9])
def test_it_drops_the_share_it_says_and_keeps_the_mean(rate: float) -> None:
    layer = ByteDropout(rate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        output = layer(torch.ones(1000, 501))
    dropped = (output == 0).float().mean()
    assert abs(dropped - rate) < 1 / 256 + 0.003
    assert abs(output.mean() - 1) < 0.01
    assert len(output.unique()) == 2


def test_elements_are_dropped_independently() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kept = (ByteDropout(0.5)(torch.ones(20_000, 16)) > 0).double()
    correlation = torch.corrcoef(kept.T) - torch.eye(16)
    assert correlation.abs().max() < 0.035


def test_in_evaluation_it_does_nothing_and_it_counts_as_dropout() -> None:
    x = torch.randn(5, 7)
    assert ByteDropout(0.5).eval()(x) is x
    assert ByteDropout(0.001)(x) is x
    network = nn.Sequential(nn.Linear(3, 3), ByteDropout(0.5))
    assert dropout_layers(network) == [network[1]]


def test_gradients_pass_where_elements_were_kept() -> None:
    x = torch.ones(50, 50, requires_grad=True)
    output = ByteDropout(0.4)(x)
    output.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, output.detach())


def test_small_networks_train_on_one_thread_and_the_setting_comes_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with training_threads(nn.Linear(10, 10), torch.device("cpu")):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        large = nn.Linear(SMALL_NETWORK // 10, 11, device="meta")
        with training_threads(large, torch.device("cpu")):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
