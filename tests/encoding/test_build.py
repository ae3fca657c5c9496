"""From a folder of files with a table to a pool, again with more rows, and killed on the way."""

from __future__ import annotations

import csv
import os
import pickle
import shutil
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from raw_files import Letters, Pixels, lines, picture_rows, png, write_rows

import acqkit
from acqkit import PairPool
from acqkit.encoding import Built, build_pool, read_about
from acqkit.encoding.pictures import picture
from acqkit.errors import ConfigError, PluginError, PoolError
from acqkit.pool.display_file import DisplayFile
from killable import run_in_fork

SETTINGS: dict[str, Any] = {"a": "file", "b": "text", "label": "label", "split": "part"}


def build(table: Path, **others: Any) -> tuple[Built, PairPool]:
    given = {"encode_a": Pixels(), "encode_b": Letters(), "out": table.parent / "pool"}
    built = build_pool(table, **SETTINGS | given | others)
    return built, acqkit.load_pool(built.path)


def settle(folder: Path) -> None:
    """Make files old enough that their stamps are believed."""
    for path in folder.rglob("*.*"):
        if path.is_file():
            os.utime(path, (time.time() - 60, time.time() - 60))


def test_a_pool_holds_what_the_encoders_made_of_each_pair(tmp_path: Path) -> None:
    table = write_rows(tmp_path, picture_rows(tmp_path, range(30)))
    built, pool = build(table, batch_size=7)
    assert (built.pairs, built.new, built.failed) == (30, 30, 0)
    assert pool.ids.tolist() == [f"pictures/{i:03}.png" for i in range(30)]
    assert pool.modalities == ("file", "text") and pool.class_names == ("even", "odd")
    assert pool.truth is not None and pool.truth[:, 1].tolist() == [i % 2 for i in range(30)]
    assert pool.test is not None and np.flatnonzero(pool.test).tolist() == [0, 5, 10, 15, 20, 25]
    batch = pool.batch(np.arange(30))
    texts = [f"picture number {i}" for i in range(30)]
    assert np.array_equal(batch.b, Letters().encode(texts))
    assert np.array_equal(batch.a, Pixels().encode([picture(png(i)) for i in range(30)]))
    assert pool.display["file"][7] == png(7) and pool.display["text"][7] == texts[7]
    about = read_about(built.path)
    assert about is not None and list(about.encoders) == ["file", "text"]
    assert about.encoders["file"].width == 12


class Ahead:
    """An engine that takes four batches before it gives the first result."""

    def map(self, function: Any, blocks: Any, *, thread_safe: bool = False) -> Any:
        sent, begun = pickle.dumps(function), deque[Any]()
        for block in blocks:
            begun.append(block)
            if len(begun) == 4:
                yield pickle.loads(sent)(begun.popleft())
        yield from map(pickle.loads(sent), begun)


def test_an_engine_changes_no_byte(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(30))
    rows[9]["file"] = rows[3]["file"]  # while the first one is being encoded
    (tmp_path / rows[20]["file"]).write_bytes(b"no picture")
    rows[22]["file"] = rows[20]["file"]
    table = write_rows(tmp_path, rows)
    files = []
    for engine in ("local", Ahead()):
        built, _ = build(table, batch_size=3, engine=engine, id="text")
        assert (built.encoded, built.failed) == ({"file": 27, "text": 30}, 2)
        kept = [*tmp_path.rglob("*.npy"), *tmp_path.rglob("*.bin"), *tmp_path.rglob("*.csv")]
        files.append({path.name: path.read_bytes() for path in kept if path.name != "stamps.bin"})
        for folder in ("pool", "pool.encoded"):
            shutil.rmtree(tmp_path / folder)
    assert files[0] == files[1] and "vectors.bin" in files[0]


def test_a_second_build_encodes_what_is_new_and_moves_nothing(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(22))
    log = tmp_path / "log"
    parts = {"encode_a": Pixels(log=str(log)), "encode_b": Letters(log=str(tmp_path / "texts"))}
    settle(tmp_path)
    _, before = build(write_rows(tmp_path, rows[:10]), **parts)
    rows[15]["label"] = "a first class"
    built, pool = build(write_rows(tmp_path, [*rows[10:], *rows[:10]]), **parts)
    assert built.encoded == {"file": 12, "text": 12} and (built.new, built.gone) == (12, 0)
    assert pool.ids[:10].tolist() == before.ids.tolist()
    assert pool.class_names == ("even", "odd", "a first class")
    assert np.array_equal(pool.batch(np.arange(10)).a, before.batch(np.arange(10)).a)
    assert len(lines(log)) == len(set(lines(log))) == 22
    again, _ = build(tmp_path / "table.csv", **parts)
    assert again.encoded == {"file": 0, "text": 0} and (again.new, again.gone) == (0, 0)
    assert len(lines(log)) == 22
    fewer, _ = build(write_rows(tmp_path, rows[2:]), **parts)
    assert (fewer.pairs, fewer.gone) == (20, 2)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_was_kept_is_encoded_again_after_a_kill(tmp_path: Path, seed: int) -> None:
    table = write_rows(tmp_path, picture_rows(tmp_path, range(120)))
    settle(tmp_path)
    log, batch, kept = tmp_path / "log", 4, 0
    parts = {"encode_a": Pixels(log=str(log), seconds=0.02), "batch_size": batch}
    rng = np.random.default_rng(seed)
    for _ in range(3):
        before = len(lines(log))
        run_in_fork(lambda: build(table, **parts), 0.2 + float(rng.random()) * 0.3)
        files = tmp_path.glob("pool.encoded/*-float32/keys.bin")
        now = max((file.stat().st_size // 16 for file in files), default=0)
        assert now - kept <= len(lines(log)) - before <= now - kept + batch
        kept = now
    before = len(lines(log))
    built, pool = build(table, **parts)
    assert len(lines(log)) - before == built.encoded["file"] == 120 - kept
    assert len(pool) == 120 == len(set(lines(log)))
    whole, same = build(table, encode_a=Pixels(), out=tmp_path / "at-once")
    assert whole.encoded["file"] == 120
    assert np.array_equal(pool.batch(np.arange(120)).a, same.batch(np.arange(120)).a)


def test_files_that_did_not_change_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = write_rows(tmp_path, picture_rows(tmp_path, range(8)))
    settle(tmp_path)
    build(table)
    (tmp_path / "pictures/003.png").write_bytes(png(999))
    read: list[str] = []
    real = DisplayFile.read

    def counted(self: DisplayFile, *most: int) -> bytes:
        if len(most) == 1:  # by an encoder; people are shown at most another size
            read.append(self.name)
        return real(self, *most)

    monkeypatch.setattr(DisplayFile, "read", counted)
    monkeypatch.setattr("acqkit.encoding.write.ShownItems.__getitem__", lambda self, i: "")
    built, pool = build(table)
    assert read == ["pictures/003.png"] and built.encoded == {"file": 1, "text": 0}
    assert not np.array_equal(pool.batch(np.arange(4)).a[3], np.zeros(12))


def test_what_cannot_be_encoded_is_a_line_and_stops_nothing(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(12))
    (tmp_path / "pictures/001.png").write_bytes(png(1)[:60])
    (tmp_path / "pictures/002.png").unlink()
    (tmp_path / "pictures/003.png").write_text("no picture")
    rows[4]["file"] = "../outside.png"
    (tmp_path.parent / "outside.png").write_bytes(png(4))
    beyond = Pixels().encode([picture(png(5))])
    built, pool = build(
        write_rows(tmp_path, rows), encode_a=Pixels(fails_at=float(beyond[0, 0])), batch_size=4
    )
    assert (built.pairs, built.failed, built.left_out) == (7, 5, 5)
    with (built.path / "failures.csv").open(encoding="utf-8") as file:
        failed = list(csv.DictReader(file))
    said = {row["where"]: row["problem"] for row in failed}
    assert "truncated" in said["pictures/001.png"]
    assert said["pictures/002.png"] == "is not there"
    assert "no kind of picture that Pillow knows" in said["pictures/003.png"]
    assert "lies outside" in said["../outside.png"]
    assert said["pictures/005.png"] == "cannot be encoded (this picture is beyond me)"
    assert pool.ids.tolist() == [f"pictures/{i:03}.png" for i in (0, 6, 7, 8, 9, 10, 11)]


def test_an_encoder_at_fault_is_said_and_not_listed(tmp_path: Path) -> None:
    table = write_rows(tmp_path, picture_rows(tmp_path, range(4)))

    class Flat(Pixels):
        def encode(self, items: Any) -> Any:
            return np.zeros(len(items))

    class Broken(Pixels):
        def encode(self, items: Any) -> Any:
            raise RuntimeError("out of order")

    with pytest.raises(PluginError, match=r"shape \(4,\) for 4 items, wanted numbers \[4, width\]"):
        build(table, encode_a=Flat())
    with pytest.raises(RuntimeError, match="out of order"):
        build(table, encode_a=Broken())
    with pytest.raises(ConfigError, match=r"text holds texts, but the encoder .* takes images"):
        build(table, encode_b=Pixels())


def test_rows_of_one_picture_are_one_pair_with_the_mean_of_its_texts(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(4))
    rows.insert(2, rows[0] | {"text": "another caption"})
    built, pool = build(write_rows(tmp_path, rows))
    assert built.pairs == 4
    wanted = Letters().encode(["picture number 0", "another caption"]).mean(axis=0)
    assert np.allclose(pool.batch(np.arange(1)).b[0], wanted)
    assert pool.display["text"][0] == "picture number 0\nanother caption"
    same = [row | {"id": "same"} for row in rows]
    with pytest.raises(PoolError, match=r"the id 'same' in row 0 .* has another pair in row"):
        build(write_rows(tmp_path, same), id="id")


def test_duplicates_are_told_and_kept_out_where_asked(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(6))
    (tmp_path / "pictures/004.png").write_bytes(png(1))
    rows[4]["text"] = rows[1]["text"]
    rows[5]["text"] = rows[2]["text"]
    image = np.asarray(Image.open(tmp_path / "pictures/002.png")).copy()
    image[0, 0] ^= 1
    Image.fromarray(image).save(tmp_path / "pictures/005.png")
    built, pool = build(write_rows(tmp_path, rows), near=0.9999)
    assert built.duplicates == {"exact": 1, "near": 1} and len(pool) == 6
    found = (built.path / "duplicates.csv").read_text().splitlines()[1:]
    assert found[0] == "pictures/004.png,pictures/001.png,exact,1.0000,1.0000"
    assert found[1].startswith("pictures/005.png,pictures/002.png,near,")
    for dedup, n in (("exact", 5), ("near", 4)):
        again, pool = build(tmp_path / "table.csv", near=0.9999, dedup=dedup)
        assert len(pool) == n == again.pairs and again.encoded == {"file": 0, "text": 0}


def test_a_folder_of_something_else_is_never_written_over(tmp_path: Path) -> None:
    table = write_rows(tmp_path, picture_rows(tmp_path, range(4)))
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "mine.txt").write_text("mine")
    with pytest.raises(PoolError, match="is there already and no pool that was built"):
        build(table)
    assert (tmp_path / "pool" / "mine.txt").exists()


def test_a_pair_without_a_label_is_unlabeled_and_never_of_no_class(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(20))
    for row in rows[4:]:
        row["label"] = ""
    for multilabel in (True, False):
        built, pool = build(
            write_rows(tmp_path, rows), multilabel=multilabel, out=tmp_path / f"{multilabel}"
        )
        assert built.labeled == 4 and pool.truth is None
        assert pool.labels.labeled.tolist() == [0, 1, 2, 3]
        assert pool.multilabel is multilabel


def test_describing_a_folder_of_pictures_says_what_makes_a_pool_of_it(tmp_path: Path) -> None:
    picture_rows(tmp_path, range(2))
    for folder in (tmp_path / "pictures", tmp_path):
        with pytest.raises(PoolError) as caught:
            acqkit.load_pool(folder)
        command = (
            f"acqkit pool build {folder} --b name --encode-a ENCODER --encode-b ENCODER "
            "--classes FILE --out DIR"
        )
        assert command in str(caught.value)
    table = write_rows(tmp_path, picture_rows(tmp_path, range(2)))
    for path in (tmp_path / "pictures", tmp_path, table):
        with pytest.raises(PoolError, match=f"acqkit pool build {table} --a COLUMN --b COLUMN"):
            acqkit.load_pool(path)


def test_pictures_alone_are_paired_with_their_names(tmp_path: Path) -> None:
    picture_rows(tmp_path, range(3))
    (tmp_path / "classes.txt").write_text("x\ny\n")
    built = build_pool(
        tmp_path / "pictures",
        b="name",
        encode_a=Pixels(),
        encode_b=Letters(),
        classes=tmp_path / "classes.txt",
        out=tmp_path / "pool",
    )
    assert acqkit.load_pool(built.path).modalities == ("image", "name")
