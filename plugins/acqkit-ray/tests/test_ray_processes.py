"""Clusters as people have them: one for a command, one that there is. Nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.net
HERE = Path(__file__).parent
RAY = Path(sys.executable).with_name("ray")
ACQKIT = Path(sys.executable).with_name("acqkit")
MARK = "ACQKIT_TEST_MARK"


def processes(mark: str) -> set[int]:
    """All that were started with a mark in their environment, by whomever.

    But for Ray's agents: where nobody could stop them, they try to tell it for a minute.
    """
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            agent = b"Agent" in (folder / "cmdline").read_bytes()
            marked = f"{MARK}={mark}".encode() in (folder / "environ").read_bytes()
            if marked and state != "Z" and not agent:
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def gone(mark: str, seconds: float) -> bool:
    """Whether all processes with a mark end within so many seconds."""
    end = time.monotonic() + seconds
    while (left := processes(mark)) and time.monotonic() < end:
        time.sleep(0.2)
    return not left


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_who_is_ended_leaves_no_processes_behind(how: signal.Signals, tmp_path: Path) -> None:
    mark = f"{how.name}-{os.getpid()}"
    environment = os.environ | {MARK: mark}
    with subprocess.Popen(
        [sys.executable, HERE / "ray_script.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("0 ")
        assert len(processes(mark)) > 3  # Ray's own, and two workers
        if how is signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does
        else:
            process.send_signal(how)
        process.wait(120)  # Ray takes its time on a busy machine
    assert gone(mark, 30)


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """A cluster of one machine with two CPUs, which finds modules in `site` first."""

    def __init__(self, folder: Path, site: Path) -> None:
        port, self.port = free_ports(2)
        self.environment = os.environ | {
            "RAY_TMPDIR": str(folder),
            "RAY_USAGE_STATS_ENABLED": "0",
            # A client's own server imports torch before it answers: longer than Ray's 30 s here.
            "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "60",
            "PYTHONPATH": f"{site}{os.pathsep}{HERE}",
        }
        arguments = {
            "port": port,
            "ray-client-server-port": self.port,
            "num-cpus": 2,
            "include-dashboard": "false",
            "temp-dir": folder,
        }
        flags = [f"--{name}={value}" for name, value in arguments.items()]
        self.process = subprocess.Popen(
            [RAY, "start", "--head", "--block", "--disable-usage-stats", *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment,
        )  # fmt: skip
        self.address = f"ray://127.0.0.1:{self.port}"

    def wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError(self.address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def cluster(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    # Not below pytest's own folder: sockets lie in it, whose names may not be long.
    made = Cluster(Path(f"/tmp/acqt-{os.getpid()}"), site)
    try:
        made.wait()
        yield made
    finally:
        made.process.terminate()
        made.process.wait(30)


def asked(folder: Path, engine: str) -> list[str]:
    """Ids of a batch that the command asks for."""
    init = ["init", folder, "--pool", "glyphs", "--strategy", "coreset", "--model", "sklearn"]
    sheet = folder.with_suffix(".csv")
    ask = ["ask", folder, "-n", "12", "--engine", engine, "--sheet", sheet]
    for arguments in (init, ask):
        # Long enough for a second attempt to join a cluster.
        subprocess.run([ACQKIT, "campaign", *map(str, arguments)], check=True, timeout=240)
    return sheet.read_text(encoding="utf-8").splitlines()


def test_a_batch_is_the_same_wherever_it_is_asked_for(tmp_path: Path, cluster: Cluster) -> None:
    here = asked(tmp_path / "here", "local")
    assert len(here) == 13
    assert asked(tmp_path / "own", "{name: ray, workers: 2}") == here
    assert asked(tmp_path / "there", cluster.address) == here


def refused(engine: str) -> str:
    """What a script is told that maps on an engine."""
    script = f"""
import ray_functions
from acqkit.components.resolve import resolve
from acqkit.errors import AcqkitError
try:
    found = list(resolve("engine", {engine}).component.map(ray_functions.square, range(3)))
    print("found", found)
except AcqkitError as error:
    print(type(error).__name__, error)
"""
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_cluster_without_room_is_not_waited_for_for_ever(cluster: Cluster) -> None:
    engine: dict[str, Any] = {"name": cluster.address, "workers": 3, "wait": 3}
    told = refused(repr(engine))
    assert told.startswith("EngineError workers asked for: 3 of 1 CPU each, of which 2")
    assert "has 2 CPUs" in told
    # All of it was let go, though a busy machine may take its time over that.
    assert refused(repr(engine | {"workers": 2, "wait": 90})) == "found [0, 1, 4]\n"


def test_no_cluster_is_one_sentence() -> None:
    (port,) = free_ports(1)
    told = refused(repr(f"ray://127.0.0.1:{port}"))
    assert told.startswith("ConfigError no Ray cluster that can be used answers at 'ray://127")


def test_other_versions_on_the_cluster_are_named(cluster: Cluster, site: Path) -> None:
    for name, version in (("numpy", "1.0.7"), ("acqkit-density", "0.0.3")):
        folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (folder / "entry_points.txt").write_text("")
    told = refused(repr(cluster.address))
    assert told.startswith("ConfigError the worker on ")
    assert "numpy 1.0.7 (here: " in told and "torch" not in told
