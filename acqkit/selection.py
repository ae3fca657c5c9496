"""From a strategy to checked picks: scoring in blocks, and the contract."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from acqkit.embeddings import BoolArray, FloatArray, IntArray, PairEmbeddings
from acqkit.engine import row_blocks
from acqkit.errors import AcqkitWarning, BudgetError, SelectionError
from acqkit.interfaces import (
    Allocator,
    RoundContext,
    Scorer,
    Scores,
    Selection,
    Strategy,
)
from acqkit.scratch import free_memory

_PROBABILITIES, _ALONE = 1 << 21, 1 << 18
"""Class probabilities of a block at most: 8 MiB a modality, and 1 MiB where a scorer looks at
nothing else; smaller blocks are no faster."""
_FEWEST_ROWS = 256
"""Rows of a block at the least, however many classes: with fewer, calls take as long as sums."""
_SHARE = 0.25
"""Of the memory that is free, which a strategy may take without a warning."""


def score_candidates(
    scorer: Scorer, context: RoundContext, wanted: IntArray | None = None
) -> Scores:
    """Score the candidates block by block, where `context.engine` runs work.

    Values and terms are `[len(pool)]`, -inf where nothing was scored.

    With `wanted` `[k]`, positions of candidates, only those are scored, in the pool's order.

    Raises SelectionError when the scorer returns the wrong length or a value that is not
    finite, naming the first such pair, and when `wanted` names a pair that is no candidate.
    """
    rows = context.candidates if wanted is None else _among_candidates(wanted, context)
    embeddings = context.embeddings
    if not getattr(scorer, "needs_means", True):
        embeddings = embeddings.only_probabilities()
    if hasattr(scorer, "prepare"):  # a PreparedScorer: asking that by isinstance takes 20 µs
        scorer = scorer.prepare(context)
    n = len(context.pool)
    values = np.full(n, -np.inf, dtype=np.float32)
    terms: dict[str, FloatArray] = {}
    sentences: dict[str, str] = {}
    score = partial(_score_block, scorer, embeddings, context)
    size = min(context.block_size, _most_rows(embeddings))
    for positions, scores in context.engine.map(score, row_blocks(rows, size)):
        values[positions] = scores.values
        for name, term in scores.terms.items():
            column = terms.setdefault(name, np.full(n, -np.inf, dtype=np.float32))
            column[positions] = term
        sentences |= scores.sentences
    return Scores(values, terms, sentences)


def _most_rows(embeddings: PairEmbeddings) -> int:
    """Rows of a block at most, so that what is held at a time does not grow with the classes."""
    sides = [side.probabilities for side in embeddings.sides if side.probabilities is not None]
    classes = max((p.shape[1] for p in sides), default=1)
    return max(_FEWEST_ROWS, (_PROBABILITIES if embeddings.dim else _ALONE) // max(classes, 1))


def _score_block(
    scorer: Scorer, embeddings: PairEmbeddings, context: RoundContext, rows: IntArray
) -> tuple[IntArray, Scores]:
    """The positions and the checked scores of some rows `[k]` of the embeddings."""
    block = embeddings.take(rows)
    result = scorer.score(block, context)
    scores = result if isinstance(result, Scores) else Scores(result)
    return block.positions, Scores(
        _checked(scorer, "scores", scores.values, block.positions),
        {
            name: _checked(scorer, f"term {name!r}", term, block.positions)
            for name, term in _items("terms", scores.terms)
        },
        dict(_items("sentences", scores.sentences)),
    )


def _among_candidates(wanted: IntArray, context: RoundContext) -> IntArray:
    """`wanted` in ascending order, so that memory-mapped rows are read from front to back.

    Duplicates count once.
    """
    wanted, allowed = np.asarray(wanted), _candidate_mask(context)
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu" or len(wanted) == 0:
        raise SelectionError(
            f"asked for the scores of pairs as {wanted.dtype} of shape {wanted.shape}, wanted "
            "positions of some candidates as integers [k], or None for all of them"
        )
    inside = (wanted >= 0) & (wanted < len(allowed))
    inside[inside] = allowed[wanted[inside]]
    if not inside.all():
        raise SelectionError(
            f"asked for the score of position {int(wanted[np.argmin(inside)])}, which is no "
            "candidate; an allocator's `reads` may name positions out of context.candidates only"
        )
    among = np.zeros(len(allowed), dtype=bool)
    among[wanted] = True
    return np.flatnonzero(among)


def _candidate_mask(context: RoundContext) -> BoolArray:
    mask: BoolArray = np.zeros(len(context.pool), dtype=bool)
    mask[context.candidates] = True
    return mask


def _checked(scorer: Scorer, what: str, returned: object, positions: IntArray) -> FloatArray:
    name = type(scorer).__name__
    values = _array(what, returned)
    if values.dtype.kind not in "biuf":
        raise SelectionError(f"scorer {name} returned {what} as {values.dtype}, wanted numbers")
    if values.shape != positions.shape:
        raise SelectionError(
            f"scorer {name} returned {what} of shape {values.shape} for a block of "
            f"{len(positions)} pairs, wanted ({len(positions)},)"
        )
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise SelectionError(
            f"scorer {name} returned {what} {values[row]} for the pair at position "
            f"{int(positions[row])}; scores must be finite"
        )
    return cast(FloatArray, values.astype(np.float32, copy=False))


def as_selection(result: IntArray | Selection) -> Selection:
    """What a strategy or allocator returned, lists as arrays; bare positions say nothing else.

    Raises SelectionError for what is no array and cannot become one.
    """
    if not isinstance(result, Selection):
        return Selection(_array("positions", result))
    return Selection(
        _array("positions", result.positions),
        None if result.scores is None else _array("scores", result.scores),
        {name: _array(f"term {name!r}", term) for name, term in _items("terms", result.terms)},
        dict(_items("a record", result.record)),
    )


def _array(what: str, values: object) -> Any:
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise SelectionError(f"{what} were returned that make no array: {error}") from None


def _items(what: str, values: object) -> Iterable[tuple[str, Any]]:
    if not isinstance(values, Mapping):
        raise SelectionError(f"{what} were returned as {type(values).__name__}, wanted a mapping")
    return values.items()


def needs_embeddings(part: Strategy | Scorer | Allocator) -> bool:
    """Whether a part of a selection looks at embeddings or the model; it does unless it says no."""
    return bool(getattr(part, "needs_embeddings", True))


def check_budget(n: int, available: int) -> None:
    """Raise BudgetError unless `n` pairs can be asked for when `available` are free."""
    if n < 1:
        raise BudgetError(f"asked for {n} pairs; ask for at least 1")
    if n > available:
        raise BudgetError(
            f"asked for {n} pairs but only {available} are unlabeled and free; "
            f"ask for at most {available}"
        )


def select(strategy: Strategy, context: RoundContext, n: int) -> Selection:
    """Run a strategy and hold it to its contract: exactly `n` distinct candidates.

    Raises BudgetError when more is asked for than there is, SelectionError when the
    strategy breaks the contract. Warns of a strategy whose `holds_means` take too much memory.
    """
    check_budget(n, len(context.candidates))
    _warn_of_memory(strategy, context)
    with context.clock.phase("allocate"):
        selection = as_selection(strategy.select(context, n))
    _check_positions(_title(strategy), selection.positions, context, n)
    _check_columns(_title(strategy), selection, n)
    return Selection(
        selection.positions.astype(np.int64, copy=False),
        selection.scores,
        selection.terms,
        selection.record,
    )


def _warn_of_memory(strategy: Strategy, context: RoundContext) -> None:
    if not getattr(strategy, "holds_means", False) or context.device != "cpu":
        return
    held, free = 4 * len(context.candidates) * context.embeddings.dim, free_memory()
    if free is not None and held > free * _SHARE:
        warnings.warn(
            f"{_title(strategy)} holds embeddings of all {len(context.candidates):,} candidates, "
            f"{held / 2**30:.1f} GiB of {free / 2**30:.1f} GiB of memory that are free; those that "
            "read a pool in blocks or look at a sample (kmeans, typiclust, max-herding, an "
            "allocator that samples) need far less",
            AcqkitWarning,
            stacklevel=3,
        )


def _title(strategy: Strategy) -> str:
    return str(getattr(strategy, "title", type(strategy).__name__))


def _check_positions(title: str, positions: IntArray, context: RoundContext, n: int) -> None:
    if positions.ndim != 1 or positions.dtype.kind not in "iu" or len(positions) != n:
        raise SelectionError(
            f"{title} returned {positions.dtype} positions of shape {positions.shape}, "
            f"wanted integers of shape ({n},)"
        )
    ordered = np.sort(positions)
    if ordered[0] < 0 or ordered[-1] >= len(context.pool):
        raise SelectionError(
            f"{title} returned positions from {ordered[0]} to {ordered[-1]}, outside "
            f"the pool's 0..{len(context.pool) - 1}"
        )
    again = ordered[1:] == ordered[:-1]
    if again.any():
        raise SelectionError(
            f"{title} returned position {int(ordered[np.argmax(again)])} more than once; "
            "picks must be distinct"
        )
    allowed = _candidate_mask(context)[positions]
    if not allowed.all():
        bad = int(positions[np.argmin(allowed)])
        raise SelectionError(
            f"{title} picked position {bad}, which is no candidate (already labeled, skipped "
            "or asked for): were positions in the unlabeled subset returned instead of "
            "positions in the pool?"
        )


def _check_columns(title: str, selection: Selection, n: int) -> None:
    columns: Mapping[str, FloatArray | None] = {"scores": selection.scores} | dict(selection.terms)
    for name, values in columns.items():
        if values is None:
            continue
        numbers = values.dtype.kind in "biuf" and values.shape == (n,)
        if not numbers or not np.isfinite(values).all():
            raise SelectionError(
                f"{title} returned {name} that are not {n} finite numbers (shape {values.shape})"
            )
    reasons = selection.record.get("reasons", ())
    if "reasons" in selection.record and (
        not isinstance(reasons, list | tuple)
        or len(reasons) != n
        or not all(isinstance(reason, str) for reason in reasons)
    ):
        raise SelectionError(
            f"{title} returned {type(reasons).__name__} as record['reasons'], wanted {n} strings, "
            "one sentence a pick"
        )
