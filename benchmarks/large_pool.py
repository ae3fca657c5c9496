"""A whole round on a large pool: seconds by phase and memory, as .npy and as Parquet.

    python benchmarks/large_pool.py 100000 1000000 10000000
    python benchmarks/large_pool.py --quick

A synthetic pool of so many pairs (two modalities, d = 128, float16, 20 classes, 2,000 labels, ids
that are texts) is written as a folder of `.npy` and as a Parquet data set of 100 files. Of each, a
process of its own opens the pool, makes a campaign and asks for 1,000 pairs by `ascmr+density` with
the two-tower on the engine `local`: train, embed, score, allocate, store. Another process opens the
campaign again. Prints Markdown, writes it with `--out`, and exits with 1 where the layouts pick
different pairs.

The pools lie in a temporary folder meanwhile (`--folder`): 1.5 GB a million pairs, all that is kept
included.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.environment import environment
from suite.scale.measure import THREADS, PeakMemory
from suite.scale.pool_files import write_npy, write_parquet
from suite.speed.watch import environment_of

PICKS = 1000
LAYOUTS = {"npy": write_npy, "parquet": write_parquet}
QUICK = [10_000, 100_000]


def main() -> int:
    """Measure every size in both layouts and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pairs", type=int, nargs="*", help="sizes of pools")
    parser.add_argument("--quick", action="store_true", help=f"the sizes {QUICK}")
    parser.add_argument("--layout", choices=LAYOUTS, action="append", help="this one alone")
    parser.add_argument("--folder", type=Path, help="where the pools lie meanwhile")
    parser.add_argument("--out", type=Path, help="a file for what is printed")
    given = parser.parse_args()
    sizes = QUICK if given.quick else sorted(given.pairs)
    if not sizes:
        parser.error("say how many pairs, or --quick")
    results = []
    for size in sizes:
        for layout in given.layout or LAYOUTS:
            with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                results.append(measured(Path(folder), layout, size))
            print(f"{size:,} pairs as {layout}: {results[-1]}", file=sys.stderr, flush=True)
    text = markdown(results, " ".join(sys.argv[1:]))
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")
    picks = {(result["pairs"], result["picks"]) for result in results}
    return 0 if len(picks) == len(sizes) else 1


def measured(folder: Path, layout: str, size: int) -> dict[str, Any]:
    """What two processes measure of one pool: a round, and opening the campaign again."""
    pool = folder / "pool"
    pool.mkdir()
    LAYOUTS[layout](pool, size)
    found = {"pairs": size, "layout": layout, "seconds": {}, "peaks": {}}
    for step in ("first", "again"):
        done = subprocess.run(
            [sys.executable, "-c", _STEP, str(folder), step],
            cwd=Path(__file__).parent,
            env=environment_of(THREADS),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        result = json.loads(done.stdout)
        found["seconds"] |= result["seconds"]
        found["peaks"] |= result["peaks"]
        found["picks"] = result.get("picks", found.get("picks"))
    return found


_STEP = "import sys, large_pool; large_pool.step(*sys.argv[1:])"


class Watch:
    """Seconds and peak anonymous memory, in KiB, of named parts of a process."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peaks: dict[str, int] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure the block."""
        with PeakMemory() as memory:
            start = time.perf_counter()
            yield
            self.seconds[name] = time.perf_counter() - start
        self.peaks[name] = memory.peak


def step(folder: str, which: str) -> None:
    """One process: print what it measures as JSON."""
    # What measures the others need not load all this, which is no part of a round.
    import acqkit_ascmr  # noqa: F401, PLC0415
    import acqkit_density  # noqa: F401, PLC0415

    import acqkit.models  # noqa: PLC0415
    from acqkit.timing import PhaseClock  # noqa: PLC0415

    watch, home = Watch(), Path(folder)
    found: dict[str, Any] = {"seconds": watch.seconds, "peaks": watch.peaks}
    if which == "again":
        with watch.part("open again"), acqkit.Campaign.open(home / "campaign") as campaign:
            assert len(campaign.batches()) > 1
        print(json.dumps(found))
        return
    with watch.part("open"):
        pool = acqkit.load_pool(home / "pool")
    with watch.part("create"):
        campaign = acqkit.Campaign.create(
            home / "campaign",
            pool,
            strategy="ascmr+density",
            model="two-tower",
            pool_reference=str(home / "pool"),
        )
    clock = campaign.clock = PhaseClock()
    with campaign, watch.part("round"):
        batch = campaign.ask(PICKS)
    whole = watch.seconds.pop("round")
    allocating = sum(clock.seconds[name] for name in clock.seconds if name in _ALLOCATING)
    parts = {name: clock.seconds[name] for name in ("train", "embed", "score")}
    parts["allocate"] = allocating
    watch.seconds.update(parts, store=whole - sum(parts.values()))
    found["picks"] = hashlib.blake2b(json.dumps(list(batch.ids)).encode()).hexdigest()[:12]
    print(json.dumps(found))


_ALLOCATING = ("read", "regions", "graph", "allocate")


def markdown(results: list[dict[str, Any]], arguments: str) -> str:
    """Seconds by phase, peaks, and by which power of the pairs each phase grows."""
    made_with = environment(jobs=1)
    names = list(results[0]["seconds"])
    rows = [["pairs", "layout", *names, "without embed", "peak GiB", "picks"]]
    rows.append(["---:", "---", *["---:"] * (len(names) + 2), "---"])
    for result in results:
        seconds, peak = result["seconds"], max(result["peaks"].values()) / 2**20
        shown = [f"{seconds[name]:.1f}" for name in names]
        shown += [f"{rest(seconds):.1f}", f"{peak:.2f}"]
        rows.append([f"{result['pairs']:,}", result["layout"], *shown, f"`{result['picks']}`"])
    parts = ["# A whole round on a large pool", INTRODUCTION, _table(rows)]
    parts.append(_table(_growth(results)))
    parts.append(
        f"Made with `python benchmarks/large_pool.py {arguments}`, commit {made_with['commit']}, "
        f"{made_with['cpu']}, threads: {THREADS}."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


INTRODUCTION = """Seconds by phase of one round of `ascmr+density` with the two-tower and the engine
`local` on synthetic pools (two modalities, d = 128, float16, 20 classes, 2,000 labels, text ids),
as a folder of `.npy` and as a Parquet data set of 100 files: open the pool, make a campaign, train,
embed, score, allocate 1,000 picks, store; then another process opens the campaign again. `peak GiB`
is the highest anonymous memory of either process, without mapped files but with the interpreter and
its libraries. Equal `picks` are the same pairs in the same order."""


def rest(seconds: dict[str, float]) -> float:
    """Seconds of a whole round but for embedding."""
    return sum(seconds.values()) - seconds["embed"]


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _growth(results: list[dict[str, Any]]) -> list[list[str]]:
    """From each size to the next larger one, by layout."""
    rows = [["from", "to", "layout", "n^ of all but embed", "n^ of embed"]]
    rows.append(["---:", "---:", "---", "---:", "---:"])
    for layout in dict.fromkeys(result["layout"] for result in results):
        own = [result for result in results if result["layout"] == layout]
        for before, after in itertools.pairwise(own):
            larger = math.log(after["pairs"] / before["pairs"])
            kinds = (rest, lambda seconds: seconds["embed"])
            powers = [
                math.log(kind(after["seconds"]) / kind(before["seconds"])) / larger
                for kind in kinds
            ]
            sizes = [f"{one['pairs']:,}" for one in (before, after)]
            rows.append([*sizes, layout, *[f"{power:.2f}" for power in powers]])
    return rows if len(rows) > 2 else []


if __name__ == "__main__":
    sys.exit(main())
