"""One small table of pictures and texts, in every layout that `acqkit pool build` reads."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_files import png

N = 5
AT = 2
"""The row that has the fault."""


@dataclass(frozen=True)
class Row:
    """A pair. Content None stands for a file that is not there; `text` is UTF-8 or is not."""

    id: str
    content: bytes | None
    text: bytes

    @property
    def file(self) -> str:
        """The name of the picture's file."""
        return f"{self.id}.png"


def rows() -> list[Row]:
    """Five pairs without any fault."""
    return [Row(f"p{i}", png(i), f"picture number {i}".encode()) for i in range(N)]


def _truncated(row: Row) -> Row:
    assert row.content is not None
    return replace(row, content=row.content[:60])


FAULTS: dict[str, Callable[[Row], Row]] = {
    "whole": lambda row: row,
    "truncated": _truncated,
    "missing": lambda row: replace(row, content=None),
    "encoding": lambda row: replace(row, text="caf\u00e9".encode("latin-1")),
    "twice": lambda row: replace(row, id="p0"),
}
"""What is wrong with a row: a picture cut off, no file, a text that is no UTF-8, an id again."""

Write = Callable[[Path, Sequence[Row]], Path]


def _files(folder: Path, pairs: Sequence[Row]) -> None:
    """The pictures, each under the number of its row."""
    for place, row in enumerate(pairs):
        if row.content is not None:
            (folder / f"{place}.png").write_bytes(row.content)


def _delimited(name: str, delimiter: bytes) -> Write:
    def write(folder: Path, pairs: Sequence[Row]) -> Path:
        _files(folder, pairs)
        cells = [[b"id", b"image", b"text"]]
        cells += [[r.id.encode(), f"{i}.png".encode(), r.text] for i, r in enumerate(pairs)]
        (folder / name).write_bytes(b"\n".join(delimiter.join(line) for line in cells) + b"\n")
        return folder / name

    return write


def _objects(pairs: Sequence[Row]) -> list[bytes]:
    """JSON of each row; the text is put in as it is."""
    found = []
    for place, row in enumerate(pairs):
        made = json.dumps({"id": row.id, "image": f"{place}.png", "text": "TEXT"})
        found.append(made.encode().replace(b"TEXT", row.text))
    return found


def _json(name: str) -> Write:
    def write(folder: Path, pairs: Sequence[Row]) -> Path:
        _files(folder, pairs)
        objects = _objects(pairs)
        content = b"\n".join(objects) if name.endswith("l") else b"[" + b",".join(objects) + b"]"
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _coco(folder: Path, pairs: Sequence[Row]) -> Path:
    _files(folder, pairs)
    images = [{"id": row.id, "file_name": f"{i}.png"} for i, row in enumerate(pairs)]
    captions = [{"image_id": row.id, "caption": f"TEXT{i}"} for i, row in enumerate(pairs)]
    content = json.dumps({"images": images, "annotations": captions}).encode()
    for place, row in enumerate(pairs):
        content = content.replace(f"TEXT{place}".encode(), row.text)
    (folder / "captions.json").write_bytes(content)
    return folder / "captions.json"


def _strings(values: Sequence[bytes]) -> pa.Array:
    """Texts of any bytes: Arrow checks none that a file holds."""
    return pa.array(values, pa.binary()).view(pa.string())


def _arrow(pairs: Sequence[Row], images: pa.Array) -> pa.Table:
    texts = _strings([row.text for row in pairs])
    return pa.table({"id": [row.id for row in pairs], "image": images, "text": texts})


def _parquet_of_names(folder: Path, pairs: Sequence[Row]) -> Path:
    _files(folder, pairs)
    names = pa.array([f"{place}.png" for place in range(len(pairs))])
    pq.write_table(_arrow(pairs, names), folder / "t.parquet")
    return folder / "t.parquet"


def _parquet_of_bytes(folder: Path, pairs: Sequence[Row]) -> Path:
    pq.write_table(
        _arrow(pairs, pa.array([row.content for row in pairs], pa.binary())), folder / "t.parquet"
    )
    return folder / "t.parquet"


def _images(pairs: Sequence[Row]) -> list[dict[str, Any]]:
    """As Hugging Face stores them."""
    return [{"bytes": row.content, "path": f"{i}.png"} for i, row in enumerate(pairs)]


def _parquet_of_images(folder: Path, pairs: Sequence[Row]) -> Path:
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = _arrow(pairs, pa.array(_images(pairs), kind))
    features = {"image": {"_type": "Image"}, "text": {"dtype": "string", "_type": "Value"}}
    said = json.dumps({"info": {"features": features}})
    pq.write_table(table.replace_schema_metadata({"huggingface": said}), folder / "t.parquet")
    return folder / "t.parquet"


def _saved(folder: Path, pairs: Sequence[Row]) -> Path:
    datasets = pytest.importorskip("datasets", reason="datasets is missing")
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    # `save_to_disk` reads files that are only named, so what is missing is a null.
    images = [image if image["bytes"] else None for image in _images(pairs)]
    table = _arrow(pairs, pa.array(images, kind))
    features = datasets.Features(
        id=datasets.Value("string"), image=datasets.Image(), text=datasets.Value("string")
    )
    said = json.dumps({"info": {"features": features.to_dict()}})
    made = datasets.Dataset(
        datasets.table.InMemoryTable(table.replace_schema_metadata({"huggingface": said}))
    )
    made.save_to_disk(str(folder / "saved"))
    return folder / "saved"


def _folder_with(name: str) -> Write:
    def write(folder: Path, pairs: Sequence[Row]) -> Path:
        home = folder / "train"
        home.mkdir()
        _files(home, pairs)
        table = _delimited(name, b",") if name.endswith("csv") else _json(name)
        table(home, pairs)
        content = (home / name).read_bytes()
        named = content.replace(b"id,image,", b"id,file_name,").replace(b'"image"', b'"file_name"')
        (home / name).write_bytes(named)
        return folder

    return write


def _folder(folder: Path, pairs: Sequence[Row]) -> Path:
    """Pictures alone, called as what they show."""
    for row in pairs:
        if row.content is not None:
            (folder / row.file).write_bytes(row.content)
    return folder


def _tar(folder: Path, pairs: Sequence[Row]) -> Path:
    with tarfile.open(folder / "0.tar", "w") as archive:
        for row in pairs:
            for suffix, content in (("png", row.content), ("txt", row.text)):
                if content is not None:
                    info = tarfile.TarInfo(f"{row.id}.{suffix}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    return folder


SOURCES: dict[str, Write] = {
    "csv": _delimited("t.csv", b","),
    "tsv": _delimited("t.tsv", b"\t"),
    "json lines": _json("t.jsonl"),
    "json": _json("t.json"),
    "coco": _coco,
    "parquet of names": _parquet_of_names,
    "parquet of bytes": _parquet_of_bytes,
    "parquet of Image": _parquet_of_images,
    "saved data set": _saved,
    "imagefolder": _folder,
    "imagefolder, metadata.csv": _folder_with("metadata.csv"),
    "imagefolder, metadata.jsonl": _folder_with("metadata.jsonl"),
    "tar": _tar,
}
"""Every layout."""


def write(source: str, fault: str, folder: Path) -> Path:
    """The rows with a fault in row `AT`; what is given to `acqkit pool build`."""
    folder.mkdir()
    pairs = rows()
    pairs[AT] = FAULTS[fault](pairs[AT])
    return SOURCES[source](folder, pairs)
