"""What a round costs on a GPU, and whether it picks what the CPU picks.

    python benchmarks/gpu.py [--device cuda] [--out FOLDER] [--minutes 8]
    python benchmarks/gpu.py --device cpu --quick

Selection of 1,000 of 10^5, 10^6 and 10^7 pairs (two modalities, 128 wide, float16, made on the
device), training, embedding and the evaluation of 20,000 x 20,000, each beside the same on the CPU
of the machine, and how many of the picks are the same. After every measurement `gpu.json` in the
folder is whole; run again, the script goes on where it stopped. What would take longer than is left
is not begun. Prints JSON and Markdown, which is also written as `gpu.md`.

With `--device cpu` tensors on the CPU (`cpu:0`) stand for the GPU, and nothing is written unless
`--out` says where.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from acqkit.devices import check_device
from acqkit.errors import AcqkitError
from acqkit.files import write_text
from suite.environment import environment
from suite.gpu import phases
from suite.gpu.record import Record, tables
from suite.gpu.scene import Scene

RESULTS = Path(__file__).resolve().parent / "results"


class Plan(NamedTuple):
    """How much is measured: sizes of pools, of the batch and of the other phases."""

    pairs: tuple[int, ...] = (100_000, 1_000_000, 10_000_000)
    picks: int = 1_000
    trained: int = 20_000
    steps: int = 200
    embedded: int = 200_000
    evaluated: int = 20_000
    models: tuple[str, ...] = tuple(phases.MODELS)
    repeats: int = 3


QUICK = Plan((1_500,), 10, 400, 10, 1_000, 500, ("two-tower",), 1)


class Task(NamedTuple):
    """One measurement, and where: on the `device` or on the `cpu`."""

    phase: str
    what: str
    pairs: int
    side: str
    measure: Callable[[], dict[str, Any]]


def main(arguments: list[str] | None = None) -> int:
    """Measure what is missing, print and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda", help="torch device (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="small pools, to see that all works")
    parser.add_argument("--minutes", type=float, default=8.0, help="begin nothing that ends later")
    parser.add_argument("--out", type=Path, default=None, help="folder of gpu.json and gpu.md")
    given = parser.parse_args(arguments)
    ends = time.monotonic() + 60 * given.minutes
    try:
        check_device(given.device)
        record = _record(given)
    except AcqkitError as error:
        print(error, file=sys.stderr)
        return 2
    plan = QUICK if given.quick else Plan()
    # The name `cpu` means numpy and faiss; with a number it means tensors there.
    device = "cpu:0" if given.device == "cpu" else given.device
    for task in tasks(plan, device):
        key = (task.phase, task.what, task.pairs, task.side)
        left = ends - time.monotonic()
        if record.find(*key) is not None or record.expected(*key) > left or left < 0:
            continue
        figures = task.measure()
        record.add(*key, figures)
        print(*key, f"{figures['seconds']:.3f} s", file=sys.stderr, flush=True)
    text = tables(record)
    folder = _folder(given)
    if folder is not None:
        write_text(folder / "gpu.md", text)
    print(record.json())
    print(text)
    return 0


def tasks(plan: Plan, device: str) -> Iterator[Task]:
    """All measurements: selection on the device first, on the CPU last, from small to large."""
    made: list[Scene] = []

    def scene() -> Scene:
        # Once for all sizes, and only if there is something to select from it.
        if not made:
            made.append(Scene.made(max(plan.pairs), device))
        return made[0]

    def chosen(name: str, pairs: int, where: str) -> dict[str, Any]:
        return phases.selection(scene(), name, pairs, plan.picks, where, plan.repeats)

    def selections(side: str, where: str) -> Iterator[Task]:
        for pairs in plan.pairs:
            for name in phases.STRATEGIES:
                yield Task("selection", name, pairs, side, partial(chosen, name, pairs, where))

    yield from selections("device", device)
    yield from _others(plan, "device", device)
    yield from _others(plan, "cpu", "cpu")
    yield from selections("cpu", "cpu")


def _others(plan: Plan, side: str, where: str) -> Iterator[Task]:
    """Training, embedding and evaluation."""
    for model in plan.models:
        # A CPU takes a minute for as many steps of a large network.
        steps = plan.steps if side == "device" or model == "two-tower" else plan.steps // 10
        train = partial(phases.training, model, plan.trained, steps, where)
        yield Task("training", model, plan.trained, side, train)
        if "bfloat16" not in model:  # all embed in float32
            embed = partial(phases.embedding, model, plan.embedded, where, plan.repeats)
            yield Task("embedding", model, plan.embedded, side, embed)
    evaluate = partial(phases.evaluation, plan.evaluated, where, plan.repeats)
    yield Task("evaluation", "MAP, MAP@50, R@k, nDCG", plan.evaluated, side, evaluate)


def _record(given: argparse.Namespace) -> Record:
    threads = torch.get_num_threads()
    facts = environment(threads)
    on_gpu = given.device.startswith("cuda")
    name = torch.cuda.get_device_name(given.device) if on_gpu else f"tensors on {given.device}"
    plan = QUICK if given.quick else Plan()
    made_on = {
        "device": name,
        "cpu": facts["cpu"],
        "threads": threads,
        "commit": facts["commit"],
        "picks": plan.picks,
    }
    folder = _folder(given)
    return Record(made_on, None if folder is None else folder / "gpu.json")


def _folder(given: argparse.Namespace) -> Path | None:
    """Where results are written; nowhere for those of a CPU that nobody asked to keep."""
    if given.out is not None or not given.device.startswith("cuda"):
        return given.out  # type: ignore[no-any-return]
    return RESULTS


if __name__ == "__main__":
    sys.exit(main())
