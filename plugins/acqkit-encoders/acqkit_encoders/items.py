"""Raw items of a pool as encoders take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from acqkit.encoding.pictures import picture
from acqkit.errors import PoolError
from acqkit.interfaces import Pool


def pictures(items: Sequence[Any]) -> list[Image.Image]:
    """Pictures in RGB from pictures or the content of their files; raises PoolError."""
    return [_picture(item) for item in items]


def texts(items: Sequence[Any]) -> list[str]:
    """Texts as they are; raises PoolError for what is none."""
    for item in items:
        if not isinstance(item, str):
            raise PoolError(
                f"the model reads texts, got a {type(item).__name__}; say which modality has the "
                "pictures with the model's parameter images: a or b"
            )
    return list(items)


def check_raw(pool: Pool, model: str) -> None:
    """Raise PoolError for a pool of features, which has nothing to encode."""
    if pool.dims is not None:
        raise PoolError(
            f"pool {pool.name!r} has features already, and the model {model} reads raw items; use "
            "two-tower, or a pool of raw items (PairPool.from_dataset)"
        )


def _picture(item: Any) -> Image.Image:
    if isinstance(item, Image.Image):
        return item.convert("RGB")
    if isinstance(item, bytes):
        return picture(item)
    raise PoolError(
        f"the model reads pictures (PIL.Image.Image, or the bytes of a file), got a "
        f"{type(item).__name__}; say which modality has them with the parameter images: a or b"
    )
