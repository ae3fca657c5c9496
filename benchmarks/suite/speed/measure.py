"""What runs in the process of one measurement: `python -m suite.speed.measure CASE DATA ANSWER`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import torch

from acqkit.embeddings import IntArray
from suite.speed.case import Case
from suite.speed.floors import FLOORS
from suite.speed.objectives import OBJECTIVES
from suite.speed.ours import ours
from suite.speed.peers import find_peer
from suite.speed.scene import WARM_UP, Scene, open_scene
from suite.speed.watch import BEGIN, END, anonymous_memory

_STEADY, _MOST_REPEATS = 1.0, 25
"""Selections of milliseconds are repeated for so many seconds, or so often."""

Selection = Callable[[], IntArray | None]
"""Positions picked; None from floors, which pick nothing."""


def prepared(case: Case, scene: Scene, batch: int) -> tuple[Selection, str]:
    """What is to be timed, with everything made ready that a user would have ready, and a version.

    Raises ImportError where a peer cannot be imported.
    """
    if case.role == "ours":
        return ours(case.spec, scene, batch)
    if case.role == "floor":
        return FLOORS[case.method].prepare(scene, batch), ""
    peer = find_peer(case.who)
    return peer.prepare(case.algorithm, scene, batch), peer.version


def main(case: Case, data: Path, answer: Path) -> None:
    """Warm up on a few pairs, then time the selection, writing down what is known each time."""
    torch.set_num_threads(case.threads)
    faiss.omp_set_num_threads(case.threads)
    scene = open_scene(case.shape, data)
    for array in (scene.mean, scene.variance, scene.probabilities, scene.samples):
        array.sum()  # a disk's speed is not measured
    small = min(WARM_UP, case.pairs)
    prepared(case, scene.first(small), min(10, small // 4))[0]()
    seconds: list[float] = []
    while _is_unsteady(seconds, case):
        select, version = prepared(case, scene, case.batch)
        print(BEGIN, anonymous_memory("self"), flush=True)
        start = time.perf_counter()
        picks = select()
        seconds.append(time.perf_counter() - start)
        print(END, anonymous_memory("self"), flush=True)
        result = {"seconds": seconds, "version": version} | _judged(case, scene, picks)
        answer.write_text(json.dumps(result), encoding="utf-8")
        del select  # what was made ready for it must not count as the next one's memory


def _is_unsteady(seconds: list[float], case: Case) -> bool:
    """Whether to select once more: `repeats` times, of quick selections for a second's worth."""
    if not seconds:
        return True
    total = sum(seconds)
    if total + statistics.median(seconds) > case.patience:
        return False
    return len(seconds) < case.repeats or (total < _STEADY and len(seconds) < _MOST_REPEATS)


def _judged(case: Case, scene: Scene, picks: IntArray | None) -> dict[str, object]:
    if picks is None:
        return {}
    chosen = np.asarray(picks, dtype=np.int64)
    wrong = len(np.unique(chosen)) != case.batch or (scene.labels[chosen] >= 0).any()
    if wrong:
        raise ValueError(
            f"picked {len(np.unique(chosen))} different pairs, "
            f"{int((scene.labels[chosen] >= 0).sum())} of them labeled; wanted {case.batch} new"
        )
    found: dict[str, object] = {"picks": chosen.tolist()}
    if case.algorithm in OBJECTIVES:
        name, objective = OBJECTIVES[case.algorithm]
        found["objective"] = (name, objective(scene, chosen))
    return found


if __name__ == "__main__":
    main(Case.model_validate_json(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
