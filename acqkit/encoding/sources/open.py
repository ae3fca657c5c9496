"""`open_source`: the rows of a table or folder, whatever its layout."""

from __future__ import annotations

from pathlib import Path

from acqkit.encoding.columns import Table
from acqkit.encoding.sources.arrow import open_parquet, open_saved_dataset
from acqkit.encoding.sources.coco import open_json
from acqkit.encoding.sources.folder import open_picture_folder
from acqkit.encoding.sources.tables import open_csv, open_json_lines
from acqkit.encoding.sources.tars import open_tars
from acqkit.errors import PoolError

LAYOUTS = (
    "a CSV, TSV, JSON lines or Parquet table, COCO captions (.json), a folder of pictures, of "
    "Parquet or of tar files (WebDataset), or a Hugging Face data set saved to disk"
)


def open_source(path: Path, files: Path | None = None) -> Table:
    """The rows of a source; `files` is the folder of the files that it names (default: its own).

    Raises PoolError naming the file and what is wrong with it.
    """
    if not path.exists():
        raise PoolError(f"there is no file or folder {str(path)!r} to make a pool from")
    if path.is_dir():
        return _open_folder(path)
    folder = files or path.parent
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return open_csv(path, folder)
    if suffix in (".jsonl", ".ndjson"):
        return open_json_lines(path, folder)
    if suffix == ".json":
        return open_json(path, folder)
    if suffix == ".parquet":
        return open_parquet([path], folder)
    if suffix == ".tar":
        return open_tars([path])
    raise PoolError(f"{path} is no source of pairs that can be read: {LAYOUTS}")


def _open_folder(path: Path) -> Table:
    names = {entry.name for entry in path.iterdir()}
    if {"dataset_dict.json", "state.json"} & names:
        return open_saved_dataset(path)
    tars = sorted(path.glob("*.tar"))
    if tars:
        return open_tars(tars)
    parquet = sorted(path.rglob("*.parquet"))
    if parquet:
        return open_parquet(parquet, path)
    return open_picture_folder(path)
