from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acqkit import Batch, Campaign, PairPool
from acqkit.testing import make_pool
from laborers import ById
from light import PARTS


@pytest.fixture
def pool() -> PairPool:
    pool = make_pool(60, 3, test_share=0.25)
    ids = np.array([f"p{i}" for i in range(60)])
    return replace(pool, explicit_ids=ids)


@pytest.fixture
def campaign(tmp_path: Path, pool: PairPool) -> Iterator[Campaign]:
    with Campaign.create(tmp_path / "campaign", pool, **PARTS) as made:
        yield made


@pytest.fixture
def batch(campaign: Campaign) -> Batch:
    return campaign.ask(5, strategy=ById())
