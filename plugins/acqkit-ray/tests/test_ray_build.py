"""`pool build` on two workers gives the pool of one process, byte for byte."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import acqkit_ray
import numpy as np
from PIL import Image
from ray_encoders import Colors, Words

from acqkit.encoding import Built, build_pool
from ray_cluster import MARKS
from ray_cluster import cluster as cluster

pytestmark = MARKS
ENGINE = acqkit_ray.RayEngine(workers=2)


def table(folder: Path, rows: int) -> Path:
    """Pictures of which each tenth is one that was there before, and two are none."""
    names = []
    for row in range(rows):
        path = folder / f"{row:03}.png"
        color = (7 * (row - row % 10) if row % 10 == 9 else row, row % 5, 3)
        Image.fromarray(np.full((6, 5, 3), color, np.uint8)).save(path)
        names.append(path.name)
    for broken in (4, rows - 2):
        (folder / names[broken]).write_bytes(b"\x89PNG no picture")
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["picture", "text", "kind"])
        writer.writerows(
            [name, f"number {row % 31}", "ab"[row % 2]] for row, name in enumerate(names)
        )
    return folder / "table.csv"


def build(source: Path, out: Path, engine: object, marks: str = "") -> Built:
    colors = Colors(marks=marks)
    return build_pool(
        source, out=out, a="picture", b="text", label="kind", encode_a=colors, encode_b=Words(),
        batch_size=4, engine=engine,
    )  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a pool and of what was encoded for it, without the folder's own name.

    But for the times of files, which are noted in the order in which they come to be known.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes().replace(bytes(folder), b"")
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "stamps.bin")
    }


def test_two_workers_build_the_pool_of_one_process(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    source = table(tmp_path / "raw", 60)
    here = build(source, tmp_path / "here" / "pool", "local")
    there = build(source, tmp_path / "there" / "pool", ENGINE)
    assert (there.encoded, there.failed) == (here.encoded, here.failed)
    assert there.failed == 2 and there.duplicates == here.duplicates
    found = contents(tmp_path / "there")
    assert found == contents(tmp_path / "here")
    assert {Path(name).name for name in found} >= {"vectors.bin", "failures.csv"}
    again = build(source, tmp_path / "there" / "pool", ENGINE)
    assert again.encoded == {"picture": 0, "text": 0}
    assert contents(tmp_path / "there") == found


def test_a_killed_worker_costs_its_batches(tmp_path: Path) -> None:
    for name in ("raw", "marks"):
        (tmp_path / name).mkdir()
    source = table(tmp_path / "raw", 60)
    build(source, tmp_path / "here" / "pool", "local")
    build(source, tmp_path / "there" / "pool", ENGINE, str(tmp_path / "marks"))
    assert (tmp_path / "marks" / "killed").exists()
    batches = 13  # 52 pictures are different and can be decoded
    assert batches < len(list((tmp_path / "marks").iterdir())) - 1 <= batches + 4
    vectors = [contents(tmp_path / name)["pool/modality_a.npy"] for name in ("here", "there")]
    assert vectors[0] == vectors[1]
