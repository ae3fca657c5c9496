"""Run a scale suite: every size in a process of its own, then one table."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from acqkit.components.explain import explain
from acqkit.components.spec import Settings
from acqkit.errors import ConfigError
from acqkit.files import write_text
from suite.environment import environment
from suite.scale.measure import THREADS, generate
from suite.session import Session, read_yaml
from suite.speed.watch import environment_of


class ScaleSuite(Settings):
    """Pool sizes."""

    kind: Literal["scale"]
    title: str = Field(min_length=1)
    description: str = ""
    pairs: list[int] = Field(min_length=1, description="pool sizes")


def run_scale(file: Path, session: Session) -> None:
    """Write table.md and environment.json; sizes that are measured are not measured again.

    The pool of the largest size lies in the output folder meanwhile: 2.1 GB a million pairs.
    Raises ConfigError where the folder holds something and resuming is not asked for.
    """
    try:
        suite = ScaleSuite.model_validate(read_yaml(file))
    except ValidationError as error:
        raise ConfigError(f"{file.name}: {explain(error, ScaleSuite)}") from None
    out, sizes = session.out, sorted(suite.pairs)
    wanted = [size for size in sizes if not _file(out, size).exists()]
    session.say(f"{suite.title}: {len(sizes)} sizes, {len(wanted)} to measure, in {out}")
    if session.dry_run:
        return
    session.claim()
    try:
        _measure(session, wanted)
    finally:
        shutil.rmtree(out / "data", ignore_errors=True)
        found = [_file(out, size) for size in sizes if _file(out, size).exists()]
        results = [json.loads(path.read_text(encoding="utf-8")) for path in found]
        made_with = environment(jobs=1) | {"command": f"python benchmarks/run.py {file.stem}"}
        text = json.dumps(made_with, indent=1)
        (out / "environment.json").write_text(text, encoding="utf-8")
        (out / "table.md").write_text(markdown(suite, results, made_with), encoding="utf-8")
    session.say((out / "table.md").read_text(encoding="utf-8"))


def _file(out: Path, size: int) -> Path:
    return out / "measurements" / f"{size}.json"


def _measure(session: Session, sizes: list[int]) -> None:
    out = session.out
    (out / "measurements").mkdir(exist_ok=True)
    with session.bar() as progress:
        task = progress.add_task("sizes", total=len(sizes))
        for size in sizes:
            progress.update(task, description=f"{size:,} pairs")
            folder = out / "data"
            if not folder.exists():
                folder.mkdir()
                generate(folder, sizes[-1])
            write_text(_file(out, size), measured(folder, size))
            progress.advance(task)


def measured(folder: Path, size: int) -> str:
    """What a process of its own measures of the first `size` pairs, as JSON."""
    command = [sys.executable, "-m", "suite.scale.measure", str(folder), str(size)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment_of(THREADS)
    )
    return done.stdout


def markdown(suite: ScaleSuite, results: list[dict[str, Any]], made_with: dict[str, Any]) -> str:
    """The table, with the exponent of growth from the first to the last size."""
    phases = list(dict.fromkeys(name for result in results for name in result["phases"]))
    head = ["pairs", "looked at", "seconds", "floor", "times the floor", "peak GiB", *phases]
    rows = [head, ["---:"] * len(head)]
    for result in results:
        numbers = [result[name] for name in ("seconds", "floor", "ratio", "peak_gib")]
        numbers += [result["phases"].get(name, 0.0) for name in phases]
        shown = [f"{number:.2f}" for number in numbers]
        rows.append([f"{result['pairs']:,}", f"{result['sample']:,}", *shown])
    parts = [f"# {suite.title}", suite.description.strip()]
    parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    if len(results) > 1:
        parts.append(f"Seconds grow as n^{growth(results):.2f}.")
    parts.append(
        f"Made with `{made_with['command']}`, commit {made_with['commit']}, {made_with['cpu']}, "
        f"threads: {THREADS}."
    )
    return "\n\n".join(parts) + "\n"


def growth(results: list[dict[str, Any]]) -> float:
    """Log-log slope of seconds over pairs, from the first result to the last."""
    first, last = results[0], results[-1]
    longer = math.log(last["seconds"] / first["seconds"])
    return longer / math.log(last["pairs"] / first["pairs"])
