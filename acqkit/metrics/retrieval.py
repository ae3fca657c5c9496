"""Cross-modal retrieval scores: MAP, MAP@k, R@k and nDCG in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from acqkit.embeddings import BoolArray, IntArray
from acqkit.errors import EmbeddingError, PoolError
from acqkit.interfaces.metrics import HEADLINE_DEPTH, DirectionScores, RetrievalScores
from acqkit.metrics.ranking import Side, rank_queries

RECALL_DEPTHS = (1, 5, 10)

_TINY = np.finfo(np.float64).tiny


def evaluate_retrieval(
    a: ArrayLike,
    b: ArrayLike,
    labels: ArrayLike,
    *,
    ks: Sequence[int] = (HEADLINE_DEPTH,),
    block: int | None = None,
    present_a: BoolArray | None = None,
    present_b: BoolArray | None = None,
    device: str = "cpu",
) -> RetrievalScores:
    """Retrieval scores of `n` pairs, each modality's queries against all of the other's.

    a, b `[n, d]` embeddings of the pairs in one space; labels `[n, c]` 0/1; `present_a`,
    `present_b` `[n]` masks of the pairs that have the modality, others are neither query
    nor gallery there. `block` queries are ranked at once (default: by memory, so that
    20,000 x 20,000 takes about 250 MiB); it does not change scores. `device` is where torch ranks
    (`cuda`), with up to 2 GiB there; `cpu` stands for threads of this process.

    Similarity is the cosine (0 to an embedding that is zero) in float64, rounded to 2^-30;
    pairs equally similar are ranked in the order of the gallery. The gallery includes the
    query's own pair. Relevant is what shares a label with the query.

    - AP = mean over relevant items of (relevant items up to it / its rank).
    - AP@k = the same over the relevant items within the first k, divided by *their* number
      (0 if there is none), as the cross-modal retrieval literature does.
    - R@k = share of queries whose own pair is within the first k.
    - nDCG: gain is the number of shared labels, discount log2(1 + rank) (Järvelin and
      Kekäläinen 2002 with the usual discount from rank 1).

    Queries without anything relevant in the gallery are left out of the means of AP and
    nDCG. MAP@50 is always computed, whatever `ks` are.

    Raises EmbeddingError for shapes that do not fit or values that are not finite, PoolError
    for labels that are not 0/1 or when no query of a direction has anything relevant.
    """
    arrays = (_embeddings("a", a), _embeddings("b", b))
    n = len(arrays[0])
    if arrays[0].shape != arrays[1].shape:
        raise EmbeddingError(
            f"a and b must be [n, d] of the same pairs in one space, got {arrays[0].shape} and "
            f"{arrays[1].shape}"
        )
    matrix = _label_matrix(labels, n)
    depths = tuple(sorted({HEADLINE_DEPTH, *ks}))
    if depths[0] < 1 or (block is not None and block < 1):
        raise EmbeddingError(f"ks and block must be at least 1, got {ks} and {block}")
    positions = (_present("present_a", present_a, n), _present("present_b", present_b, n))
    side_a, side_b = (
        Side(unit_rows(array[rows]), torch.from_numpy(matrix[rows]), rows)
        for array, rows in zip(arrays, positions, strict=True)
    )
    return RetrievalScores(
        ab=_evaluate_direction(side_a, side_b, depths, block, device),
        ba=_evaluate_direction(side_b, side_a, depths, block, device),
    )


def _evaluate_direction(
    queries: Side, gallery: Side, ks: tuple[int, ...], block: int | None, device: str
) -> DirectionScores:
    scores = rank_queries(queries, gallery, ks, block, device)
    answerable = scores.relevant > 0
    if not answerable.any():
        raise PoolError(
            "no pair to evaluate shares a label with any pair of the other modality; "
            "give the test pairs labels"
        )
    ap, ndcg = (table[answerable].mean(axis=0).tolist() for table in (scores.ap, scores.ndcg))
    own = scores.own_rank[scores.own_rank > 0]
    return DirectionScores(
        queries=int(np.count_nonzero(answerable)),
        map=ap[0],
        ndcg=ndcg[0],
        map_at=dict(zip(ks, ap[1:], strict=True)),
        ndcg_at=dict(zip(ks, ndcg[1:], strict=True)),
        recall_at={k: float(np.count_nonzero(own <= k) / max(len(own), 1)) for k in RECALL_DEPTHS},
        by_query=scores,
    )


def unit_rows(rows: NDArray[Any]) -> torch.Tensor:
    """Rows scaled to length 1 in float64, `[n, d]`; rows of zeros stay so."""
    values = torch.from_numpy(rows.astype(np.float64))
    # By the largest value first, so that no square overflows or vanishes.
    values = values / values.abs().amax(dim=1, keepdim=True).clamp_min(_TINY)
    unit: torch.Tensor = values / values.norm(dim=1, keepdim=True).clamp_min(_TINY)
    return unit


def _embeddings(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 2 or 0 in array.shape:
        raise EmbeddingError(f"{name} has shape {array.shape}, wanted [n, d] of at least one pair")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise EmbeddingError(
            f"{name} has NaN or infinite values, first in row {int(np.argmin(finite))}"
        )
    return array


def _label_matrix(labels: ArrayLike, n: int) -> NDArray[np.float32]:
    array = np.asarray(labels)
    if array.ndim != 2 or len(array) != n:
        raise PoolError(f"labels have shape {array.shape}, wanted [{n}, classes]")
    valid = ((array == 0) | (array == 1)).all(axis=1)
    if not valid.all():
        raise PoolError(f"labels are not 0/1, first in row {int(np.argmin(valid))}")
    return array.astype(np.float32)


def _present(name: str, mask: BoolArray | None, n: int) -> IntArray:
    if mask is None:
        return np.arange(n)
    if np.shape(mask) != (n,):
        raise EmbeddingError(f"{name} has shape {np.shape(mask)}, wanted ({n},)")
    positions = np.flatnonzero(mask)
    if not len(positions):
        raise EmbeddingError(f"{name} has no pair, so there is nothing to retrieve")
    return positions
