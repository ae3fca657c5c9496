"""A folder of pictures, as Hugging Face's `imagefolder` and torchvision's `ImageFolder` lay it out.

    folder/[train|test|validation/][CLASS/]picture.png

with a table `metadata.csv`, `metadata.jsonl` or `metadata.parquet` at the top or beside the
pictures, whose column `file_name` is a path from where the table lies; or without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from acqkit.encoding.columns import PICTURES, ListColumn, Table
from acqkit.encoding.sources.arrow import open_parquet
from acqkit.encoding.sources.tables import open_csv, open_json_lines
from acqkit.errors import PoolError

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS |= {"validation": "train", "valid": "train", "val": "train", "dev": "train"}


def open_picture_folder(folder: Path) -> Table:
    """A row a picture: `image`, `name`, and `label` and `split` where folders are called so.

    Further columns are those of the metadata. Raises PoolError where there is no picture.
    """
    tables = [path for name in METADATA for path in sorted(folder.rglob(name))]
    rows = list(_of_metadata(folder, tables)) if tables else list(_of_names(folder))
    if not rows:
        raise PoolError(f"{folder} holds no picture ({', '.join(sorted(PICTURES))})")
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: ListColumn([row.get(name) for row in rows], folder) for name in names}
    roles = {"a": "image"}
    roles |= {role: role for role in ("label", "split") if role in names}
    return Table(folder, columns, len(rows), roles)


def pictures_in(folder: Path) -> Iterator[Path]:
    """Every picture in the folder and those below it, sorted."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    return iter(sorted(path for path in found if path.is_file()))


def _of_names(folder: Path) -> Iterator[dict[str, Any]]:
    """Rows by paths alone; a folder at the top that is called so is the split, the next a class."""
    paths = [PurePosixPath(path.relative_to(folder).as_posix()) for path in pictures_in(folder)]
    tops = {path.parts[0].lower() for path in paths if len(path.parts) > 1}
    split = bool(tops) and tops <= _SPLITS.keys() and all(len(path.parts) > 1 for path in paths)
    for path in paths:
        row: dict[str, Any] = {"image": str(path), "name": path.stem}
        inner = path.parts[:-1]
        if split:
            row["split"], inner = _SPLITS[inner[0].lower()], inner[1:]
        if inner:
            row["label"] = "/".join(inner)
        yield row


def _of_metadata(folder: Path, tables: list[Path]) -> Iterator[dict[str, Any]]:
    opened = {".csv": open_csv, ".jsonl": open_json_lines}
    for path in tables:
        open_it = opened.get(path.suffix)
        table = open_it(path, path.parent) if open_it else open_parquet([path], path.parent)
        if "file_name" not in table.columns:
            raise PoolError(f"{path} has no column 'file_name'; it says which picture a row is of")
        above = path.parent.relative_to(folder).as_posix()
        top = PurePosixPath(above).parts[:1]
        others = [name for name in table.columns if name not in ("file_name", "image")]
        for row in range(table.rows):
            name = str(table.columns["file_name"].value(row))
            found: dict[str, Any] = {"image": name if above == "." else f"{above}/{name}"}
            found |= {other: table.columns[other].value(row) for other in others}
            if top and top[0].lower() in _SPLITS:
                found.setdefault("split", _SPLITS[top[0].lower()])
            yield found
