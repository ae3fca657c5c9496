"""A pool on a real S3 server on this machine: the same pool, the same picks, one sentence where it
is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pool_builders import vectors

from acqkit import Campaign, load_pool
from acqkit.errors import PoolError
from acqkit.pool import PairPool, chunked, looked_through, parquet_features, stored
from acqkit.pool.chunked import ChunkedFeatures
from acqkit.pool.digest import content_digests
from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool

pytestmark = [
    pytest.mark.net,
    # Clients of the store leave connections to a server that is gone.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    moto = pytest.importorskip("moto.server", reason="moto is missing")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is missing: pip install 'acqkit[s3]'")
    monkeypatch.setattr(parquet_features, "WHOLE_BYTES", 0)
    monkeypatch.setattr(stored, "PAUSES", (0.0, 0.1))
    monkeypatch.setattr(chunked, "CHUNK_BYTES", 256)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    values = ("key", "secret", "us-east-1", f"http://{host}:{port}")
    for name, value in zip(NAMES, values, strict=True):
        monkeypatch.setenv(name, value)
    # Nothing but the environment says who one is.
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().makedirs("pools", exist_ok=True)
    yield running
    running.stop()
    s3fs.S3FileSystem.clear_instance_cache()


def put(pool: PairPool, layout: str, folder: Path) -> str:
    s3fs: Any = pytest.importorskip("s3fs")
    if layout == "npy":
        save_pool(pool, folder)
    else:
        folder.mkdir()
        assert pool.test is not None and pool.truth is not None
        data = pool.batch(np.arange(len(pool)))
        for number, rows in enumerate(np.array_split(np.arange(len(pool)), 3)):
            table = {
                "modality_a": vectors(data.a[rows]), "modality_b": vectors(data.b[rows]),
                "ids": pool.ids[rows], "split": np.where(pool.test[rows], "test", "train"),
                "labels": np.array(pool.class_names)[pool.truth[rows].argmax(axis=1)],
            }  # fmt: skip
            pq.write_table(pa.table(table), folder / f"{number}.parquet", row_group_size=20)
    s3fs.S3FileSystem().put(f"{folder}/", f"pools/{layout}/", recursive=True)
    return f"s3://pools/{layout}"


@pytest.mark.parametrize("layout", ["npy", "parquet"])
def test_a_round_on_an_object_store_picks_the_same_pairs(
    layout: str, server: Any, tmp_path: Path
) -> None:
    local = make_pool(n=150, test_share=0.2)
    pool = load_pool(put(local, layout, tmp_path / layout))
    assert isinstance(pool.features[0], ChunkedFeatures)
    assert content_digests(pool)["a"] == content_digests(local)["a"]
    picked = []
    for name, own in (("local", local), ("stored", pool)):
        with Campaign.create(tmp_path / name, own, strategy="coreset") as campaign:
            picked.append(campaign.ask(7).ids)
    assert picked[0] == picked[1]


@pytest.mark.parametrize("layout", ["npy", "parquet"])
def test_features_are_read_by_the_first_open_and_after_a_change_only(
    layout: str, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(make_pool(n=150, test_share=0.2), layout, tmp_path / "one")
    first = content_digests(load_pool(url))
    with monkeypatch.context() as patch:
        patch.setattr(looked_through, "RowsDigest", None)  # called where features are read
        assert content_digests(load_pool(url)) == first
    put(make_pool(n=150, test_share=0.2, seed=5), layout, tmp_path / "two")
    assert content_digests(load_pool(url))["a"] != first["a"]


def test_a_store_that_does_not_answer_is_one_sentence(server: Any, tmp_path: Path) -> None:
    pool = load_pool(put(make_pool(n=150, test_share=0.2), "npy", tmp_path / "npy"))
    server.stop()
    with pytest.raises(PoolError, match=r"s3://pools/npy/modality_a\.npy cannot be read: .* tries"):
        pool.batch(np.arange(9))


def test_without_credentials_one_sentence_says_so(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3fs: Any = pytest.importorskip("s3fs")
    url = put(make_pool(n=150, test_share=0.2), "npy", tmp_path / "npy")
    for name in NAMES[:2]:
        monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(PoolError, match="give credentials in the environment"):
        load_pool(url)
