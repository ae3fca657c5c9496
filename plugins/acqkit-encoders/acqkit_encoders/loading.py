"""Loading what an encoder needs, or saying in one sentence what is missing and how to get it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import torch

from acqkit.errors import ConfigError, shortened

HUB = "https://huggingface.co"


def library(name: str, extra: str) -> Any:
    """An optional library; raises ConfigError with the line that installs it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"the encoder {extra!r} needs the library {name}, which cannot be imported ({error}); "
            f"pip install 'acqkit-encoders[{extra}]'"
        ) from None


@contextmanager
def loading(model: str, extra: str) -> Iterator[None]:
    """Turn whatever a library raises over a model that it cannot load into a ConfigError."""
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - hubs, files and configurations fail in any way
        reason = shortened(str(error)).rstrip(".") or type(error).__name__
        if Path(model).is_dir():
            held = ", ".join(sorted(path.name for path in Path(model).iterdir())[:8])
            found = f"the folder holds {held or 'nothing'}, and {extra} wants all that it saved"
        else:
            found = (
                f"there is no folder of that name here, and {HUB}/{model} could not be had; where "
                f"there is a network, save it to a folder, and give the folder"
            )
        raise ConfigError(f"cannot load the {extra} model {model!r} ({reason}): {found}") from None


def versions(*distributions: str) -> dict[str, str]:
    """Installed versions by distribution."""
    return {name: metadata.version(name) for name in distributions}


def weights_digest(module: torch.nn.Module) -> str:
    """A digest of all weights of a torch module, names and numbers."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(module.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        flat = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(memoryview(flat.numpy()))
    return digest.hexdigest()
