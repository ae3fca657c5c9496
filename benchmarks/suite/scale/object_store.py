"""An S3 server on this machine, for pools in an object store."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

_WAIT = 60.0
"""Seconds that the server has to start."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of what is in a folder, which is moved to the server; `os.environ` says where."""
    s3fs = importlib.import_module("s3fs")  # the other layouts do without it
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    before = dict(os.environ)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1"]
    quiet: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    server = subprocess.Popen([*command, "-p", str(port)], **quiet)
    try:
        _wait_for(port)
        s3fs.S3FileSystem.clear_instance_cache()
        store = s3fs.S3FileSystem()
        store.makedirs("pools", exist_ok=True)
        store.put(str(folder), "pools/large", recursive=True)
        shutil.rmtree(folder)
        yield "s3://pools/large"
    finally:
        server.kill()
        server.wait()
        os.environ.clear()
        os.environ |= before


def _wait_for(port: int) -> None:
    end = time.monotonic() + _WAIT
    while time.monotonic() < end:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        time.sleep(0.1)
    raise TimeoutError(f"no S3 server came up in {_WAIT:g} s; is moto[server] installed?")
