"""A whole round on a large pool: seconds by phase and memory, by layout and engine.

    python benchmarks/large_pool.py 100000 1000000 10000000 --engine local --engine ray --kill
    python benchmarks/large_pool.py --quick

A synthetic pool of so many pairs (two modalities, d = 128, float16, 20 classes, 2,000 labels, ids
that are texts) is written as a folder of `.npy` and as a Parquet data set of 100 files; with
`--layout s3` such a data set lies on an S3 server of this machine (moto). By each engine a process
of its own opens the pool, makes a campaign and asks for 1,000 pairs by `ascmr+density` with the
two-tower: train, embed, score, allocate, store. Another process opens the campaign again. `--kill`
asks once more by Ray, with a worker killed while embedding and another while scoring. Prints
Markdown, writes it with `--out`, and exits with 1 where picks differ. With `--keep` each
measurement is added to a file of JSON lines, whose others are in the tables, too, and not measured
again; all must be of one commit.

The pools lie in a temporary folder meanwhile (`--folder`): 2 GB a million pairs, all that is kept
included.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suite.environment import commit
from suite.scale.measure import THREADS
from suite.scale.object_store import served
from suite.scale.pool_files import write_npy, write_parquet
from suite.scale.processes import Peaks
from suite.scale.round_tables import markdown
from suite.speed.watch import environment_of

LAYOUTS = ("npy", "parquet", "s3")
ENGINES = ("local", "ray")
WAYS = (*ENGINES, "killed")
QUICK = [10_000, 100_000]


def main() -> int:
    """Measure every size in every layout by every engine and print the tables."""
    given = _arguments()
    results = _kept(given.keep)
    for size, layout in itertools.product(given.pairs, given.layout or LAYOUTS[:2]):
        there = {result["way"] for result in results if _case(result) == (size, layout)}
        ways = [way for way in given.ways if way not in there]
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            for result in measured(Path(folder), layout, size, ways):
                results.append(result | {"commit": commit(), "arguments": given.shown})
                line = json.dumps(results[-1])
                print(line, file=sys.stderr, flush=True)
                if given.keep is not None:
                    with given.keep.open("a", encoding="utf-8") as file:
                        file.write(f"{line}\n")
    results.sort(key=lambda result: (_case(result), WAYS.index(result["way"])))
    text = markdown(results)
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")
    picks = {(result["pairs"], result["picks"]) for result in results}
    return 0 if len(picks) == len({result["pairs"] for result in results}) else 1


def _arguments() -> argparse.Namespace:
    """What was asked for; `ways` are the engines and deaths, `shown` says it in a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pairs", type=int, nargs="*", help="sizes of pools")
    parser.add_argument("--quick", action="store_true", help=f"the sizes {QUICK}")
    parser.add_argument("--layout", choices=LAYOUTS, action="append", help="[npy, parquet]")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="[local]")
    parser.add_argument("--kill", action="store_true", help="also by ray with two deaths")
    parser.add_argument("--folder", type=Path, help="where the pools lie meanwhile")
    parser.add_argument("--keep", type=Path, help="measurements so far, to which more are added")
    parser.add_argument("--out", type=Path, help="a file for what is printed")
    given = parser.parse_args()
    given.pairs = QUICK if given.quick else sorted(given.pairs)
    if not given.pairs:
        parser.error("say how many pairs, or --quick")
    given.ways = list(dict.fromkeys(given.engine or ["local"])) + ["killed"] * given.kill
    words = [*map(str, given.pairs), *(f"--layout {each}" for each in given.layout or ())]
    words += [*(f"--engine {each}" for each in given.engine or ()), *["--kill"] * given.kill]
    given.shown = " ".join(words)
    return given


def _case(result: dict[str, Any]) -> tuple[int, str]:
    return result["pairs"], result["layout"]


def _kept(file: Path | None) -> list[dict[str, Any]]:
    """The measurements in a file; ends the command where they are of another commit."""
    if file is None or not file.exists():
        return []
    results = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    others = {result["commit"] for result in results} - {commit()}
    if others:
        sys.exit(f"{file} has measurements of the commits {sorted(others)}, and this is {commit()}")
    return results


def measured(folder: Path, layout: str, size: int, ways: list[str]) -> Iterator[dict[str, Any]]:
    """A pool is made, and what is measured of it in each way: `local`, `ray`, `killed`."""
    if not ways:
        return
    with _pool(folder, layout, size) as address:
        for way in ways:
            yield {"pairs": size, "layout": layout, "way": way} | _round(folder, address, way)
            shutil.rmtree(folder / "campaign")
            # Digests that are kept beside a pool would spare the next one reading it.
            for kept in folder.glob("pool/.*.digest"):
                kept.unlink()


@contextmanager
def _pool(folder: Path, layout: str, size: int) -> Iterator[str]:
    """Where the pool is meanwhile."""
    pool = folder / "pool"
    pool.mkdir()
    (write_npy if layout == "npy" else write_parquet)(pool, size)
    if layout != "s3":
        yield str(pool)
        return
    with served(pool) as address:
        yield address


def _round(folder: Path, pool: str, way: str) -> dict[str, Any]:
    """What two processes measure: a round, and opening the campaign again."""
    found: dict[str, Any] = {"seconds": {}, "cpu": {}, "peaks": {}}
    for arguments in ((pool, way), ()):
        with (
            subprocess.Popen(
                [sys.executable, "-m", "suite.scale.whole_round", str(folder), *arguments],
                cwd=Path(__file__).parent,
                env=environment_of(THREADS),
                stdout=subprocess.PIPE,
                text=True,
            ) as process,
            Peaks(process.pid) as peaks,
        ):
            said, _ = process.communicate()
        if process.returncode:
            sys.exit(f"a process of the measurement ended with code {process.returncode}")
        # Ray has its own to say of workers that die.
        result = json.loads(said.splitlines()[-1])
        found["seconds"] |= result["seconds"]
        found["cpu"] |= result["cpu"]
        found.setdefault("picks", result.get("picks"))
        for kind, each in peaks.by_kind().items():
            found["peaks"].setdefault(kind, []).extend(each)
    found["peaks"]["driver"] = [max(found["peaks"]["driver"])]
    return found


if __name__ == "__main__":
    sys.exit(main())
