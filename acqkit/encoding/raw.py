"""Raw items that somebody has at hand, as encoders get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acqkit.encoding.items import FileItem, decoded
from acqkit.errors import PoolError, shown
from acqkit.interfaces import ItemKind
from acqkit.pool.display import kind_of


def read_item(item: Any) -> tuple[ItemKind, Any]:
    """The kind of an item and what an encoder gets of it.

    item: a text, a picture (`PIL.Image.Image`), or the content or the `pathlib.Path` of a file
    of a picture or a sound. Raises PoolError where it is none of these, or cannot be read.
    """
    if isinstance(item, str):
        return "text", item
    if is_picture(item):
        from acqkit.encoding.pictures import in_rgb  # noqa: PLC0415

        return "image", in_rgb(item)
    if not isinstance(item, Path | bytes):
        raise PoolError(f"{shown(item)} is no text, picture, or file of a picture or a sound")
    name = str(item) if isinstance(item, Path) else "what was given"
    try:
        content = FileItem(item.parent, item.name).read() if isinstance(item, Path) else item
        kind = kind_of(content)
        if kind == "text":
            raise PoolError("is neither a picture nor a sound")
        return kind, decoded(kind, content)
    except PoolError as error:
        raise PoolError(f"{name} {error}") from None


def is_picture(item: Any) -> bool:
    """Whether it is a picture of Pillow, for which it need not be imported."""
    return hasattr(item, "save") and hasattr(item, "mode") and hasattr(item, "size")


def is_raw(inputs: Any) -> bool:
    """Whether inputs are a list of raw items, by the first of them, and no numbers."""
    first = inputs[0] if isinstance(inputs, list | tuple) and inputs else None
    return isinstance(first, str | bytes | Path) or is_picture(first)
