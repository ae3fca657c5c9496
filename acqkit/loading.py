"""`load_pool`: a pool by path or by the name of a data set."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, cast

from acqkit.errors import PoolError
from acqkit.interfaces import PoolSource
from acqkit.plugins import registry
from acqkit.pool import PairPool
from acqkit.pool.open import open_pool


def load_pool(path_or_name: str | Path, **options: Any) -> PairPool:
    """Open the pool at a path (.npz, folder of .npy, .parquet) or the data set of that name.

    `options` are parameters of the source. Raises PoolError with what is wrong and where,
    or what names there are.
    """
    path = Path(path_or_name)
    names = registry().names("dataset")
    is_path = bool(path.suffix) or path.name != str(path_or_name)
    if path.exists() or (is_path and str(path_or_name) not in names):
        return open_pool(path, **options)
    if str(path_or_name) in names:
        source = cast(PoolSource, registry().make("dataset", str(path_or_name), options))
        return cast(PairPool, source.load())
    near = difflib.get_close_matches(str(path_or_name), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"data sets by name: {', '.join(names)}"
    raise PoolError(f"no file, folder or data set {str(path_or_name)!r}; {hint}")
