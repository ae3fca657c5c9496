"""The speed suite: what is measured, what is a row all the same, and what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console

from acqkit.errors import ConfigError
from suite.session import Session, kind_of
from suite.speed import plan, run
from suite.speed.case import Case, Outcome
from suite.speed.config import SpeedSuite, read_speed_suite
from suite.speed.peers import PEERS, Peer
from suite.speed.plan import known_already, missing, plan_cases
from suite.speed.rows import exponents, make_rows
from suite.speed.verdict import verdicts

SUITES = Path(__file__).parents[2] / "benchmarks" / "suites"
TINY: dict[str, Any] = {
    "kind": "speed",
    "title": "Tiny",
    "pairs": [60, 120],
    "dims": [4],
    "batches": [5],
    "labeled": 10,
    "classes": 3,
    "passes": 2,
    "strategies": [{"name": "coreset", "algorithm": "k-center"}, "random"],
}
PRESENT = Peer("numpy", "numpy", "none", "peers", {"k-center": "quick"})
ABSENT = Peer("nowhere", "no_such_module", "none", "peers", {"k-center": "slow"})


def write_suite(folder: Path, **changes: Any) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY | changes), encoding="utf-8")
    return path


def outcome(case: Case, seconds: float | None = 1.0, **changes: Any) -> Outcome:
    times = [] if seconds is None else [seconds] * 3
    values = {"status": "ok", "seconds": times, "peak_mib": 10.0} | changes
    return Outcome.model_validate({"case": case, **values})


@pytest.fixture
def two_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (plan, run):
        monkeypatch.setattr(module, "PEERS", (PRESENT, ABSENT))
    monkeypatch.setattr(plan, "find_peer", lambda name: PRESENT if name == PRESENT.name else ABSENT)


def cases_of(**changes: Any) -> dict[str, Case]:
    suite = SpeedSuite.model_validate(TINY | {"pairs": [60]} | changes)
    return {f"{case.role} {case.method}": case for case in plan_cases(suite)}


@pytest.mark.parametrize("name", ["speed", "speed_full"])
def test_the_shipped_suites_have_every_peer_and_a_floor_for_all_but_two(name: str) -> None:
    assert kind_of(SUITES / f"{name}.yaml") == "speed"
    cases = plan_cases(read_speed_suite(SUITES / f"{name}.yaml"))
    assert {case.who for case in cases if case.role == "peer"} == {peer.name for peer in PEERS}
    ours = {case.algorithm for case in cases if case.role == "ours"}
    floors = {case.algorithm for case in cases if case.role == "floor"}
    assert ours - floors == {"probcover", "coverage"}
    assert len({case.key for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": [12]}, "12 pairs are too few"),
        ({"pairs": [], "sizes": [[12, 4, 5]]}, "12 pairs are too few"),
        ({"sizes": [[60, 4, 5]]}, "either pairs or sizes"),
        ({"strategies": ["random", "random"]}, "has 'random' twice"),
        ({"thread": 1}, "thread"),
    ],
)
def test_what_cannot_be_run_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_speed_suite(write_suite(tmp_path, **changes))


def test_a_run_that_is_killed_repeats_nothing_and_ends_with_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_peers: None
) -> None:
    file = write_suite(tmp_path)
    session = Session(Console(quiet=True), tmp_path / "out")
    measured: list[Case] = []
    last = 4

    def fake(case: Case, data: Path, commit: str) -> Outcome:
        if len(measured) == last:
            raise KeyboardInterrupt
        measured.append(case)
        if case.role == "peer" and case.pairs == 120:
            return outcome(case, status="DNF", reason="over 300 s", seconds=None)
        return outcome(case, seconds=case.pairs / 60)

    monkeypatch.setattr(run, "run_case", fake)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run.run_speed(file, session)
    assert len(measured) == last
    assert "more measurements of the suite are not made yet" in (out / "table.md").read_text(
        encoding="utf-8"
    )
    last = -1
    with pytest.raises(ConfigError, match="--resume"):
        run.run_speed(file, session)
    run.run_speed(file, replace(session, resume=True))
    assert len({case.key for case in measured}) == len(measured)
    text = (out / "table.md").read_text(encoding="utf-8")
    assert "missing: not installed: pip install acqkit[peers]" in text
    assert "| over 300 s |" in text
    assert "acqkit: coreset | 4 | 5 | 1 | 2 | 1.00" in text
    rows = pq.read_table(out / "table.parquet").to_pylist()
    assert {row["status"] for row in rows} == {"ok", "DNF", "missing"}
    assert len(rows) == len(plan_cases(read_speed_suite(file)))
    run.run_speed(file, replace(session, resume=True))
    assert (out / "table.md").read_text(encoding="utf-8") == text


def test_what_follows_from_other_measurements_is_not_made(two_peers: None) -> None:
    sizes = [[60, 4, 5], [120, 4, 5], [120, 8, 9]]
    strategies = [
        {"name": "coreset", "algorithm": "k-center"},
        {"name": "lcmd", "algorithm": "lcmd"},
    ]
    suite = SpeedSuite.model_validate(
        {**TINY, "pairs": [], "sizes": sizes, "strategies": strategies, "peer_seconds": 7}
    )
    cases = plan_cases(suite)
    assert {(c.pairs, c.dim, c.batch) for c in cases} == {tuple(size) for size in sizes}
    assert {c.limit_seconds for c in cases if c.role == "peer"} == {7}
    assert {c.limit_seconds for c in cases if c.role != "peer"} == {300}
    small, large, widest = (c for c in cases if c.role == "peer" and c.who == PRESENT.name)
    slow = outcome(large, None, status="DNF", reason="over 7 s")
    assert known_already(small, [slow]) is None
    found = known_already(widest, [outcome(small), slow])
    assert found is not None and found.status == "DNF"
    assert found.reason == "over 7 s on 120 x 4, 5 picks" and found.case == widest
    floors = [c for c in cases if c.role == "floor" and c.method == "one pass per pick"]
    shared = known_already(floors[1], [outcome(floors[0], 2.0)])
    assert shared is not None and shared.case == floors[1] and shared.seconds == [2.0] * 3
    assert known_already(floors[2], [outcome(floors[0])]) is None


def test_what_is_not_installed_is_a_row_that_says_so(two_peers: None) -> None:
    cases = cases_of(strategies=["no-such-strategy", {"name": "coreset", "algorithm": "k-center"}])
    gone = missing(cases["ours no-such-strategy"])
    assert gone is not None
    assert "no-such-strategy" in gone.reason
    assert missing(cases["peer quick"]) is None
    absent = missing(cases["peer slow"])
    assert absent is not None
    assert make_rows([absent])[0].reason == "not installed: pip install acqkit[peers]"


@pytest.mark.parametrize(
    ("ours", "theirs", "answer"),
    [
        (([1, 2, 3, 4, 5], -2.0), ([5, 4, 3, 2, 1], -2.0), "same picks"),
        (([1, 2, 3, 4, 5], -2.0), ([1, 2, 3, 4, 6], -2.0), "as good, 4 of 5 picks in common"),
        (([1, 2, 3, 4, 5], -2.0), ([1, 2, 3, 4, 6], -2.5), "better: radius -2, theirs -2.5"),
        (([1, 2, 3, 4, 5], -3.0), ([1, 2, 3, 4, 6], -2.5), "worse: radius -3, theirs -2.5"),
    ],
)
def test_picks_are_compared_with_the_peers(
    two_peers: None,
    ours: tuple[list[int], float],
    theirs: tuple[list[int], float],
    answer: str,
) -> None:
    cases = cases_of()
    rows = make_rows(
        [
            outcome(cases[name], seconds, picks=picks, objective=("radius", value))
            for name, seconds, (picks, value) in (
                ("ours coreset", 1.0, ours),
                ("peer quick", 20.0, theirs),
            )
        ]
    )
    assert rows[1].answer == answer
    assert rows[1].speedup == 20
    said = list(verdicts(rows))
    assert said == [
        "- coreset: misses: answers worse than numpy"
        if answer.startswith("worse")
        else "- coreset: holds"
    ]


@pytest.mark.parametrize(
    ("own", "peer", "floor", "fault"),
    [
        (1.0, 10.0, 0.1, ""),
        (1.0, 1.2, 0.7, ""),
        (1.0, 9.0, 0.4, "9.0 times as fast as the fastest peer, 2.50 times its floor"),
        (1.0, 0.9, 0.7, "numpy takes 0.9 s, ours 1 s"),
        (1.0, None, 0.4, "2.50 times its floor"),
        (1.0, None, 0.7, ""),
    ],
)
def test_verdicts_follow_peers_and_floors(
    two_peers: None, own: float, peer: float | None, floor: float, fault: str
) -> None:
    cases = cases_of()
    results = [
        outcome(cases["ours coreset"], own),
        outcome(cases["floor one pass per pick"], floor),
    ]
    added = ", as no peer is measured" if peer is None else ""
    if peer is not None:
        results.append(outcome(cases["peer quick"], peer))
    said = [
        list(verdicts(make_rows(results), reasons))
        for reasons in (None, {"coreset": "it reads twice", "badge": "it draws"})
    ]
    if fault:
        assert said == [
            [f"- coreset: misses: {fault}"],
            [f"- coreset: misses: {fault} (it reads twice)"],
        ]
    elif own / floor > 1.5:
        added += f", {own / floor:.2f} times its floor"
        assert said == [[f"- coreset: holds{added}"], [f"- coreset: holds{added} (it reads twice)"]]
    else:
        assert said == [[f"- coreset: holds{added}"]] * 2


def test_memory_counts_only_beside_peers_that_take_much(two_peers: None) -> None:
    cases = cases_of()
    own = make_rows([outcome(cases["ours coreset"], peak_mib=400.0)])[0]
    slow = make_rows([outcome(cases["peer quick"], None, status="DNF", reason="slow")])[0]
    assert list(verdicts([own, slow])) == ["- coreset: holds, as no peer finishes"]
    peer = make_rows([outcome(cases["peer quick"], 20.0, peak_mib=1000.0)])[0]
    assert list(verdicts([own, peer])) == ["- coreset: holds"]
    assert "a quarter" in next(iter(verdicts([own, replace(peer, peak_mib=1500.0)])))


def test_exponents_are_log_log_slopes(two_peers: None) -> None:
    sizes = (60, 120, 240)
    results = [outcome(cases_of(pairs=[size])["ours coreset"], 3.0 * size**1.5) for size in sizes]
    assert exponents(make_rows(results)) == {
        ("acqkit", "coreset", 4, 5): pytest.approx(1.5),
    }
    assert np.isfinite(list(exponents(make_rows(results)).values())).all()


def test_a_floor_that_algorithms_have_in_common_is_one_point(two_peers: None) -> None:
    floor = make_rows([outcome(cases_of(pairs=[60])["floor one pass per pick"], 1.0)])[0]
    assert exponents([floor, replace(floor, algorithm="lcmd")]) == {}
