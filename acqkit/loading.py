"""`load_pool`: a pool by path or by the name of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from acqkit.components.registry import registry
from acqkit.errors import PoolError, did_you_mean, shown
from acqkit.interfaces import PoolSource
from acqkit.pool import PairPool
from acqkit.pool.open import open_pool
from acqkit.pool.stored import is_url


def load_pool(path_or_name: str | Path, **options: Any) -> PairPool:
    """Open the pool at a path (.npz, folder of .npy, .parquet) or the data set of that name.

    Also at an address in an object store, such as `s3://bucket/folder`.

    `options` are parameters of the source. Raises PoolError with what is wrong and where,
    or what names there are.
    """
    if is_url(path_or_name):
        return open_pool(path_or_name, **options)
    path = Path(path_or_name)
    names = registry().names("dataset")
    is_path = bool(path.suffix) or path.name != str(path_or_name)
    try:
        is_there = path.exists()
    except OSError as error:
        raise PoolError(
            f"cannot look for the pool {shown(str(path_or_name))}: {error.strerror}; give another "
            "path"
        ) from None
    if is_there or (is_path and str(path_or_name) not in names):
        return open_pool(path, **options)
    if str(path_or_name) in names:
        source = cast(PoolSource, registry().make("dataset", str(path_or_name), options))
        return cast(PairPool, source.load())
    hint = did_you_mean(path_or_name, names, f"data sets by name: {', '.join(names)}")
    raise PoolError(f"no file, folder or data set {shown(str(path_or_name))}; {hint}")
