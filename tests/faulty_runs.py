"""A small simulated run with faults: resumed, it ends as the one that had none."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from faulty_commands import JOURNAL, command, install
from injected_faults import Check, outcome

from acqkit.pool.folder import save_pool
from acqkit.runs import Results
from acqkit.store import SqliteStore
from acqkit.store.artifacts import Artifacts
from acqkit.testing import make_pool
from killable import run_in_fork


def run(pool: Path, out: Path, journal: Path) -> None:
    """Two rounds after the initial labels, the reference and the page; trainings are noted."""
    os.environ[JOURNAL] = str(journal)
    amounts = ("--initial", 6, "--per-round", 3, "--rounds", 2, "--seeds", 1)
    parts = (
        "--strategy",
        "light-margin",
        "--trainer",
        "noted",
        "--model",
        "light",
        "--full",
        "--set",
        "stop.stability=1",
    )
    command("run", "--pool", pool, "--out", out, *amounts, *parts)


def age(out: Path) -> None:
    """Let what is hidden be as old as what killed processes left long ago."""
    for hidden in out.rglob(".*.new"):
        for path in (*hidden.rglob("*"), hidden):
            os.utime(path, (0, 0))


def facts(out: Path) -> dict[str, Any]:
    """All that a run left but times, by file."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.name == "results.json":
            results = Results.read(path).model_dump()
            for record in results["rounds"]:
                del record["seconds"]
            found[name] = results
        elif path.name == "campaign.sqlite":
            found[name] = _steps(path.parent)
        elif path.suffix == ".npy" and path.parent.parent.name == "seeds":
            found[name] = path.read_bytes()
        elif path.suffix in (".json", ".html") and "artifacts" not in path.parts:
            found[name] = path.name == "report.html" or json.loads(path.read_bytes())
    return found


def _steps(campaign: Path) -> Any:
    with closing(SqliteStore.open(campaign)) as store:
        batches = [(b.batch_id, b.strategy, b.positions.tolist()) for b in store.batches()]
        return batches, store.answers_log()


def check_whole(out: Path) -> None:
    """Assert that no file that has its name is half of one."""
    for path in out.rglob("*.json"):
        if not any(part.startswith(".") for part in path.relative_to(out).parts):
            json.loads(path.read_bytes())
    for path in out.rglob("report.html"):
        assert path.read_bytes().rstrip().endswith(b"</html>")


def recorded(out: Path) -> Counter[str]:
    """The labels on which trainings are done that need not be done again."""
    found: Counter[str] = Counter()
    for file in out.glob("**/[!.]*/campaign.sqlite"):
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT record FROM records").fetchall()
            trained = {json.loads(record)["training"]["labels"] for (record,) in rows}
            for name, record in connection.execute("SELECT embeddings, record FROM trainings"):
                assert Artifacts(file.parent).find(name) is not None
                trained.add(json.loads(record)["labels"])
        found.update(trained)
    # Of the reference, a file for each trainer; only the noted one says on what it trained.
    found["all"] += len([*out.glob("full/noted-0.json")])
    return found


def noted(journal: Path, everything: str) -> Counter[str]:
    """The trainings in a journal."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    return Counter("all" if line == everything else line for line in lines)


def run_case(root: Path) -> Check:
    """A run that a fault ended is gone on with by the same command: see the module."""
    install()
    pool, twin, journal = root / "pool.npz", root / "twin", root / "twin.txt"
    save_pool(make_pool(40, 3, test_share=0.25), pool)
    run(pool, twin, journal)  # here, so that forks find what is worked out once a process
    wanted = facts(twin)
    everything = journal.read_text().split()[0]  # the reference is trained first
    all_trainings = noted(journal, everything)
    assert recorded(twin) == all_trainings and all_trainings["all"] == 1

    def check(at: int, fault: str) -> str:
        with tempfile.TemporaryDirectory(dir=root) as place:
            out, after = Path(place) / "run", Path(place) / "after.txt"
            found = outcome(lambda: run(pool, out, Path(place) / "before.txt"), at, fault)
            what = (at, fault, found)
            check_whole(out)
            if found == "refused":
                assert not (left := [*out.rglob(".*.new")]), (what, left)
            done = recorded(out)
            age(out)
            run_in_fork(functools.partial(run, pool, out, after), None)
            assert facts(out) == wanted, what
            assert noted(after, everything) <= all_trainings - done, (what, done)
            assert not (left := [*out.rglob(".*.new")]), (what, left)
        return found

    return check
