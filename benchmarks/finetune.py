"""How busy a trainer of raw encoders is: pairs read ahead, against decoding between the steps.

    python benchmarks/finetune.py ITEMS.parquet

ITEMS.parquet has a row a pair with `image` (PNG bytes) and `text`. A small convolutional network
and a bag of hashed trigrams are trained on them by `supervised`, without labels. Busy is the time
in which a step did not wait for its pairs. Writes a table of Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import Tensor, nn

from acqkit import PairPool
from acqkit.models import Progress, Supervised, SupervisedObjective, TorchPairModel, train
from suite.environment import environment

SIDE = 96
"""Pixels of a side that the network sees; icons have 48."""
BUCKETS = 4096
"""Of hashed trigrams: enough that few of the names' trigrams share one."""
DIM = 64
WORKERS = (0, 1, 2)


class Items:
    """Pairs of PNG bytes and a text."""

    def __init__(self, path: Path, pairs: int) -> None:
        table = pq.read_table(path, columns=["image", "text"]).slice(0, pairs)
        self._rows: list[dict[str, Any]] = table.to_pylist()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


def pixels(items: list[bytes]) -> Tensor:
    """Decoded, enlarged and moved by up to four pixels: `[k, 3, SIDE, SIDE]` float32."""
    moves = torch.randint(-4, 5, (len(items), 2)).tolist()
    return torch.stack([_picture(item, move) for item, move in zip(items, moves, strict=True)])


def _picture(item: bytes, move: list[int]) -> Tensor:
    with Image.open(io.BytesIO(item)) as image:
        large = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    rows = np.roll(np.asarray(large, dtype=np.float32) / 255, move, axis=(0, 1))
    return torch.from_numpy(rows).permute(2, 0, 1)


def trigrams(items: list[str]) -> Tensor:
    """Counts of hashed trigrams, of unit length: `[k, BUCKETS]` float32."""
    counts = np.zeros((len(items), BUCKETS), dtype=np.float32)
    for row, item in enumerate(items):
        text = f"  {item.lower()}  "
        for start in range(len(text) - 2):
            counts[row, zlib.crc32(text[start : start + 3].encode()) % BUCKETS] += 1
    return torch.from_numpy(counts / np.linalg.norm(counts, axis=1, keepdims=True))


def convolutions() -> nn.Module:
    """Four layers, each of half the side and twice the channels."""
    parts: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64), (64, 128)):
        parts += [
            nn.Conv2d(before, after, 3, stride=2, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, DIM))


def fresh(encoder: nn.Module) -> None:
    """New parameters: nothing here was learned elsewhere."""
    for part in encoder.modules():
        reset = getattr(part, "reset_parameters", None)
        if callable(reset):
            reset()


def measured(pool: PairPool, workers: int, seed: int, steps: int) -> tuple[Progress, str]:
    """The last step's progress, and a digest of the weights."""
    model = TorchPairModel(
        convolutions(),
        nn.Linear(BUCKETS, DIM),
        dim=DIM,
        n_classes=2,
        multilabel=False,
        collate=(pixels, trigrams),
        initialize=fresh,
        workers=workers,
    )
    seen: list[Progress] = []
    schedule = Supervised(min_steps=steps, max_steps=steps, batch_size=128)
    train(model, pool, SupervisedObjective(0, 1, 0.2), schedule, seed, on_step=seen.append)
    digest = hashlib.blake2b(digest_size=8)
    for value in model.state_dict().values():
        digest.update(value.numpy().tobytes())
    return seen[-1], digest.hexdigest()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", type=Path)
    parser.add_argument("--pairs", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    items = Items(arguments.items, arguments.pairs)
    pool = PairPool.from_dataset(
        items, columns=("image", "text"), class_names=("one", "other"), multilabel=False
    )
    print(f"""# How busy a trainer of raw encoders is

{len(pool):,} icons as PNG bytes with their names. Pictures are decoded, enlarged to {SIDE} pixels
and moved at random; a convolutional network of four layers and a linear one on hashed trigrams
learn from {arguments.steps} steps of 128 pairs, in one thread, with {arguments.seeds} seeds.
Means over seeds, with the least busy one.

| workers | busy | least | ms a step | ms of it waiting | weights as without workers |
|---:|---:|---:|---:|---:|---|""")
    digests: dict[int, str] = {}
    for workers in WORKERS:
        found = [measured(pool, workers, seed, arguments.steps) for seed in range(arguments.seeds)]
        busy = [1 - progress.waited / progress.seconds for progress, _ in found]
        took = np.mean([progress.seconds / progress.steps for progress, _ in found]) * 1e3
        waited = np.mean([progress.waited / progress.steps for progress, _ in found]) * 1e3
        same = [
            digests.setdefault(seed, digest) == digest for seed, (_, digest) in enumerate(found)
        ]
        print(
            f"| {workers} | {np.mean(busy):.1%} | {min(busy):.1%} | {took:.0f} | {waited:.0f} | "
            f"{'yes' if all(same) else 'no'} |"
        )
    where = environment(1)
    print(
        f"\nMade with `python benchmarks/finetune.py ITEMS`, commit {where['commit']}, "
        f"{where['cpu']}, {where['cores']} cores that others used as well."
    )


if __name__ == "__main__":
    main()
