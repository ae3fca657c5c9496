"""JSON files: COCO captions, or a list of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acqkit.encoding.columns import ListColumn, Table
from acqkit.encoding.sources.tables import check_utf8, table_of_objects
from acqkit.errors import PoolError
from acqkit.pool.source import reading


def open_json(path: Path, folder: Path) -> Table:
    """COCO captions: a row a picture with its captions; or a list of objects. Raises PoolError."""
    check_utf8(path)
    with reading(path, "JSON"):
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(data, list):
        rows = ((f"element {place} (counted from 0)", row) for place, row in enumerate(data))
        return table_of_objects(path, folder, rows)
    if isinstance(data, dict) and {"images", "annotations"} <= data.keys():
        return _captions(path, folder, data)
    raise PoolError(
        f"{path} is neither COCO captions (an object with 'images' and 'annotations') nor a list "
        "of objects; give one of these, or JSON lines (.jsonl)"
    )


def _captions(path: Path, folder: Path, data: dict[str, Any]) -> Table:
    try:
        names = {image["id"]: str(image["file_name"]) for image in data["images"]}
        captions: dict[Any, list[str]] = {key: [] for key in names}
        for place, annotation in enumerate(data["annotations"]):
            if annotation["image_id"] not in captions:
                raise PoolError(
                    f"{path} has a caption (element {place} of 'annotations', counted from 0) of "
                    f"the image {annotation['image_id']!r}, which 'images' does not have"
                )
            captions[annotation["image_id"]].append(str(annotation["caption"]))
    except (KeyError, TypeError) as error:
        raise PoolError(
            f"{path} is no file of COCO captions ({type(error).__name__}: {error}); 'images' have "
            "'id' and 'file_name', 'annotations' have 'image_id' and 'caption'"
        ) from None
    if len(names) < len(data["images"]):
        raise PoolError(f"{path} has an image id more than once in 'images'; ids must be unique")
    columns = {
        "id": ListColumn(list(names), folder),
        "image": ListColumn(list(names.values()), folder),
        "caption": ListColumn(list(captions.values()), folder),
    }
    roles = {"a": "image", "b": "caption", "id": "id"}
    return Table(path, columns, len(names), roles)
