"""Where a suite's pools are, or why they are not here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acqkit.components.registry import registry
from acqkit.datasets.public.components import PublicSet
from acqkit.errors import PoolError
from suite.config import PoolEntry

_BELOW_DATA = "data:"


@dataclass(frozen=True)
class Place:
    """What `load_pool` takes; `missing` says why it would fail, and is empty where it would not."""

    source: str
    options: dict[str, Any] = field(default_factory=dict)
    missing: str = ""


def locate(pool: PoolEntry, data: Path | None) -> Place:
    """Where to load a pool from, without loading it.

    `data:NAME` is the folder NAME in `data`: a pool, or the published files of the data set of
    that name, which are also found where that data set looks by default. Any other name is a
    data set or a path.
    """
    name = pool.name.removeprefix(_BELOW_DATA)
    folder = data / name if data is not None and pool.name.startswith(_BELOW_DATA) else None
    if name in registry().names("dataset"):
        found = _published(name, pool.options, folder)
        if not found.missing or folder is None or not _holds_pool(folder):
            return found
    if not pool.name.startswith(_BELOW_DATA):
        known = Path(name).exists()
        reason = "" if known else "there is no data set of that name and no such file"
        return Place(name, pool.options, reason)
    if folder is None:
        return Place(pool.name, missing="no folder of data sets is given; give one with --data")
    reason = "" if folder.exists() else "it is not in the folder given with --data"
    return Place(str(folder), pool.options, reason)


def _published(name: str, options: dict[str, Any], folder: Path | None) -> Place:
    """The data set of that name from its files, if it is one that is read from files."""
    if folder is not None and folder.is_dir():
        options = options | {"folder": str(folder)}
    source = registry().make("dataset", name, options)
    try:
        if isinstance(source, PublicSet):
            source.check()
    except PoolError as error:
        return Place(name, options, str(error))
    return Place(name, options)


def _holds_pool(folder: Path) -> bool:
    """Whether the folder is a pool rather than the files that one is made of."""
    pools = ("pool.npz", "pool.parquet", "modality_a.npy", "modality_b.npy")
    return any((folder / file).exists() for file in pools)
