"""What a strategy says of the memory that it takes."""

from __future__ import annotations

import warnings
from typing import ClassVar

import pytest

from acqkit.components.compose import Composed
from acqkit.selection import select
from acqkit.strategies.coreset import CoreSet
from acqkit.strategies.entropy import Entropy
from acqkit.strategies.kmeans import KMeans
from acqkit.strategies.top import Top
from acqkit.testing import make_context, make_embeddings, make_pool


class HoldingTop(Top):
    """An allocator that says so, too."""

    holds_means: ClassVar[bool] = True


@pytest.mark.parametrize("free", [None, 10**9, 1000])
def test_who_holds_all_means_warns_where_they_are_much_of_the_free_memory(
    free: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    context = make_context(pool, make_embeddings(pool))
    monkeypatch.setattr("acqkit.selection.free_memory", lambda: free)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        select(CoreSet(), context, 2)
        select(KMeans(), context, 2)
        select(Composed(scorer=Entropy(), allocator=Top()), context, 2)
        select(Composed(scorer=Entropy(), allocator=HoldingTop()), context, 2)
    said = [str(one.message).partition(" holds embeddings")[0] for one in caught]
    assert said == (["CoreSet", "Entropy + HoldingTop"] if free == 1000 else [])
