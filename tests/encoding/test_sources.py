"""Every kind of source, in the files that others write, whole and broken."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import picture_rows, png, write_rows

from acqkit.encoding import open_source
from acqkit.encoding.columns import Table
from acqkit.encoding.config import make_build_config
from acqkit.encoding.labels import read_labels
from acqkit.encoding.pairs import raw_pairs
from acqkit.errors import ConfigError, PoolError

N = 6


def rows_of(table: Table, a: str, b: str) -> list[tuple[Any, list[Any]]]:
    """What the two sides of every pair hold."""
    pairs = raw_pairs(table, table.columns[a], table.columns[b], None)
    return [
        (pairs.items(pairs.a, pair)[0].read(), [item.read() for item in pairs.items(pairs.b, pair)])
        for pair in range(len(pairs))
    ]


WANTED = [(png(i), [f"picture number {i}"]) for i in range(N)]


def test_tables(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(N))
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "t.jsonl").write_text(lines)
    (tmp_path / "t.json").write_text(json.dumps(rows))
    tabbed = ["\t".join(cells) for cells in (rows[0], *(row.values() for row in rows))]
    (tmp_path / "t.tsv").write_text("\n".join(tabbed))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    write_rows(tmp_path, rows, "t.csv")
    for name in ("t.csv", "t.tsv", "t.jsonl", "t.json", "t.parquet"):
        assert rows_of(open_source(tmp_path / name), "file", "text") == WANTED, name


def test_coco_captions_are_a_pair_a_picture(tmp_path: Path) -> None:
    picture_rows(tmp_path, range(N))
    images = [{"id": 10 + i, "file_name": f"{i:03}.png"} for i in range(N)]
    captions = [{"id": k, "image_id": 10 + k % N, "caption": f"caption {k}"} for k in range(2 * N)]
    file = tmp_path / "captions.json"
    file.write_text(json.dumps({"images": images, "annotations": captions}))
    table = open_source(file, tmp_path / "pictures")
    assert table.roles == {"a": "image", "b": "caption", "id": "id"}
    wanted = [(png(i), [f"caption {i}", f"caption {i + N}"]) for i in range(N)]
    assert rows_of(table, "image", "caption") == wanted
    captions[0]["image_id"] = 99
    file.write_text(json.dumps({"images": images, "annotations": captions}))
    with pytest.raises(PoolError, match=r"of the image 99, which 'images' does not have"):
        open_source(file)


def test_a_folder_of_pictures_says_class_and_split_by_its_folders(tmp_path: Path) -> None:
    for i in range(N):
        home = tmp_path / ("test" if i == 0 else "train") / ("even", "odd")[i % 2]
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{i:03}.png").write_bytes(png(i))
    table = open_source(tmp_path)
    found = {
        tuple(table.columns[name].value(row) for name in ("name", "label", "split"))
        for row in range(table.rows)
    }
    assert found == {
        (f"{i:03}", ("even", "odd")[i % 2], "test" if i == 0 else "train") for i in range(N)
    }
    lines = [{"file_name": f"odd/{i:03}.png", "text": f"picture number {i}"} for i in (1, 3, 5)]
    (tmp_path / "train" / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert rows_of(open_source(tmp_path), "image", "text") == WANTED[1::2]


def test_content_inside_of_parquet_and_of_saved_data_sets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is missing")
    features = datasets.Features(
        image=datasets.Image(),
        text=datasets.Value("string"),
        label=datasets.ClassLabel(names=["odd", "even", "never"]),
    )
    rows = {
        "image": [{"bytes": png(i), "path": f"{i:03}.png"} for i in range(N)],
        "text": [f"picture number {i}" for i in range(N)],
        "label": [(i + 1) % 2 for i in range(N)],
    }
    data = datasets.Dataset.from_dict(rows, features=features)
    data.to_parquet(tmp_path / "t.parquet")
    data.save_to_disk(str(tmp_path / "saved"))
    both = datasets.DatasetDict({"train": data, "test": data})
    both.save_to_disk(str(tmp_path / "both"))
    for name in ("t.parquet", "saved"):
        table = open_source(tmp_path / name)
        assert rows_of(table, "image", "text") == WANTED, name
        assert list(table.classes["label"]) == ["odd", "even", "never"]
        assert table.columns["label"].value(0) == "even" and table.several["label"] is False
    table = open_source(tmp_path / "both")
    splits = [table.columns["split"].value(row) for row in range(table.rows)]
    assert splits == ["train"] * N + ["test"] * N


def test_tar_files_are_read_by_the_names_in_them(tmp_path: Path) -> None:
    for shard in range(2):
        with tarfile.open(tmp_path / f"{shard}.tar", "w") as archive:
            for i in range(shard * 3, shard * 3 + 3):
                parts = {"png": png(i), "txt": f"picture number {i}".encode(), "cls": b"1"}
                parts["json"] = json.dumps({"tags": ["x"]}).encode()
                for suffix, content in parts.items():
                    info = tarfile.TarInfo(f"s/{i:03}.{suffix}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    table = open_source(tmp_path)
    assert table.roles == {"id": "key", "label": "cls", "a": "png", "b": "txt"}
    assert rows_of(table, "png", "txt") == WANTED
    assert table.columns["json.tags"].value(2) == ["x"]
    (tmp_path / "2.tar").write_bytes((tmp_path / "0.tar").read_bytes())
    with pytest.raises(PoolError, match=r"is the second png of the sample 's/000'"):
        open_source(tmp_path)
    (tmp_path / "2.tar").write_bytes(b"no tar file at all")
    with pytest.raises(PoolError, match=r"2\.tar cannot be read as tar file"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"file,text\na.png,caf\xe9\n", r"not UTF-8 text: line 2 has the byte 0xe9"),
        ("t.csv", b"file,file\na,b\n", r"more than one column 'file'"),
        ("t.csv", b"file,text\n", r"has no rows"),
        ("t.csv", b"file,text\na,b,c\n", r"cannot be read as CSV"),
        ("t.jsonl", b'{"file": "a"}\n{oops\n', r"has no JSON in line 2"),
        ("t.jsonl", b"[1]\n", r"no JSON object in line 1"),
        ("t.json", b"{}", r"neither COCO captions .* nor a list"),
        ("t.json", b'{"images": [{}], "annotations": []}', r"is no file of COCO captions"),
        ("t.parquet", b"PAR1 and no more", r"cannot be read as Parquet"),
        ("t.xlsx", b"", r"is no source of pairs that can be read"),
    ],
)
def test_a_broken_source_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PoolError, match=said) as caught:
        open_source(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_labels_say_what_they_are_and_empty_ones_are_none(tmp_path: Path) -> None:
    rows = picture_rows(tmp_path, range(N))
    rows[2]["label"] = ""

    def labels(**given: Any) -> Any:
        table = open_source(write_rows(tmp_path, rows))
        pairs = raw_pairs(table, table.columns["file"], table.columns["text"], None)
        encoders = {"encode_a": "x", "encode_b": "x", "out": "x", "source": "x"}
        config = make_build_config({**encoders, "label": "label", **given}, "test")
        return read_labels(table, pairs, config)

    found = labels()
    assert found.of_pairs[:3] == [["even"], ["odd"], None] and not found.multilabel
    rows[3]["label"] = "odd; even"
    with pytest.raises(PoolError, match=r"may be one class or several; say --multi-label or"):
        labels()
    assert labels(multilabel=True).of_pairs[3] == ["odd", "even"]
    assert "odd; even" in labels(multilabel=False).class_names
    for cell, said in {
        "-": [],
        "[]": [],
        '["odd", "even"]': ["odd", "even"],
        "['even', 'odd']": ["even", "odd"],  # a list as pandas writes it into CSV
        "[odd": ["[odd"],
        "[odd]": ["[odd]"],
    }.items():
        rows[3]["label"] = cell
        assert labels(multilabel=True).of_pairs[3] == said
    assert labels(multilabel=False).of_pairs[3] == ["[odd]"]
    rows[3]["label"] = "['even']"
    with pytest.raises(PoolError, match=r"may be one class or several; say --multi-label or"):
        labels()
    rows[3]["label"] = "odd; even"
    (tmp_path / "classes.txt").write_text("odd\nnever\n\neven\n")
    found = labels(multilabel=True, classes=tmp_path / "classes.txt")
    assert found.class_names == ("odd", "never", "even") and found.declared
    rows[4]["label"] = "evn"
    with pytest.raises(PoolError, match=r"the unknown class 'evn' in row 4 .*did you mean 'even'"):
        labels(multilabel=True, classes=tmp_path / "classes.txt")
    with pytest.raises(ConfigError, match=r"neither labels nor classes are given"):
        labels(label=None)
