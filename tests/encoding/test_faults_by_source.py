"""Every kind of source with every kind of fault: one sentence, or one line in the list."""

from __future__ import annotations

import csv
import tarfile
from pathlib import Path

import numpy as np
import pytest
from faulty_sources import AT, FAULTS, SOURCES, N, write
from raw_files import Letters, Pixels, png

import acqkit
from acqkit.encoding import Built, build_pool
from acqkit.encoding.pictures import picture
from acqkit.errors import PoolError

COLUMNS = {"coco": ("image", "caption"), "tar": ("png", "txt"), "imagefolder": ("image", "name")}

CUT_OFF = "is no picture that can be read (image file is truncated)"
IN_FILE = "row 2 (counted from 0)"

LINES = {
    **dict.fromkeys(["csv", "tsv", "json lines", "json", "coco", "parquet of names"], "2.png"),
    "imagefolder, metadata.csv": "train/2.png",
    "imagefolder, metadata.jsonl": "train/2.png",
    "imagefolder": "p2.png",
    "parquet of bytes": f"t.parquet, {IN_FILE}",
    "parquet of Image": f"t.parquet, {IN_FILE}",
    "saved data set": f"data-00000-of-00001.arrow, {IN_FILE}",
    "tar": "0.tar: p2.png",
}
"""Where the picture of the row lies, as the list of failures says it."""

MISSING = {
    **dict.fromkeys(SOURCES, "is not there"),
    "parquet of bytes": "is empty",
    "parquet of Image": "cannot be read (No such file or directory)",
    "saved data set": "is empty",
}

ENCODING = {
    **dict.fromkeys(["csv", "tsv"], "is not UTF-8 text: line 4 has the byte 0xe9"),
    "json lines": "is not UTF-8 text: line 3 has the byte 0xe9",
    "imagefolder, metadata.csv": "is not UTF-8 text: line 4 has the byte 0xe9",
    "imagefolder, metadata.jsonl": "is not UTF-8 text: line 3 has the byte 0xe9",
    **dict.fromkeys(["json", "coco"], "is not UTF-8 text: line 1 has the byte 0xe9"),
    **dict.fromkeys(
        ["parquet of names", "parquet of bytes", "parquet of Image", "saved data set"],
        f"text is no UTF-8 text in {IN_FILE}",
    ),
}

TWICE = {
    **dict.fromkeys(SOURCES, "the id 'p0' in row 0 (counted from 0) has another pair in row 2"),
    "coco": "has an image id more than once in 'images'",
    "tar": "p0.png is the second png of the sample 'p0'",
}

NO_FAULT = {
    ("imagefolder", "missing"): "nothing names a picture that is not there",
    ("imagefolder", "encoding"): "texts are names of files",
    ("imagefolder", "twice"): "two files of one folder have two names",
    ("tar", "missing"): "the pair lacks the modality: a test of its own",
    ("tar", "encoding"): "a text is a member: a test of its own",
}
"""Cells of the matrix that cannot be, and why."""


CELLS = [
    (source, fault) for source in SOURCES for fault in FAULTS if (source, fault) not in NO_FAULT
]


def build(tmp_path: Path, source: str, given: Path) -> Built:
    (tmp_path / "classes.txt").write_text("x\ny\n")
    a, b = COLUMNS.get(source, ("image", "text"))
    return build_pool(
        given,
        a=a,
        b=b,
        encode_a=Pixels(),
        encode_b=Letters(),
        out=tmp_path / "pool",
        classes=tmp_path / "classes.txt",
    )


def failures(folder: Path) -> list[list[str]]:
    with (folder / "failures.csv").open(encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize(("source", "fault"), CELLS)
def test_a_fault_is_one_sentence_or_one_line(tmp_path: Path, source: str, fault: str) -> None:
    given = write(source, fault, tmp_path / "in")
    if fault in ("encoding", "twice"):
        said = (ENCODING if fault == "encoding" else TWICE)[source]
        with pytest.raises(PoolError) as caught:
            build(tmp_path, source, given)
        assert said in str(caught.value) and "\n" not in str(caught.value)
        assert not (tmp_path / "pool").exists()
        return
    built = build(tmp_path, source, given)
    listed = [line[2:] for line in failures(built.path)]
    problem = {"whole": None, "truncated": CUT_OFF, "missing": MISSING[source]}[fault]
    assert listed == ([] if problem is None else [[LINES[source], problem]])
    good = [i for i in range(N) if problem is None or i != AT]
    found = acqkit.load_pool(built.path).batch(np.arange(built.pairs)).a
    assert np.array_equal(found, Pixels().encode([picture(png(i)) for i in good]))


def test_a_sample_without_a_picture_lacks_the_modality(tmp_path: Path) -> None:
    built = build(tmp_path, "tar", write("tar", "missing", tmp_path / "in"))
    a, b = acqkit.load_pool(built.path).present
    assert a is not None and np.flatnonzero(~a).tolist() == [AT] and b is None


def test_a_text_in_a_tar_file_that_is_no_utf8_is_one_line(tmp_path: Path) -> None:
    built = build(tmp_path, "tar", write("tar", "encoding", tmp_path / "in"))
    assert failures(built.path) == [["p2", "txt", "0.tar: p2.txt", "is no UTF-8 text"]]
    assert built.pairs == N - 1


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        ("csv", "t.csv", "cannot be read as CSV"),
        ("json lines", "t.jsonl", "has no JSON in line"),
        ("json", "t.json", "cannot be read as JSON"),
        ("coco", "captions.json", "cannot be read as JSON"),
        ("parquet of bytes", "t.parquet", "cannot be read as Parquet"),
        ("saved data set", "saved/data-00000-of-00001.arrow", "cannot be read as Arrow"),
        ("saved data set", "saved/state.json", "cannot be read as JSON"),
    ],
)
def test_a_file_that_is_cut_off_is_one_sentence(
    tmp_path: Path, source: str, name: str, said: str
) -> None:
    given = write(source, "whole", tmp_path / "in")
    file = tmp_path / "in" / name
    content = file.read_bytes()
    file.write_bytes(content[: len(content) * 2 // 3 + 1])
    with pytest.raises(PoolError, match=said) as caught:
        build(tmp_path, source, given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("at", ["header", "content", "boundary", "damaged header"])
def test_no_sample_of_a_tar_file_is_lost_silently(tmp_path: Path, at: str) -> None:
    given = write("tar", "whole", tmp_path / "in")
    file = given / "0.tar"
    with tarfile.open(file) as archive:
        member = archive.getmembers()[4]
    content = bytearray(file.read_bytes())
    cut = {"header": member.offset + 100, "content": member.offset_data + 10}
    if at == "damaged header":
        content[member.offset] ^= 1
    else:
        del content[cut.get(at, member.offset) :]
    file.write_bytes(content)
    with pytest.raises(PoolError, match=r"0\.tar (has no end|cannot be read)"):
        build(tmp_path, "tar", given)
