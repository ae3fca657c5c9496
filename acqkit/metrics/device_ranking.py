"""Rankings on a device: what `ranking` works out by threads of the CPU, by sorts of a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from acqkit.embeddings import Float64Array, IntArray

_BLOCK_ELEMENTS = 1 << 25
"""Similarities held at once, at about 60 bytes each: 2 GiB."""
_PLACE_AND_GAIN_BITS = 32

Ranked = tuple[IntArray, IntArray, Float64Array, Float64Array]
"""Of some queries `[q]`: relevant items, own rank, AP and DCG `[q, depths]`."""


def rank_on_device(
    scaled: Tensor,
    gallery: Tensor,
    labels: tuple[Tensor, Tensor],
    partners: IntArray,
    depths: tuple[int, ...],
    gain_bits: int,
    device: str,
) -> Iterator[Ranked]:
    """Scores of blocks of queries, by the same keys as `ranking` has, in the order of queries.

    scaled `[q, d]` float64: queries times −2^30; gallery `[n, d]` float64; labels `[q, c]` and
    `[n, c]`; partners `[q]`: the place of each query's own pair in the gallery, or -1.
    """
    n = len(gallery)
    others, of_others = gallery.to(device), labels[1].to(device)
    carried = torch.arange(n, device=device) << gain_bits
    discount = 1 / torch.log2(1 + torch.arange(1, n + 1, dtype=torch.float64, device=device))
    size = max(1, _BLOCK_ELEMENTS // n)
    for start in range(0, len(scaled), size):
        part = slice(start, start + size)
        keys = (scaled[part].to(device) @ others.T).round_().long() << _PLACE_AND_GAIN_BITS
        keys |= carried
        keys |= (labels[0][part].to(device) @ of_others.T).long()
        places = torch.from_numpy(partners[part]).to(device)
        own = keys.gather(1, places.clamp_min(0)[:, None])
        keys = keys.sort(dim=1).values
        before = torch.searchsorted(keys, own)[:, 0]
        own_rank = torch.where(places < 0, 0, 1 + before)
        gain = keys & ((1 << gain_bits) - 1)
        count, ap, dcg = _scores(gain, discount, depths)
        found = (count, own_rank, ap, dcg)
        yield tuple(values.cpu().numpy() for values in found)  # type: ignore[misc]


def _scores(
    gain: Tensor, discount: Tensor, depths: tuple[int, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """Relevant items `[r]`, AP and DCG `[r, depths]` of gains `[r, n]` in ranking order."""
    n = gain.shape[1]
    relevant = gain > 0
    count = relevant.cumsum(dim=1, dtype=torch.int32)
    precision = count / torch.arange(1, n + 1, dtype=torch.float64, device=gain.device)
    precision *= relevant
    ap, dcg = [], []
    for depth in depths:
        last = min(depth, n)
        ap.append(precision[:, :last].sum(dim=1) / count[:, last - 1].clamp_min(1))
        dcg.append(gain[:, :last].double() @ discount[:last])
    return count[:, -1].long(), torch.stack(ap, dim=1), torch.stack(dcg, dim=1)
