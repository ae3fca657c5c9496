"""Folders of small pictures with a table, and encoders that say what they encode."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from acqkit import Component
from acqkit.interfaces import ItemKind


def png(number: int, side: int = 8, mode: str = "RGB") -> bytes:
    """A picture that no other number has."""
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def write_rows(folder: Path, rows: Sequence[dict[str, Any]], name: str = "table.csv") -> Path:
    """A CSV table."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def picture_rows(folder: Path, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Pictures in `folder/pictures`, and a row of each."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in numbers:
        file = folder / "pictures" / f"{number:03}.png"
        file.write_bytes(png(number))
        label = ("even", "odd")[number % 2]
        part = "test" if number % 5 == 0 else "train"
        text = f"picture number {number}"
        rows.append({"file": f"pictures/{file.name}", "text": text, "label": label, "part": part})
    return rows


class Pixels(Component):
    """Mean colors of a picture's quarters, `[k, 12]`; each item is a line in `log`."""

    accepts: ClassVar[frozenset[ItemKind]] = frozenset({"image"})

    log: str = ""
    seconds: float = 0.0
    fails_at: float | None = None
    """The first number of a vector at which it raises."""

    def encode(self, items: Sequence[Any]) -> np.ndarray[Any, Any]:
        assert all(item.mode == "RGB" for item in items)
        time.sleep(self.seconds)
        small = [np.asarray(item.resize((2, 2)), dtype=np.float32).ravel() for item in items]
        if self.fails_at is not None and any(vector[0] == self.fails_at for vector in small):
            raise RuntimeError("this picture is beyond me")
        _write(self.log, [hashlib.sha256(item.tobytes()).hexdigest() for item in items])
        return np.stack(small)


class Letters(Component):
    """How often a text has each of the letters a to z and the digits, `[k, 36]`."""

    accepts: ClassVar[frozenset[ItemKind]] = frozenset({"text"})

    log: str = ""

    def encode(self, items: Sequence[str]) -> np.ndarray[Any, Any]:
        _write(self.log, list(items))
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        return np.array([[item.count(letter) for letter in letters] for item in items], np.float32)


def _write(log: str, lines: list[str]) -> None:
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))


def lines(log: Path) -> list[str]:
    """What was encoded so far."""
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []
