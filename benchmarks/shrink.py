"""What a model of a quarter of the width keeps of its source: embedding transfer as shrinking.

    python benchmarks/shrink.py --data ../shared/data --seeds 3

Source: a two-tower model of width 64, trained by `supervised` on all labels of the train pairs.
Its target of width 16 is trained by `embedding-transfer`, with as many steps and with twice as
many; beside it the same model trained alone, by `supervised`, with as many steps, with twice as
many, and with thrice as many, which are those of the source and of the longer target together.
Retrieval is measured on the test pairs, or on a fifth of the train pairs that is held out. Writes a
table of Markdown.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from acqkit_embedding_transfer import EmbeddingTransfer

from acqkit.labels import LabelState
from acqkit.loading import load_pool
from acqkit.models import Supervised, TorchPairModel, TwoTower
from acqkit.pool import PairPool
from acqkit.randomness import derive_seed
from acqkit.report.figures import Estimate
from acqkit.runner.evaluate import evaluate
from suite.environment import environment
from suite.tables import estimate
from tune_trainers import DATA, HERE, split_train

POOLS = "ucm_captions,wikipedia,av_digits,mdi_icons,glyphs"
WIDTH, NARROW = 64, 16
STEPS = 600
SOURCE = "source"
TAUGHT = {1: "taught", 2: "taught, twice the steps"}
ALONE = {1: "alone", 2: "alone, twice the steps", 3: "alone, thrice the steps"}
NARROW_ONES = (*TAUGHT.values(), *ALONE.values())
Found = dict[str, list[float]]
"""MAP by model, one a seed."""


def main() -> None:
    """Measure every pool, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with pools in folders")
    parser.add_argument("--pools", default=POOLS, help="names, with commas")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--held-out", action="store_true", help="measure on train pairs held out")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "shrink.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    # Before the trainings: they read the code now, whatever is committed meanwhile.
    facts = environment(1)
    results: dict[str, Found] = {}
    for name in given.pools.split(","):
        source = name if name == "glyphs" else str(given.data / name)
        seen, unseen = split_train(source) if given.held_out else train_and_test(source)
        results[name] = {}
        for seed in range(given.seeds):
            started = time.perf_counter()
            for title, value in measured(seen, unseen, seed).items():
                results[name].setdefault(title, []).append(value)
            print(f"{name}, seed {seed}: {time.perf_counter() - started:.0f} s", flush=True)
    command = f"python benchmarks/shrink.py --seeds {given.seeds}"
    command += f" --pools {given.pools}" * (given.pools != POOLS) + " --held-out" * given.held_out
    made_with = f"Made with `{command}`, commit {facts['commit']}, {facts['cpu']}."
    text = markdown(results, given.seeds, made_with, held_out=given.held_out)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def train_and_test(source: str) -> tuple[PairPool, PairPool]:
    """The two parts of a pool."""
    pool = load_pool(source)
    return pool.take(pool.train_positions), pool.take(pool.test_positions)


def measured(seen: PairPool, unseen: PairPool, seed: int) -> dict[str, float]:
    """MAP on `unseen` of the source and of the narrow models, all labels of `seen` known."""
    assert seen.truth is not None
    everything = np.arange(len(seen))
    empty = LabelState.empty(len(seen), len(seen.class_names))
    seen = seen.with_labels(empty.with_answers(everything, seen.truth, 0))
    run = derive_seed(seed, 0, "train")
    steps = Supervised(max_steps=STEPS).steps(len(seen))
    models = {SOURCE: TwoTower(dim=WIDTH).build(seen, "cpu")}
    models |= {title: TwoTower(dim=NARROW).build(seen, "cpu") for title in NARROW_ONES}
    Supervised(**lasting(steps)).fit(models[SOURCE], seen, run)
    for times, title in TAUGHT.items():
        teacher = EmbeddingTransfer(**lasting(times * steps))
        teacher.fit_from(models[SOURCE], models[title], seen, run)
    for times, title in ALONE.items():
        Supervised(**lasting(times * steps)).fit(models[title], seen, run)
    return {title: retrieval(model, unseen) for title, model in models.items()}


def lasting(steps: int) -> dict[str, int]:
    """Parameters of a trainer that takes exactly `steps` steps."""
    return {"min_steps": steps, "max_steps": steps}


def retrieval(model: TorchPairModel, pool: PairPool) -> float:
    """MAP of a pool with truth, mean of both directions."""
    assert pool.truth is not None
    return evaluate(model, pool, np.arange(len(pool)), pool.truth).scores.map


def markdown(results: dict[str, Found], seeds: int, made_with: str, *, held_out: bool) -> str:
    """A row a pool: MAP of the source, and of the narrow models the share that they keep."""
    lines = [["pool", f"{SOURCE}: MAP", f"{TAUGHT[1]}: MAP", *(f"{t}: kept" for t in NARROW_ONES)]]
    lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
    for pool, found in results.items():
        maps = [estimate(Estimate.of(found[title])) for title in (SOURCE, TAUGHT[1])]
        lines.append([pool, *maps, *(_percent(_kept(found, title)) for title in NARROW_ONES)])
    means = [np.mean([_kept(found, t) for found in results.values()], axis=0) for t in NARROW_ONES]
    lines.append(["mean over pools", "", "", *(_percent(list(values)) for values in means)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    where = "a fifth of the train pairs, held out" if held_out else "the test pairs"
    return (
        f"# Shrinking a model\n\n"
        f"Source: two-tower, width {WIDTH}, trained by `supervised` on all labels, at most {STEPS} "
        f"steps. The others have width {NARROW}: taught by the source with the trainer "
        f"`embedding-transfer` (default parameters) with as many steps as the source had, or twice "
        f"as many; or alone by `supervised`. Thrice the steps are those of the source and of the "
        f"longer target together. MAP on {where}, mean of both directions; kept: as a share of the "
        f"source's MAP of the same seed. Mean and standard error over {seeds} seeds.\n\n{table}"
        f"\n\n{made_with}\n"
    )


def _kept(found: Found, title: str) -> list[float]:
    return [value / of for value, of in zip(found[title], found[SOURCE], strict=True)]


def _percent(shares: list[float]) -> str:
    value = Estimate.of([100 * share for share in shares])
    return f"{value.mean:.1f}%" if value.error is None else f"{value.mean:.1f} ± {value.error:.1f}%"


if __name__ == "__main__":
    main()
