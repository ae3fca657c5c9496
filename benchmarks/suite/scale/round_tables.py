"""What whole rounds on large pools came to, as Markdown."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

from suite.environment import environment
from suite.scale.measure import THREADS

WAYS = {"local": "local", "ray": "ray, 2 workers", "killed": "ray, 2 of its workers killed"}
MANY = 1_000_000_000

INTRODUCTION = """One round of `ascmr+density` with the two-tower on synthetic pools (two
modalities, d = 128, float16, 20 classes, 2,000 labels, text ids): open the pool, make a campaign,
train, embed, score, allocate 1,000 picks, store; then another process opens the campaign again.
`local` is one process with one thread, `ray` has two workers with one thread each on a cluster
that is there already; where two are killed, one dies while embedding and one while scoring, and
each is replaced. Equal `picks` are the same pairs in the same order."""

_MEMORY = """GiB are the peaks of anonymous memory (without mapped files, with the interpreter and
its libraries): of the process that asks, of each worker, of the largest process of Ray's own."""

_CPU = """CPU seconds are those of all processes together, Ray's own included."""

_ESTIMATE = """For 1,000,000,000 pairs that comes to the following: an estimate, CPU seconds of one
core at {pairs:,} pairs times the ratio of pairs, as if storage kept up and nothing else grew.
Embedding and scoring are divided by the number of workers, the others are not; training does not
grow."""


def markdown(results: list[dict[str, Any]]) -> str:
    """Seconds by phase, memory, CPU seconds, growth, and an estimate for 10^9 pairs."""
    made_with = environment(jobs=1)
    given = dict.fromkeys(result["arguments"] for result in results)
    commands = ", ".join(f"`python benchmarks/large_pool.py {each}`" for each in given)
    made = (
        f"Made with {commands}, commit {made_with['commit']}, {made_with['cpu']}, "
        f"{made_with['cores']} cores, threads: {THREADS} a process."
    )
    parts = ["# A whole round on a large pool", INTRODUCTION, _MEMORY, _table(_wall(results))]
    parts += [_CPU, _table(_cpu(results)), _table(growth(results)), *_estimate(results), made]
    return "\n\n".join(part for part in parts if part) + "\n"


def rest(seconds: dict[str, float]) -> float:
    """Seconds of a whole round but for embedding."""
    return sum(seconds.values()) - seconds["embed"]


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _head(names: Iterable[str], words: int = 0) -> list[list[str]]:
    """The head of a table whose first `words` columns after the pairs, and last, are words."""
    head = ["pairs", "layout", "engine", *names]
    return [head, ["---:", "---", "---", *["---:"] * (len(head) - 3 - words), *["---"] * words]]


def _named(result: dict[str, Any]) -> list[str]:
    return [f"{result['pairs']:,}", result["layout"], WAYS[result["way"]]]


def _wall(results: list[dict[str, Any]]) -> list[list[str]]:
    names = list(results[0]["seconds"])
    rows = _head([*names, "all", "GiB here", "GiB of workers", "GiB of Ray", "picks"], words=1)
    for result in results:
        seconds, peaks = result["seconds"], result["peaks"]
        shown = [f"{each:.1f}" for each in (*seconds.values(), sum(seconds.values()))]
        memory = (peaks["driver"], peaks["workers"], peaks["ray"][:1])
        shown += [", ".join(f"{peak / 2**20:.2f}" for peak in each) for each in memory]
        rows.append([*_named(result), *shown, f"`{result['picks']}`"])
    return rows


def _cpu(results: list[dict[str, Any]]) -> list[list[str]]:
    rows = _head([*results[0]["cpu"], "all but embed"])
    for result in results:
        shown = [f"{each:.1f}" for each in (*result["cpu"].values(), rest(result["cpu"]))]
        rows.append([*_named(result), *shown])
    return rows


def growth(results: list[dict[str, Any]]) -> list[list[str]]:
    """By which power of the pairs CPU seconds grow, from each size to the next and over all."""
    rows = [["from", "to", "layout", "engine", "n^ of all but embed", "n^ of embed"]]
    rows.append(["---:", "---:", "---", "---", "---:", "---:"])
    for layout, way in dict.fromkeys((result["layout"], result["way"]) for result in results):
        own = [each for each in results if (each["layout"], each["way"]) == (layout, way)]
        steps = list(itertools.pairwise(own))
        if len(own) > 2:
            steps.append((own[0], own[-1]))
        for before, after in steps:
            larger = math.log(after["pairs"] / before["pairs"])
            kinds = (rest, lambda seconds: seconds["embed"])
            powers = [math.log(kind(after["cpu"]) / kind(before["cpu"])) / larger for kind in kinds]
            sizes = [f"{one['pairs']:,}" for one in (before, after)]
            rows.append([*sizes, layout, WAYS[way], *[f"{power:.2f}" for power in powers]])
    return rows if len(rows) > 2 else []


def _estimate(results: list[dict[str, Any]]) -> list[str]:
    """Rates of one core on the largest pool that `local` was measured on."""
    alone = [result for result in results if result["way"] == "local"]
    if not alone:
        return []
    largest = alone[-1]
    pairs, cpu = largest["pairs"], largest["cpu"]
    rows = [["phase", "pairs a second and core", "core hours"], ["---", "---:", "---:"]]
    for name, seconds in cpu.items():
        if name != "train" and seconds:
            rate = pairs / seconds
            rows.append([name, f"{rate:,.0f}", f"{MANY / rate / 3600:,.1f}"])
    return [_ESTIMATE.format(pairs=pairs), _table(rows)]
