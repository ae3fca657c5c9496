"""`callable`: an encoder of the user's own, a function of some items."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from acqkit import Component
from acqkit.embeddings import FloatArray
from acqkit.errors import ConfigError, did_you_mean


class CallableEncoder(Component):
    """A function `module:function` of your own: a list of items in, numbers `[k, d]` out.

    Items are pictures (`PIL.Image.Image` in RGB), texts (`str`) or sounds (`bytes`, a file's
    content), as the column holds them. The module is looked for in the current folder, too. What
    it encoded is encoded again once the module's file changes.
    """

    model: str = Field(description="the function as MODULE:FUNCTION")

    def encode(self, items: Sequence[Any]) -> FloatArray:
        """What the function gives `[k, d]`; raises ConfigError where there is no such function."""
        found = _function(self.model)(list(items))
        return np.asarray(found.detach().cpu() if hasattr(found, "detach") else found)

    def version(self) -> Mapping[str, str]:
        """A digest of the function's file; raises ConfigError where it has none."""
        function = _function(self.model)
        try:
            source = Path(inspect.getfile(inspect.unwrap(function))).read_bytes()
        except (TypeError, OSError) as error:
            raise ConfigError(
                f"the encoder {self.model!r} has no file that says what it does ({error}); put it "
                "into a module of yours"
            ) from None
        return {"file": hashlib.blake2b(source, digest_size=16).hexdigest()}


@functools.cache
def _function(path: str) -> Callable[[list[Any]], Any]:
    module_name, colon, name = path.partition(":")
    if not (module_name and colon and name):
        raise ConfigError(f"the encoder is {path!r}, wanted MODULE:FUNCTION")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name.partition(".")[0] and error.name != module_name:
            raise ConfigError(
                f"the encoder {path!r} cannot be imported: {error}; install what it needs"
            ) from None
        raise ConfigError(
            f"the encoder {path!r} names the module {module_name!r}, which is neither installed "
            f"nor in {Path.cwd()}"
        ) from None
    function: Any = getattr(module, name, None)
    if not callable(function):
        names = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise ConfigError(
            f"the module {module_name!r} has no function {name!r}; {did_you_mean(name, names)}"
        )
    found: Callable[[list[Any]], Any] = function
    return found
