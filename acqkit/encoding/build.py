"""`build_pool`: from a table or folder of files to a pool, with an encoder per modality."""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.components.records import unlike_all
from acqkit.components.registry import registry
from acqkit.components.resolve import Resolved, resolve, spec_of
from acqkit.components.spec import ComponentSpec
from acqkit.devices import check_device
from acqkit.encoding.again import identity_of, paths_in
from acqkit.encoding.columns import Column, Table
from acqkit.encoding.config import BuildConfig, make_build_config, short_form
from acqkit.encoding.encode import ItemEncoder, Progress
from acqkit.encoding.items import Item
from acqkit.encoding.labels import read_labels, read_splits
from acqkit.encoding.pairs import RawPairs, raw_pairs
from acqkit.encoding.sources import open_source
from acqkit.encoding.vectors import VectorStore
from acqkit.encoding.write import Built, FailedItem, Side, read_before, write_pool_of
from acqkit.errors import ConfigError
from acqkit.files import BusyError, alone, make_folder, restore_folder
from acqkit.interfaces import SelectiveEncoder, VersionedEncoder
from acqkit.pool.built import EncoderAbout

Report = Callable[[Progress], None]


def build_pool(
    source: str | Path, *, out: str | Path, report: Report = lambda progress: None, **settings: Any
) -> Built:
    """Make a pool of vectors in the folder `out` from a table or folder of files.

    settings: the fields of `BuildConfig`; `encode_a` and `encode_b` may also be objects with
    `encode`, and `engine` one with `map`. Whatever was encoded is kept in `OUT.encoded` beside the
    pool: a build that was interrupted goes on, one with more rows encodes these alone. `report` is
    told of every item.

    Raises ConfigError, PoolError or PluginError with one sentence, before anything is encoded
    where that can be known.
    """
    data: dict[str, Any] = {"source": source, "out": out, **settings}
    for key in ("encode_a", "encode_b"):
        if key in data:
            data[key] = spec_of("encoder", short_form(data[key]))
    if "engine" in data:
        data["engine"] = spec_of("engine", data["engine"])
    return carry_out(make_build_config(data, "build_pool"), report)


def carry_out(config: BuildConfig, report: Report) -> Built:
    """What `build_pool` does, by a checked configuration."""
    table = open_source(config.source, config.files)
    names = _modalities(table, config)
    columns = [table.column(name, f"--{letter}") for letter, name in zip("ab", names, strict=True)]
    pairs = raw_pairs(table, columns[0], columns[1], config.id)
    splits = read_splits(table, pairs, config)
    check_device(config.device)
    encoders = [
        _encoder(config, spec, column, name)
        for spec, column, name in zip(
            (config.encode_a, config.encode_b), columns, names, strict=True
        )
    ]
    kept = config.out.with_name(f"{config.out.name}.encoded")
    make_folder(kept)
    with _alone(kept):
        restore_folder(config.out)
        before = read_before(config.out)
        labels = read_labels(table, pairs, config, before.class_names)
        stores: dict[str, VectorStore] = {}
        sides = [
            _side(config, encoder, pairs, column, kept, stores, report)
            for encoder, column in zip(encoders, columns, strict=True)
        ]
        return write_pool_of(config, pairs, sides, labels, splits, before)


@dataclass(frozen=True)
class _Encoder:
    """The encoder of a modality, resolved and compared with what the column holds."""

    modality: str
    resolved: Resolved
    version: Mapping[str, str]

    @property
    def identity(self) -> dict[str, Any]:
        return identity_of(self.resolved.record, self.version)

    @property
    def folder(self) -> str:
        text = json.dumps(self.identity, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _modalities(table: Table, config: BuildConfig) -> tuple[str, str]:
    found = [getattr(config, letter) or table.roles.get(letter) for letter in ("a", "b")]
    for letter, name in zip("ab", found, strict=True):
        if name is None:
            raise ConfigError(
                f"which column of {table.path} is modality {letter}? Say --{letter} COLUMN; there "
                f"are {', '.join(table.columns)}"
            )
    if found[0] == found[1]:
        raise ConfigError(f"both modalities are the column {found[0]!r}; give two columns")
    return str(found[0]), str(found[1])


def _encoder(config: BuildConfig, spec: ComponentSpec, column: Column, name: str) -> _Encoder:
    """The encoder, loaded; raises ConfigError where it does not take the column's items."""
    resolved = resolve("encoder", _on_device(config, spec))
    why = unlike_all(resolved.record)
    if why is not None:
        raise ConfigError(f"vectors of {name} could not be used again: {why}")
    encoder = resolved.component
    if isinstance(encoder, SelectiveEncoder) and column.kind not in encoder.accepts:
        takes = " and ".join(sorted(f"{kind}s" for kind in encoder.accepts))
        raise ConfigError(
            f"{name} holds {column.kind}s, but the encoder {resolved.title} takes {takes}; give "
            "another encoder, or another column"
        )
    version = encoder.version() if isinstance(encoder, VersionedEncoder) else {}
    return _Encoder(name, resolved, version)


def _on_device(config: BuildConfig, spec: ComponentSpec) -> ComponentSpec:
    """The encoder with the build's device and precision, where it has such parameters."""
    key = ("encoder", spec.name)
    if type(spec) is not ComponentSpec or key not in registry().components:
        return spec
    fields = registry().components[key].factory.model_fields
    wanted: dict[str, Any] = {"device": config.device, "half": config.half}
    wanted = {name: value for name, value in wanted.items() if name in fields}
    return ComponentSpec(name=spec.name, params=wanted | spec.params)


def _side(
    config: BuildConfig,
    encoder: _Encoder,
    pairs: RawPairs,
    column: Column,
    kept: Path,
    stores: dict[str, VectorStore],
    report: Report,
) -> Side:
    """Encode one modality of all pairs."""
    folder = f"{encoder.folder}-{config.dtype}"
    if folder not in stores:
        stores[folder] = VectorStore(kept / folder, encoder.identity, config.dtype)
    store = stores[folder]
    counts = np.array([len(pairs.items(column, pair)) for pair in range(len(pairs))])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    maker = ItemEncoder(
        modality=encoder.modality,
        kind=column.kind,
        encoder=encoder.resolved.component,
        store=store,
        batch_size=config.batch_size,
        workers=config.workers,
        engine=resolve("engine", config.engine).component,
        report=report,
    )
    done = maker.encode(_all_items(pairs, column), int(starts[-1]))
    of = np.searchsorted(starts, [failure.place for failure in done.failures], side="right") - 1
    failed = [
        FailedItem(pair, encoder.modality, failure.where, failure.problem)
        for pair, failure in zip(of.tolist(), done.failures, strict=True)
    ]
    known = registry().components.get(("encoder", str(encoder.resolved.record.get("name"))))
    about = EncoderAbout(
        record=dict(encoder.resolved.record),
        version=dict(encoder.version),
        kind=column.kind,
        width=store.width or 0,
        distribution=None if known is None else known.distribution,
        folder=str(Path.cwd()),
        paths=paths_in(encoder.resolved.record),
    )
    return Side(encoder.modality, column, store, starts, done.rows, done.encoded, failed, about)


@contextmanager
def _alone(kept: Path) -> Iterator[None]:
    """Hold the folder of vectors for this process; raises ConfigError where another has it."""
    try:
        with alone(kept / ".lock"):
            yield
    except BusyError:
        raise ConfigError(
            f"another process is building with {kept}; wait until it has ended, or give another "
            "--out"
        ) from None
    except sqlite3.OperationalError as error:
        raise ConfigError(f"cannot write {kept}: {error}; give another --out") from None


def _all_items(pairs: RawPairs, column: Column) -> Iterator[Item]:
    return itertools.chain.from_iterable(pairs.items(column, pair) for pair in range(len(pairs)))
