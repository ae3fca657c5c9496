"""The cluster that this process works on: one that it starts and stops, or one that there is."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acqkit.errors import ConfigError, shortened
from acqkit_ray.size import Size

_SHORT = "/tmp" if Path("/tmp").is_dir() else None
ATTEMPTS = 3
"""Times that a cluster is started or joined: Ray gives up after 30 seconds, however busy a machine
is."""

_lock = threading.RLock()
_own: dict[str, Any] = {}
"""What this process is connected to, if by this module: `address`, `cpus`, and a `folder`."""

PATIENCE = 10.0
"""Seconds in which the machine of a cluster must answer."""

at_stop: list[Callable[[], None]] = []
"""Called when the connection ends: whoever keeps handles of workers lets go of them."""


def before_import(address: str | None) -> None:
    """Set what Ray reads when it is imported, for the cluster at an address.

    A cluster asks for its token by default; Ray takes the one that there is where it starts or
    joins a cluster, but as a client only where it is told to.
    """
    given = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ)
    there = given or (Path.home() / ".ray" / "auth_token").is_file()
    if address is not None and address.startswith("ray://") and there:
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def connect(address: str | None, size: Size) -> None:
    """Join the cluster at an address, or start one on this machine; once is enough.

    A process that is connected to Ray already, by the user's own `ray.init`, stays so. Raises
    ConfigError where nothing answers.
    """
    import ray  # noqa: PLC0415

    with _lock:
        cpus = None if size.workers is None else size.workers * size.threads
        wanted = {"address": address} if address else {"address": None, "cpus": cpus}
        same = not _own or wanted == {key: _own.get(key) for key in wanted}
        if same and ray.is_initialized():
            return
        stop()
        # What Ray has to say of itself is not what a command is asked for.
        logging.getLogger("ray").setLevel(logging.ERROR)
        # A cluster that nobody sees reports to nobody.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Leaves CUDA_VISIBLE_DEVICES of workers without a GPU alone, and a warning unsaid.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        _own.update(wanted)
        terminated = signal.getsignal(signal.SIGTERM)
        try:
            if address:
                _join(address)
            else:
                _start(cpus)
        except BaseException:
            stop()
            raise
        if threading.current_thread() is threading.main_thread():
            # Ray has put its own there, which a command must not end by.
            signal.signal(signal.SIGTERM, terminated)
        atexit.register(stop)


def stop() -> None:
    """End the connection to the cluster, and the cluster if this process started it.

    Nothing happens where there is none, or where the user's own `ray.init` made it. What is
    mapped afterwards starts or joins one again.
    """
    import ray  # noqa: PLC0415

    with _lock:
        if not _own:
            return
        for let_go in at_stop:
            let_go()
        ray.shutdown()
        folder = _own.pop("folder", None)
        _own.clear()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def can_grow() -> bool:
    """Whether there may be more room later: on any cluster but one of this process alone."""
    return "folder" not in _own


def _join(address: str) -> None:
    import ray  # noqa: PLC0415

    for left in reversed(range(ATTEMPTS)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is wrong is said below, in one sentence
                ray.init(address, log_to_driver=False, configure_logging=False)
            return
        except Exception as error:
            # The head forks a server for each client, which now and then ends as it starts.
            if not (left and isinstance(error, ConnectionAbortedError)):
                raise _unusable(address, error) from error
            ray.shutdown()


def call(address: str) -> None:
    """Raise ConfigError where nobody listens at the address of a cluster.

    Ray itself says so after half a minute.
    """
    try:
        at = urlsplit(address if "://" in address else f"//{address}")
        if at.hostname and at.port:  # `auto` has no port
            socket.create_connection((at.hostname, at.port), timeout=PATIENCE).close()
    except (OSError, ValueError) as error:
        raise _unusable(address, error) from error


def _unusable(address: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"no Ray cluster that can be used answers at {address!r} "
        f"({shortened(f'{type(error).__name__}: {error}', 240)}); give ray://HOST:10001 of its "
        "head, or HOST:6379 on one of its machines"
    )


def _start(cpus: int | None) -> None:
    import ray  # noqa: PLC0415

    # A folder of its own, since what Ray logs would stay. Short, for it is part of socket names.
    _own["folder"] = tempfile.mkdtemp(prefix="acqray-", dir=_SHORT)
    for left in reversed(range(ATTEMPTS)):
        try:
            with _as_this_process():
                ray.init(
                    "local",
                    num_cpus=cpus,
                    include_dashboard=False,
                    log_to_driver=False,
                    configure_logging=False,
                    _temp_dir=_own["folder"],
                )
            return
        except Exception as error:
            ray.shutdown()
            if not left:
                raise ConfigError(
                    "Ray could not be started on this machine "
                    f"({shortened(f'{type(error).__name__}: {error}', 240)}); use the engine local"
                ) from error


@contextmanager
def _as_this_process() -> Iterator[None]:
    """What is started inside finds the modules of this process, and has its priority."""
    changed = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "RAY_worker_niceness": "0",  # Ray's own 15 is next to nothing beside other work
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
