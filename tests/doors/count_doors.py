"""Try doors many times and count their answers, see `benchmarks/doors.py`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, get_args

from door import FINE, IN_CI, Answer, Door, Kind, knock
from hypothesis import Phase, given, seed, settings

CHUNK = 1000
"""Examples that one seed makes; after each chunk its counts are printed."""


def count(
    door: Door, examples: int, seed: int, show: Callable[[object, Answer], None]
) -> Counter[Kind]:
    """How often the door answered how; `show` gets each input that was answered wrongly."""
    counts: Counter[Kind] = Counter(dict.fromkeys(get_args(Kind), 0))
    _each(door, examples, seed, lambda given: _add(counts, given, knock(door, given), show))
    return counts


def _add(
    counts: Counter[Kind], given: object, answer: Answer, show: Callable[[object, Answer], None]
) -> None:
    counts[answer.kind] += 1
    if answer.kind not in FINE:
        show(given, answer)


def _each(door: Door, examples: int, number: int, use: Callable[[Any], None]) -> None:
    made = settings(IN_CI, max_examples=examples, database=None, phases=[Phase.generate])

    @seed(number)
    @made
    @given(door.inputs)
    def run(given: Any) -> None:
        use(given)

    run()


def _print_fault(given: object, answer: Answer) -> None:
    print(f"{answer.kind}: {given!r}\n{answer.text}", file=sys.stderr, flush=True)


def main(doors: dict[str, Door]) -> int:
    """Parse the command line, try the doors asked for, print a line of JSON per chunk."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--door", choices=sorted(doors), action="append", help="default: all")
    parser.add_argument("--examples", type=int, default=100_000, help="of each door")
    parser.add_argument("--seed", type=int, default=0, help="of the first chunk")
    options = parser.parse_args()
    faults = 0
    for name in options.door or sorted(doors):
        total: Counter[Kind] = Counter()
        start = time.monotonic()
        for number in range(-(-options.examples // CHUNK)):
            examples = min(CHUNK, options.examples - number * CHUNK)
            total += count(doors[name], examples, options.seed + number, _print_fault)
            line = {"door": name, "seed": options.seed + number, "examples": total.total()}
            line |= {kind: total[kind] for kind in get_args(Kind)}
            print(json.dumps(line | {"seconds": round(time.monotonic() - start)}), flush=True)
        faults += sum(total[kind] for kind in get_args(Kind) if kind not in FINE)
    return 1 if faults else 0
