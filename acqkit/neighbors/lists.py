"""Nearest neighbors of many tensors: lists of rows around centroids, compared list by list.

All rows of a list look in the same lists, its own and those whose centroids are nearest, so that
each list is one product of matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from acqkit.neighbors import tensors
from acqkit.neighbors.clusters import kmeans_centroids

_QUERIES_TO_TUNE = 512
"""Rows on which recall is measured, with a standard error of at most 1% at a recall of 0.95."""
_ITERATIONS = 5
"""Of k-means: what more of them change is made up for by more lists."""
_PRODUCTS = 1 << 26
"""Products held at a time: 256 MiB."""


def knn_in_lists(x: Tensor, k: int, recall: float, seed: int) -> tuple[Tensor, Tensor]:
    """Squared distances and indices `[n, k]`, nearest first; k is less than n.

    Of so many lists as on a sample of rows find at least the share `recall` of true neighbors.
    """
    lists = _Lists.of(x, seed)
    rows = torch.linspace(0, len(x) - 1, min(_QUERIES_TO_TUNE, len(x)), device=x.device).long()
    true = tensors.nearest_others(x, rows, k)
    kth = tensors.paired_distances(x[rows], x, true).amax(dim=1, keepdim=True)
    count = len(lists.members)
    probed = 1
    while probed < count and lists.recall(rows, k, probed, kth) < recall:
        probed = min(max(probed + 1, probed * 3 // 2), count)
    found = torch.empty(len(x), k, dtype=torch.int64, device=x.device)
    for number, own in enumerate(lists.members):
        found[own] = lists.nearest(own, number, k, probed)
    return tensors.sorted_neighbors(x, found)


@dataclass(frozen=True, eq=False, slots=True)
class _Lists:
    """Rows of x `[n, d]` by list: `members`, and which lists are near each, `[√n, √n]`."""

    x: Tensor
    origin: Tensor
    member: Tensor
    members: tuple[Tensor, ...]
    near: Tensor

    @classmethod
    def of(cls, x: Tensor, seed: int) -> _Lists:
        wanted = int(len(x) ** 0.5)
        learned = kmeans_centroids(x, wanted, seed, iterations=_ITERATIONS)
        centers = torch.from_numpy(learned).to(x.device)
        member = tensors.nearest(x, centers)[1]
        sizes = torch.bincount(member, minlength=len(centers))
        members = torch.split(member.argsort(stable=True), sizes.tolist())
        # The list itself is first, also beside a list with the same centroid.
        apart = tensors.halves_of(centers, centers).fill_diagonal_(-torch.inf)
        return cls(x, tensors.mean(x), member, members, apart.argsort(dim=1, stable=True))

    def nearest(self, rows: Tensor, number: int, k: int, probed: int) -> Tensor:
        """Indices `[r, k]` of the nearest others of rows of one list."""
        known = torch.cat([self.members[one] for one in self._probed(number, k, probed)])
        others = self.x[known].float() - self.origin
        parts = []
        for own in torch.split(rows, max(1, _PRODUCTS // len(known))):
            halves = tensors.halves_of(self.x[own].float() - self.origin, others)
            halves.masked_fill_(own[:, None] == known, torch.inf)
            parts.append(known[halves.topk(k, largest=False).indices])
        return torch.cat(parts) if parts else known.new_empty(0, k)

    def _probed(self, number: int, k: int, probed: int) -> Iterator[int]:
        """Lists near one, at least `probed` and as many as hold k others."""
        held = 0
        for place, one in enumerate(self.near[number].tolist()):
            if place >= probed and held > k:
                return
            held += len(self.members[one])
            yield one

    def recall(self, rows: Tensor, k: int, probed: int, kth: Tensor) -> float:
        """Share of what is found within the true k-th squared distances `[r, 1]`; ties count."""
        found = torch.empty(len(rows), k, dtype=torch.int64, device=rows.device)
        of_rows = self.member[rows]
        for number in sorted(set(of_rows.tolist())):
            own = (of_rows == number).nonzero()[:, 0]
            found[own] = self.nearest(rows[own], number, k, probed)
        squared = tensors.paired_distances(self.x[rows], self.x, found)
        return float((squared <= kth * 1.0001 + 1e-12).float().mean())
