"""What a campaign does with a pool that is too large for how small ones are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acqkit import Campaign
from acqkit.campaign import roster
from acqkit.pool import PairPool
from acqkit.store import SqliteStore, arrays, queries
from acqkit.testing import make_pool


def test_the_list_of_pairs_is_written_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = _named("p", 23)
    Campaign.create(tmp_path / "whole", pool).close()
    monkeypatch.setattr(roster, "_PAIRS", 7)
    Campaign.create(tmp_path / "parts", pool).close()
    whole, parts = (
        list(SqliteStore.open(tmp_path / name).rosters()) for name in ("whole", "parts")
    )
    assert [each.start for each in parts] == [0, 7, 14, 21]
    assert np.array_equal(np.concatenate([each.facts for each in parts]), whole[0].facts)
    order = np.random.default_rng(0).permutation(23)
    with Campaign.open(tmp_path / "parts", pool.take(order)) as campaign:
        assert campaign.pool.ids.tolist() == pool.ids.tolist()
        assert campaign.add_pairs(_named("q", 9)) == tuple(f"q{i}" for i in range(9))
    starts = [each.start for each in SqliteStore.open(tmp_path / "parts").rosters()]
    assert starts == [0, 7, 14, 21, 23, 30]


def _named(letter: str, n: int) -> PairPool:
    pool = make_pool(n=n, test_share=0.2, seed=ord(letter))
    return replace(pool, explicit_ids=np.array([f"{letter}{i}" for i in range(n)]))


def test_embeddings_of_a_large_pool_are_kept_as_half_floats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(n=90, labeled=20)
    kept = []
    for name, half_from in (("float32", 10**9), ("float16", 90)):
        monkeypatch.setattr(arrays, "HALF_FROM", half_from)
        with Campaign.create(tmp_path / name, pool, strategy="entropy+top") as campaign:
            campaign.ask(5)
            embeddings = campaign.embeddings
            assert embeddings is not None and embeddings.a.mean.dtype == name
            block = embeddings.take(np.arange(3, 60))
            assert block.a.mean.dtype == block.b.probabilities.dtype == np.float32  # type: ignore[union-attr]
            kept.append(block)
    assert np.abs(kept[0].a.mean - kept[1].a.mean).max() < 1e-3


def test_the_state_reads_the_answers_that_came_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool(n=60)
    with Campaign.create(tmp_path / "campaign", pool, strategy="random") as campaign:
        other = Campaign.open(tmp_path / "campaign", pool)
        read: list[int] = []
        log = queries.answers_log

        def counted(*args: Any, **options: Any) -> Any:
            for answer in log(*args, **options):
                read.append(answer.number)
                yield answer

        for _ in range(3):
            batch = campaign.ask(4)
            campaign.tell(batch.batch_id, dict.fromkeys(batch.ids, 1))
        campaign.labels  # noqa: B018
        monkeypatch.setattr(queries, "answers_log", counted)
        batch = other.ask(2)
        other.tell(batch.batch_id, dict.fromkeys(batch.ids, 0), annotator="b")
        read.clear()
        assert len(campaign.labels.labeled) == 14 and read == [13, 14]
        other.tell(batch.batch_id, {batch.ids[0]: 1}, annotator="c", replace=True)
        assert campaign.labels.matrix[batch.positions[0]].tolist()[:2] == [0, 1]
        other.close()
