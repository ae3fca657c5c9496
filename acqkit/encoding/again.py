"""The encoders of a pool once more: for a text or a picture that is looked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.components.records import title_of
from acqkit.components.registry import Registry
from acqkit.components.registry import registry as installed
from acqkit.components.resolve import resolve
from acqkit.embeddings import FloatArray
from acqkit.errors import AcqkitError, AcqkitWarning, ConfigError, PluginError
from acqkit.interfaces import Encoder, ItemKind, SelectiveEncoder, VersionedEncoder
from acqkit.pool.built import EncoderAbout
from acqkit.pool.source import one_line
from acqkit.tensors import as_numpy

_NO_VERSION = "missing"


def make_encoder(
    about: EncoderAbout, *, device: str = "cpu", registry: Registry | None = None
) -> Encoder:
    """The encoder again, on this device.

    Raises ConfigError where it was an object that no plugin registers, or a file or folder that
    it was made from is gone, and PluginError where no plugin offers it; each says what to do.
    Warns where it is no longer what the pool was encoded with.
    """
    if "name" not in about.record:
        raise ConfigError(
            f"the encoder was an object of {about.record.get('class')}, which no plugin registers, "
            "so it cannot be made again by name; encode with it yourself"
        )
    _check_installed(about, registry or installed())
    params = dict(about.record["params"])
    for name in about.paths:
        params[name] = _found(about, str(params[name]))
    if "device" in params:
        params["device"] = device
    spec = {"name": about.record["name"], "params": params}
    encoder: Encoder = resolve("encoder", spec, registry).component
    if isinstance(encoder, VersionedEncoder):
        _compare(about, encoder.version())
    return encoder


def _check_installed(about: EncoderAbout, registry: Registry) -> None:
    name = about.record["name"]
    if ("encoder", name) not in registry.components:
        needed = about.distribution or "the plugin that offers it"
        raise PluginError(f"the encoder {name} is not installed; pip install {needed}")


def _found(about: EncoderAbout, path: str) -> str:
    """A path as it is, else as it was where the pool was built."""
    there = Path(about.folder or "") / path
    for each in (Path(path), there):
        if each.exists():
            return str(each)
    raise ConfigError(
        f"{there}, from which the encoder {title_of(about.record)} was loaded, is gone; put it "
        f"there again, or at {path} here"
    )


def _compare(about: EncoderAbout, now: Mapping[str, str]) -> None:
    changed = [
        f"{name} {now.get(name, _NO_VERSION)} (then {about.version.get(name, _NO_VERSION)})"
        for name in sorted(now.keys() | about.version.keys())
        if now.get(name) != about.version.get(name)
    ]
    if changed:
        warnings.warn(
            f"the encoder {title_of(about.record)} is not as it was when the pool was encoded, so "
            f"its vectors may not fit: {', '.join(changed)}",
            AcqkitWarning,
            stacklevel=3,
        )


def modalities_for(
    encoders: Mapping[str, EncoderAbout], kind: ItemKind, registry: Registry | None = None
) -> list[str]:
    """The modalities that hold items of this kind; where none does, those whose encoder takes it.

    An encoder that cannot be made takes nothing.
    """
    own = [name for name, about in encoders.items() if about.kind == kind]
    return own or [name for name, about in encoders.items() if _takes(about, kind, registry)]


def _takes(about: EncoderAbout, kind: ItemKind, registry: Registry | None) -> bool:
    try:
        encoder = make_encoder(about, registry=registry)
        return isinstance(encoder, SelectiveEncoder) and kind in encoder.accepts
    except AcqkitError:
        return False


def encode_with(encoder: Encoder, about: EncoderAbout, items: Sequence[Any]) -> FloatArray:
    """Vectors `[k, d]` float32 of `k` items of one kind, as the pool's were.

    Raises ConfigError where the encoder fails, or gives something else than it did then.
    """
    title = title_of(about.record)
    try:
        vectors = np.asarray(as_numpy(encoder.encode(items)), dtype=np.float32)
    except (AcqkitError, MemoryError):
        raise
    except Exception as error:
        raise ConfigError(f"the encoder {title} cannot encode this: {one_line(error)}") from error
    wanted = (len(items), about.width)
    if vectors.shape != wanted:
        raise ConfigError(
            f"the encoder {title} gave vectors of shape {vectors.shape}, wanted {wanted} as when "
            "the pool was encoded; install what it was encoded with"
        )
    if not np.isfinite(vectors).all():
        raise ConfigError(f"the encoder {title} gave NaN or infinite numbers for this")
    return vectors


def identity_of(record: Mapping[str, Any], version: Mapping[str, str]) -> dict[str, Any]:
    """What vectors depend on, as JSON data: the encoder but for the device, and its version."""
    params = {key: value for key, value in (record.get("params") or {}).items() if key != "device"}
    return {"encoder": {**record, "params": params}, "version": dict(version)}


def paths_in(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the parameters that name a file or folder that is there."""
    params = record.get("params") or {}
    return tuple(
        name
        for name, value in params.items()
        if isinstance(value, str) and value and _exists(value)
    )


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or with a character that no name has
        return False
