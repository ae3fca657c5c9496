"""Shared fixtures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from finished import Finished

from acqkit import Batch, Campaign, PairPool
from acqkit.cli import main
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool
from light_components import PARTS
from simulated_annotators import ById

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL_POOLS = ("av_digits", "fashion", "mdi_icons", "ucm_captions", "wikipedia")


@pytest.fixture(scope="session", autouse=True)
def _one_thread_per_worker() -> None:
    """Test workers share few cores; many threads in each would only get in each other's way."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _fresh_modules_are_the_same() -> None:
    """A module that a test makes draws its parameters from torch's global generator."""
    torch.manual_seed(977)  # a number that no broken component under test sets


@pytest.fixture(params=REAL_POOLS)
def real_pool_path(request: pytest.FixtureRequest) -> Path:
    """The pool file of each real data set, where they are there."""
    path = DATA / str(request.param) / "pool.npz"
    if not path.exists():
        pytest.skip(f"the real data sets are not beside this checkout: {request.param} is missing")
    return path


@pytest.fixture
def pool() -> PairPool:
    """Sixty pairs with ids that are texts, a quarter of them for evaluation."""
    made = make_pool(60, 3, test_share=0.25)
    return replace(made, explicit_ids=np.array([f"p{i}" for i in range(60)]))


@pytest.fixture
def campaign(tmp_path: Path, pool: PairPool) -> Iterator[Campaign]:
    """A campaign on it whose parts cost almost nothing."""
    with Campaign.create(tmp_path / "campaign", pool, **PARTS) as made:
        yield made


@pytest.fixture
def batch(campaign: Campaign) -> Batch:
    """Five pairs that were asked for."""
    return campaign.ask(5, strategy=ById())


@pytest.fixture
def acqkit(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Finished]:
    """Run the command in this process: starting one for each would take minutes."""

    def run(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["acqkit", *map(str, arguments)])
        capfd.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Finished(status, *capfd.readouterr())

    return run


@pytest.fixture
def folder(acqkit: Callable[..., Finished], tmp_path: Path) -> Path:
    """The folder of a campaign, made by the command, on a pool beside it."""
    save_pool(make_pool(60, 3, test_share=0.25), tmp_path / "pool")
    made = acqkit(
        "campaign", "init", tmp_path / "c", "--pool", tmp_path / "pool", "--strategy", "random"
    )
    assert made.returncode == 0, made.stderr
    return tmp_path / "c"
