"""The soft contrastive loss, beside loops over single entries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from acqkit_embedding_transfer import SoftContrastiveLoss
from acqkit_embedding_transfer.loss import contrast
from torch import Tensor, nn
from torch.autograd import gradcheck

Present = tuple[Tensor | None, Tensor | None]
Block = tuple[Tensor, Tensor, Tensor, bool]
"""Rows, columns, relaxed labels, and whether an entry of the diagonal counts."""


def scene(seed: int = 0, k: int = 7, dim: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Both modalities and relaxed labels of `k` pairs, float64, hard ones among them."""
    rng = np.random.default_rng(seed)
    a, b = (torch.from_numpy(rng.standard_normal((k, dim))) for _ in "ab")
    relaxed = rng.random((k, k))
    relaxed = np.round((relaxed + relaxed.T) / 2, 1)
    relaxed[0, 1:3] = relaxed[1:3, 0] = 0, 1
    np.fill_diagonal(relaxed, 1)
    return a, b, torch.from_numpy(relaxed)


def absent(k: int = 7) -> Present:
    pairs = torch.arange(k)
    return pairs % 3 != 0, pairs % 3 != 1


def blocks(a: Tensor, b: Tensor, relaxed: Tensor, present: Present) -> list[Block]:
    rows_a, rows_b = (torch.ones(len(a)).bool() if mask is None else mask for mask in present)
    return [
        (a[rows_a], b[rows_b], relaxed[rows_a][:, rows_b], True),
        (a[rows_a], a[rows_a], relaxed[rows_a][:, rows_a], False),
        (b[rows_b], b[rows_b], relaxed[rows_b][:, rows_b], False),
    ]


def entries(block: Block) -> list[tuple[float, float]]:
    """(Relative distance, relaxed label) of every entry that counts."""
    rows, columns, relaxed, itself = block
    found = []
    for i, x in enumerate(rows.detach().numpy()):
        for j, y in enumerate(columns.detach().numpy()):
            if itself or i != j:
                found.append((float(np.linalg.norm(x - y)), float(relaxed[i, j])))
    mean = float(np.mean([distance for distance, _ in found]))
    return [(distance / mean, label) for distance, label in found]


def soft(relative: float, label: float, margin: float) -> float:
    pushed = max(0.0, margin * (1 - label) - relative)
    return label * relative**2 + (1 - label) * pushed**2


def textbook(relative: float, label: float, margin: float) -> float:
    """The contrastive loss of hard labels."""
    return relative**2 if label == 1 else max(0.0, margin - relative) ** 2


def summed_up(found: list[Block], margin: float, each: object = soft) -> float:
    assert callable(each)
    across, *within = (
        [each(relative, label, margin) for relative, label in entries(block)] for block in found
    )
    return float((np.mean(across) + np.mean(np.concatenate(within))) / 2)


@pytest.mark.parametrize("margin", [0.7, 1.5])
@pytest.mark.parametrize("present", [(None, None), absent(), (absent()[0], None)])
def test_it_is_the_sum_over_single_entries(present: Present, margin: float) -> None:
    a, b, relaxed = scene()
    found = SoftContrastiveLoss(margin)(a, b, relaxed, present)
    expected = summed_up(blocks(a, b, relaxed, present), margin)
    assert found.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("margin", [0.7, 1.5])
@pytest.mark.parametrize("present", [(None, None), absent()])
def test_share_of_entries_within_their_margin(present: Present, margin: float) -> None:
    a, b, relaxed = scene(1)
    loss = SoftContrastiveLoss(margin)
    loss(a, b, relaxed, present)
    found = [each for block in blocks(a, b, relaxed, present) for each in entries(block)]
    active = [relative < margin * (1 - label) for relative, label in found]
    assert 0 < sum(active) < len(active)
    assert loss.active_share == pytest.approx(np.mean(active))


@pytest.mark.parametrize("present", [(None, None), absent()])
def test_gradients_are_those_of_finite_differences(present: Present) -> None:
    a, b, relaxed = scene(2)
    shorts = [
        1.5 * (1 - label) - relative
        for block in blocks(a, b, relaxed, present)
        for relative, label in entries(block)
    ]
    assert np.abs(shorts).min() > 1e-4  # no entry so near the kink that a difference crosses it
    loss = SoftContrastiveLoss(1.5)
    inputs = a.requires_grad_(), b.requires_grad_()
    assert gradcheck(lambda x, y: loss(x, y, relaxed, present), inputs)


def test_gradients_of_single_entries_are_those_of_finite_differences() -> None:
    relative = torch.linspace(0.05, 2.5, 30, dtype=torch.float64)
    relaxed = torch.linspace(0, 1, 11, dtype=torch.float64)
    grid = torch.cartesian_prod(relative, relaxed)
    off_kink = (1.5 * (1 - grid[:, 1]) - grid[:, 0]).abs() > 1e-3
    distances, labels = grid[off_kink].T
    assert off_kink.sum() > 300
    above, below = (entry(distances + h, labels, 1.5) for h in (1e-6, -1e-6))
    torch.testing.assert_close(
        gradient(distances, labels, 1.5), (above - below) / 2e-6, rtol=1e-6, atol=1e-8
    )


def entry(relative: Tensor, relaxed: Tensor, margin: float) -> Tensor:
    drawn, pushed, short = contrast(relative, relaxed, margin)
    return drawn * relative + pushed * short


def gradient(relative: Tensor, relaxed: Tensor, margin: float) -> Tensor:
    drawn, pushed, _ = contrast(relative, relaxed, margin)
    return 2 * drawn - 2 * pushed


def test_an_entry_is_the_formula() -> None:
    relative = torch.linspace(0, 2.5, 26, dtype=torch.float64)
    relaxed = torch.linspace(0, 1, 11, dtype=torch.float64)
    grid = torch.cartesian_prod(relative, relaxed)
    found = entry(grid[:, 0], grid[:, 1], 1.5)
    assert found.tolist() == pytest.approx([soft(d, w, 1.5) for d, w in grid.tolist()])


def test_an_unrelated_entry_beyond_its_margin_has_exactly_no_gradient() -> None:
    relative = torch.tensor([0.0, 0.7, 1.4999, 1.5, 1.5001, 2.0, 9.0])
    found = gradient(relative, torch.zeros(7), 1.5)
    assert (found[relative < 1.5] < 0).all()
    assert torch.equal(found[relative >= 1.5], torch.zeros(4))


def test_beyond_its_relaxed_margin_a_related_entry_is_only_drawn_in() -> None:
    relaxed = torch.linspace(0, 1, 21, dtype=torch.float64)
    beyond = 1.5 * (1 - relaxed) + 0.01
    assert torch.equal(gradient(beyond, relaxed, 1.5), 2 * relaxed * beyond)
    within = 1.5 * (1 - relaxed[:-1]) - 0.01
    assert (gradient(within, relaxed[:-1], 1.5) < 2 * relaxed[:-1] * within).all()


def simplex(k: int = 4) -> tuple[Tensor, Tensor]:
    """All 2k points equally far from each other: every relative distance is 1."""
    points = torch.eye(2 * k, dtype=torch.float64)
    return points[:k].clone().requires_grad_(), points[k:].clone().requires_grad_()


def test_where_every_unrelated_entry_is_beyond_its_margin_nothing_moves() -> None:
    """Relative distances are 1 on average: only a margin below 1 can be kept by all at once."""
    a, b = simplex()
    unrelated = torch.zeros(4, 4, dtype=torch.float64)
    loss = SoftContrastiveLoss(margin=0.9)
    found = loss(a, b, unrelated)
    found.backward()
    assert found.item() == 0 and loss.active_share == 0
    for side in (a, b):
        assert side.grad is not None and not side.grad.any()
    assert SoftContrastiveLoss(margin=1.1)(a, b, unrelated).item() > 0


def test_the_mean_distance_moves_with_the_entries_beyond_their_margin() -> None:
    """One entry within its margin moves all points, the others through the mean alone."""
    a, b = simplex()
    with torch.no_grad():
        b[0] = 0.9 * a[0] + 0.1 * b[0]
    unrelated = torch.zeros(4, 4, dtype=torch.float64)
    loss = SoftContrastiveLoss(margin=0.5)
    found = torch.autograd.grad(loss(a, b, unrelated), [a, b])
    assert loss.active_share * (16 + 12 + 12) == pytest.approx(1)
    distances = (a[:, None] - b[None, :]).norm(dim=2)
    mean = distances.mean()
    relative = (distances[0, 0] / mean).item()
    # Half of the mean over the 16 entries across, by the chain rule: d(d/m) = -(d/m)/m dm.
    by_mean = 2 * (0.5 - relative) * relative / mean.item() / 16 / 2
    for side, of_mean in zip(found, torch.autograd.grad(mean, [a, b]), strict=True):
        assert of_mean[1:].abs().max() > 0.01
        torch.testing.assert_close(side[1:], by_mean * of_mean[1:], rtol=1e-5, atol=1e-10)


def test_hard_labels_give_the_textbook_contrastive_loss() -> None:
    a, b, relaxed = scene(3)
    hard = relaxed.round()
    assert 0 < hard.mean() < 1
    found = SoftContrastiveLoss(1.2)(a, b, hard).item()
    expected = summed_up(blocks(a, b, hard, (None, None)), 1.2, textbook)
    assert found == pytest.approx(expected, rel=1e-6)


def test_neither_the_order_of_modalities_nor_of_pairs_matters() -> None:
    a, b, relaxed = scene(4)
    loss, (has_a, has_b) = SoftContrastiveLoss(), absent()
    assert has_a is not None and has_b is not None
    found = loss(a, b, relaxed, (has_a, has_b)).item()
    assert loss(b, a, relaxed, (has_b, has_a)).item() == pytest.approx(found, rel=1e-13)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(0))
    permuted = a[order], b[order], relaxed[order][:, order], (has_a[order], has_b[order])
    assert loss(*permuted).item() == pytest.approx(found, rel=1e-13)


@pytest.mark.parametrize("scale", [0.1, 30.0])
def test_no_scale_is_favored(scale: float) -> None:
    a, b, relaxed = scene(5)
    loss = SoftContrastiveLoss()
    found = loss(a, b, relaxed).item()
    assert loss(scale * a, scale * b, relaxed).item() == pytest.approx(found, rel=1e-5)


def test_what_fills_absent_rows_is_not_looked_at() -> None:
    a, b, relaxed = scene(6)
    present = absent()
    found = SoftContrastiveLoss()(a, b, relaxed, present).item()
    for values, mask in zip((a, b), present, strict=True):
        assert mask is not None
        values[~mask] = float("nan")
    assert SoftContrastiveLoss()(a, b, relaxed, present).item() == found


@pytest.mark.parametrize("k", [0, 1, 2])
def test_few_and_equal_pairs_give_finite_gradients(k: int) -> None:
    a, b = (torch.ones(k, 3, requires_grad=True) for _ in "ab")
    loss = SoftContrastiveLoss()(a, b, torch.eye(k))
    loss.backward()
    for side in (a, b):
        assert side.grad is not None and torch.isfinite(side.grad).all()
    nobody = torch.zeros(k).bool()
    assert torch.isfinite(SoftContrastiveLoss()(a, b, torch.eye(k), (nobody, None)))


def test_it_is_a_module_without_parameters() -> None:
    loss = SoftContrastiveLoss(1.3)
    assert isinstance(loss, nn.Module) and not list(loss.parameters()) and not loss.state_dict()
