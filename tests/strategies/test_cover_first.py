"""Strategies that need class probabilities cover the pool before there are any."""

from __future__ import annotations

import pytest
from scenarios import blobs, context_of

from acqkit.interfaces import Strategy
from acqkit.selection import select
from acqkit.strategies import (
    Bait,
    BatchBald,
    DropQuery,
    Galaxy,
    InformationDensity,
    MaxHerding,
    Qbc,
)

STRATEGIES = [Bait(), BatchBald(), DropQuery(), Galaxy(), InformationDensity(), Qbc()]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_without_class_probabilities_it_is_max_herding(strategy: Strategy) -> None:
    context = context_of(blobs(150, 5), waiting=[3, 4])
    wanted = select(MaxHerding(), context, 9)
    found = select(strategy, context, 9)
    assert found.positions.tolist() == wanted.positions.tolist()
    assert len(found.record["reasons"]) == 9 and "knows no classes" in found.record["reasons"][0]
