"""The door through which results of runs come: `results.json`, as a report reads it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from door import IN_CI, Door, hold
from hypothesis import given
from hypothesis import strategies as st

from acqkit.report.collect import collect
from acqkit.report.data import ReportData
from acqkit.report.headline import headline
from acqkit.report.payload import payload, script_json
from results_data import FINE, IDS

pytestmark = pytest.mark.net

ODD: list[Any] = [
    None, True, -1, 0, 1, 2.5, "", "p3", "p1", "[/x]", "\x1b[31m", "</script>", [], {}, [1], ["p3"],
    {"name": "x"}, {"name": ""}, 10**20, 10**400, 1e308, float("inf"), float("nan"), "5", "a+b",
]  # fmt: skip


def _places(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a tree of lists and mappings, from its root."""
    found = [place] if place else []
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            found += _places(value, (*place, key))
    return found


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    """Fine results in which something is other, missing, twice or under another name."""
    data = copy.deepcopy(FINE)
    for _ in range(draw(st.integers(0, 3))):
        *place, last = draw(st.sampled_from(_places(data)))
        parent = data
        for key in place:
            parent = parent[key]
        change = draw(st.sampled_from(["other", "near", "missing", "twice", "renamed"]))
        if change == "other":
            value = draw(st.one_of(st.sampled_from(ODD), st.text(max_size=4)))
            parent[last] = copy.deepcopy(value)
        elif change == "near":
            value = parent[last]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            near = [value + 1, value // 2, -value] if number else [[value]]
            parent[last] = draw(st.sampled_from(near))
        elif change == "missing":
            del parent[last]
        elif isinstance(parent, list):
            parent.insert(draw(st.integers(0, len(parent))), copy.deepcopy(parent[last]))
        else:
            parent[draw(st.text(max_size=4))] = parent.pop(last)
    return json.dumps(data, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """Results in which bytes are cut out, put in or given twice."""
    text = draw(_changed())
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(len(text), begin + 30)))
    pieces = st.binary(max_size=3), st.just(text[begin:end] * 2), st.just(b"[" * 300)
    piece = draw(st.one_of(*pieces))
    return text[:begin] + piece + text[end:]


INPUTS = st.one_of(_changed(), _changed(), _damaged())


def write(brought: bytes, folder: Path) -> Path:
    (folder / "run").mkdir()
    pool = folder / "pool.npz"
    (folder / "run" / "results.json").write_bytes(
        brought.replace(b'"pool.npz"', json.dumps(str(pool)).encode())
    )
    rng = np.random.default_rng(0)
    np.savez(
        pool,
        modality_a=rng.normal(size=(12, 2)).astype(np.float32),
        modality_b=rng.normal(size=(12, 3)).astype(np.float32),
        ids=np.array(IDS),
        labels=np.eye(2, dtype=np.uint8)[np.arange(12) % 2],
        split=np.where(np.arange(12) < 9, "train", "test"),
    )
    return folder / "run"


def open_results(path: Path) -> ReportData:
    """All that the page says, without the page."""
    data = collect([path])
    headline(data.runs)
    script_json(payload(data)).encode()
    return data


def judge(path: Path, data: ReportData) -> str | None:
    """Compare with the file as Python's own reader finds it."""
    found = json.loads((path / "results.json").read_bytes())
    [run] = data.runs
    for got in run.figures:
        [wanted] = [r for r in found["rounds"] if (r["seed"], r["round"]) == (got.seed, got.round)]
        wanted = {"metrics": _metrics(wanted)} | wanted
        for key, value in got.model_dump().items():
            if value != wanted[key]:
                return f"{key} is {value!r}, wanted {wanted[key]!r}"
    if len(run.figures) != len(found["rounds"]) or run.versions != found["versions"]:
        return f"{len(run.figures)} rounds, wanted {len(found['rounds'])}"
    full = None if run.full is None else run.full.metrics
    wanted = None if found.get("full") is None else _metrics(found["full"])
    return None if full == wanted else f"full is {full}, wanted {wanted}"


def _metrics(written: dict[str, Any]) -> dict[str, float]:
    """What was measured, by name; in files of before there was a mapping, under four keys."""
    names = ("map_ab", "map_ba", "map", "map50")
    headlines = {name: written[name] for name in names if name in written}
    found: dict[str, float] = written.get("metrics", headlines)
    return found


DOOR = Door("results", INPUTS, write, open_results, judge)


@IN_CI
@given(INPUTS)
def test_results_are_read_right_or_refused_in_a_sentence(brought: bytes) -> None:
    hold(DOOR, brought)
