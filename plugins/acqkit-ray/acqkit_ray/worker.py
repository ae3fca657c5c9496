"""A worker process, before anything is known of what is installed on its machine.

This module is sent to it, so that it also runs where acqkit-ray is missing, and can say so:
nothing but the standard library is imported before versions were compared.
"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any, NamedTuple

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Facts(NamedTuple):
    """Where a worker is, and versions by name."""

    host: str
    versions: dict[str, str]


def versions() -> dict[str, str]:
    """Versions of Python, of what computes, and of acqkit and all its plugins."""
    found = {"python": platform.python_version()}
    plugins = metadata.entry_points(group="acqkit")
    names = {"acqkit", "numpy", "torch"} | {each.dist.name for each in plugins if each.dist}
    for name in sorted(names):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


class Worker:
    """Calls functions with blocks; see `acqkit_ray.working.Functions`."""

    def __init__(self, threads: int) -> None:
        # Before libraries are loaded, which read them once.
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
        self._threads = threads
        self._functions: Any = None

    def facts(self) -> Facts:
        """Who this is."""
        return Facts(platform.node(), versions())

    def run(self, key: str, sent: list[Any], block: Any) -> Any:
        """What came of a block, as `acqkit_ray.working.Done`."""
        if self._functions is None:
            from acqkit_ray.working import Functions  # noqa: PLC0415

            self._functions = Functions(self._threads)
        return self._functions.run(key, sent, block)

    def forget(self, key: str) -> None:
        """Let go of a function."""
        if self._functions is not None:
            self._functions.forget(key)
