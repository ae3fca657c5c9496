"""The conformance kit of stores: what every `acqkit.store.Store` must pass, in one line.

test_my_store = acqkit.testing.store_conformance_test(MyStore.create, MyStore.open)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from acqkit.store import Classes, Store
from acqkit.testing.checks_store import STORE
from acqkit.testing.checks_store_arrays import STORE_ARRAYS
from acqkit.testing.checks_store_growth import STORE_GROWTH
from acqkit.testing.store_home import StoreHome

STORE_CHECKS = (*STORE, *STORE_GROWTH, *STORE_ARRAYS)


def store_conformance_test(
    create: Callable[[Path, Mapping[str, Any], Mapping[int, Classes]], Store],
    open: Callable[[Path], Store],
) -> Callable[..., None]:
    """A test function with one case per check, to be bound to a name that starts with `test_`.

    create: makes a store for a folder that does not exist, from settings and labels that are
    known already. open: another handle on it, by the same folder.
    """

    @pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
    def test_store(check: Callable[[StoreHome], None], tmp_path: Path) -> None:
        home = StoreHome(tmp_path / "campaign", create, open)
        try:
            check(home)
        finally:
            for store in home.handles:
                store.close()

    return test_store
