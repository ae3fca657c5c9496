"""Run a speed suite: what is not measured yet is measured, then everything is written."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from acqkit.files import write_text
from suite.environment import commit, environment
from suite.session import Session
from suite.speed.case import Case, Outcome
from suite.speed.config import SpeedSuite, read_speed_suite
from suite.speed.peers import PEERS
from suite.speed.plan import known_already, missing, plan_cases
from suite.speed.rows import make_rows, write_rows
from suite.speed.scene import write_scene
from suite.speed.tables import markdown
from suite.speed.watch import run_case


def run_speed(file: Path, session: Session) -> None:
    """Measure, and write table.parquet, table.md and environment.json into the output folder.

    Raises ConfigError where that holds something and resuming is not asked for.
    """
    suite, out = read_speed_suite(file), session.out
    cases = plan_cases(suite)
    made = {case.key: read_outcome(case, out) for case in cases}
    open_cases = [case for case in cases if not missing(case) and not made[case.key]]
    session.say(f"{suite.title}: {len(cases)} measurements, {len(open_cases)} to make, in {out}")
    if session.dry_run:
        return
    session.claim()
    (out / "measurements").mkdir(exist_ok=True)
    try:
        _measure(session, open_cases, [outcome for outcome in made.values() if outcome])
    finally:
        # A run that is interrupted also leaves a report of what it has measured.
        write_report(suite, cases, out, f"python benchmarks/run.py {file.stem}")
    session.say((out / "table.md").read_text(encoding="utf-8"))


def _measure(session: Session, cases: list[Case], known: list[Outcome]) -> None:
    """Measure cases in order, but those whose outcome follows from what is known."""
    out = session.out
    for shape in sorted({case.shape for case in cases}, key=lambda s: -s.pairs):
        write_scene(shape, out / "data")
    with session.bar() as progress:
        task = progress.add_task("measurements", total=len(cases))
        for case in cases:
            progress.update(task, description=case.title)
            outcome = known_already(case, known) or run_case(case, out / "data", commit())
            known.append(outcome)
            _write(outcome, out)
            if outcome.status != "ok":
                session.say(f"{outcome.status}: {case.title}: {outcome.reason}")
            progress.advance(task)


def write_report(suite: SpeedSuite, cases: list[Case], out: Path, command: str) -> None:
    """Write what all measurements so far say."""
    found = [missing(case) or read_outcome(case, out) for case in cases]
    made = [outcome for outcome in found if outcome]
    rows = make_rows(made)
    made_with = _made_with(suite) | {"command": command, "open": len(cases) - len(made)}
    # That of the measurements: a table may be written again by a later one.
    measured_by = {outcome.commit for outcome in made if outcome.commit}
    if measured_by:
        made_with["commit"] = ", ".join(sorted(measured_by))
    (out / "environment.json").write_text(json.dumps(made_with, indent=1), encoding="utf-8")
    write_rows(rows, out / "table.parquet")
    (out / "table.md").write_text(markdown(suite, rows, made_with), encoding="utf-8")


def _made_with(suite: SpeedSuite) -> dict[str, Any]:
    made_with = environment(jobs=1)
    installed = {peer.name: metadata.version(peer.name) for peer in PEERS if not peer.missing()}
    made_with["versions"] |= installed
    return made_with | {"threads": f"threads of each measurement: {suite.threads}"}


def read_outcome(case: Case, out: Path) -> Outcome | None:
    """What a measurement came to; None where it has not been made, or its file is broken."""
    path = out / "measurements" / f"{case.key}.json"
    try:
        return Outcome.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _write(outcome: Outcome, out: Path) -> None:
    path = out / "measurements" / f"{outcome.case.key}.json"
    write_text(path, outcome.model_dump_json())
