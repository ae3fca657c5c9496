"""Picks beside those of peers, on one small pool."""

from __future__ import annotations

import pytest
from agreement import duel

from suite.agreement.contests import CONTESTS, Contest
from suite.agreement.table import Duel, markdown


@pytest.mark.net
@pytest.mark.filterwarnings("ignore")  # of the peers
@pytest.mark.parametrize("contest", CONTESTS, ids=lambda c: f"{c.strategy}-{c.method}")
def test_picks_are_the_peers_or_as_good(contest: Contest) -> None:
    if not contest.version:
        pytest.skip(f"{contest.peer} is not installed")
    found = duel(contest, 1)
    if not contest.apart:
        assert found.common == contest.picks
    if not contest.apart.endswith("drawn"):
        assert found.better >= 0


def test_the_table_counts_pools() -> None:
    contest = next(c for c in CONTESTS if c.strategy == "coreset")
    duels = [Duel(20, -1.0, -1.0), Duel(18, -1.0, -2.0), Duel(20, -1.0, -1.0 - 1e-9)]
    row = markdown({contest: duels}, "command", "abc").split("\n|")[-1]
    assert "| 19.3 of 20 (18 to 20) | 2 of 3 |" in row and "| 1 / 2 / 0 |" in row
