"""What can be said without a cluster."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import pytest
from acqkit_ray import RayEngine, cluster
from acqkit_ray.size import Size, in_words
from acqkit_ray.worker import Facts, Worker, versions

from acqkit.components.resolve import resolve
from acqkit.config import make_config
from acqkit.errors import ConfigError
from acqkit.models import Supervised
from acqkit.testing import make_pool
from acqkit.testing.model import LinearPairModel


@pytest.mark.parametrize(
    ("threads", "gpus", "workers"),
    [(1, 0, 7), (2, 0, 3), (8, 0, 0), (1, 1, 2), (1, 0.5, 4), (1, 0.4, 4), (1, 2, 1), (4, 0.5, 1)],
)
def test_workers_for_which_there_is_room(threads: int, gpus: float, workers: int) -> None:
    size = Size(None, threads, gpus, 1)
    assert size.fitting({"CPU": 7.0, "GPU": 2.0, "memory": 1e9}) == workers
    assert size.fitting({"memory": 1e9}) == 0


def test_sizes_in_words() -> None:
    assert Size(None, 1, 0, 1).each == "1 CPU"
    assert Size(None, 2, 0.5, 1).each == "2 CPUs and 0.5 GPUs"
    assert in_words({"CPU": 3.0}, gpus=False) == "3 CPUs"
    assert in_words({"CPU": 1.0}, gpus=True) == "1 CPU and 0 GPUs"


def test_an_engine_by_its_address() -> None:
    given = {"name": "ray", "address": "ray://head:10001"}
    for written in ("ray://head:10001", given, {"name": "ray://head:10001"}):
        assert resolve("engine", written).component == RayEngine(address="ray://head:10001")
    config = make_config({"pool": "s3://bucket/pool", "engine": "ray://head:10001"})
    assert config.engine.model_dump() == given
    assert config.pool.name == "s3://bucket/pool"


def test_a_worker_says_where_it_is_before_it_imports_anything() -> None:
    found = Worker(3).facts()
    assert found == Facts(found.host, versions())
    assert {"python", "numpy", "torch", "acqkit", "acqkit-ray"} <= found.versions.keys()


def test_ray_is_imported_when_it_is_used() -> None:
    script = "import sys, acqkit_ray; acqkit_ray.RayEngine(); sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.parametrize(
    "address", ["ray://127.0.0.1:{}", "127.0.0.1:{}", "ray://127.0.0.1:{}9999"]
)
def test_a_cluster_that_is_not_there_is_found_out_before_a_training(address: str) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        engine = RayEngine(address=address.format(taken.getsockname()[1]))
        pool = make_pool(20, labeled=5)
        with pytest.raises(ConfigError, match="no Ray cluster that can be used answers at"):
            engine.train(Supervised(), LinearPairModel.for_pool(pool), pool, 0)


@pytest.mark.parametrize("failures", [2, 3])
def test_a_server_of_a_client_that_ends_as_it_starts_is_asked_for_again(
    failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    asked: list[str] = []

    def init(address: str, **_: Any) -> None:
        asked.append(address)
        if len(asked) <= failures:
            raise ConnectionAbortedError("Starting Ray client server failed")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(ConfigError, match="Starting Ray") if failures == 3 else nullcontext():
        cluster.connect("ray://head:10001", Size(None, 1, 0, 1))
    cluster.stop()
    assert asked == ["ray://head:10001"] * 3
