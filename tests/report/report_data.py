"""Report data and run folders for tests."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from acqkit.campaign.fingerprint import fingerprint
from acqkit.embeddings import PairEmbeddings
from acqkit.pool import PairPool
from acqkit.report.data import (
    AllocationTable,
    ClassFacts,
    Coverage,
    Figures,
    Full,
    MapPicks,
    Pick,
    PoolFacts,
    PoolMap,
    Precision,
    ReportData,
    Run,
    Side,
)
from acqkit.runs import PHASES, MetricFacts
from acqkit.store import NewBatch, NewTraining, SqliteStore

NASTY = "</script><script>window.broken = 1</script><img src=x onerror=window.broken=1> & <b>\u2028"
"""What a caption may hold without harm."""

ROUNDS = 3


def png(size: tuple[int, int] = (20, 20), mode: str = "RGB") -> bytes:
    """A picture of one color."""
    buffer = io.BytesIO()
    Image.new(mode, size, 40).save(buffer, "PNG")
    return buffer.getvalue()


def wav(samples: int = 80) -> bytes:
    """A silent sound."""
    data = bytes(samples)
    head = b"fmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00"
    body = b"WAVE" + head + b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def figures(gain: float = 0.0, seeds: int = 2, rounds: int = ROUNDS) -> list[Figures]:
    """A curve from .2 up by .1 + `gain` a round, seeds .02 apart."""
    found = []
    for seed in range(seeds):
        for round in range(rounds):
            value = 0.2 + (0.1 + gain) * round + 0.02 * seed
            found.append(
                Figures(
                    seed=seed,
                    round=round,
                    labels=10 * (round + 1),
                    metrics={
                        "map": value,
                        "map50": value + 0.1,
                        "map_ab": value - 0.01,
                        "map_ba": value + 0.01,
                        "gap": 200 - 100 * value,
                    },
                    seconds=dict.fromkeys(PHASES, 0.5),
                )
            )
    return found


def make_run(name: str, gain: float = 0.0, **more: Any) -> Run:
    """A run with two picks a round."""
    settings: dict[str, Any] = {
        "config": {"strategy": name, "rounds": ROUNDS - 1},
        "versions": {"acqkit": "1"},
        "figures": figures(gain),
        "full": Full(map=0.5, map50=0.6),
        "coverage": Coverage(
            rounds=[0, 1, 2], picked=[2, 2, 2], counts=[[1, 1], [2, 0], [0, 2]], seen=2
        ),
        "shown_seed": 0,
        "picks": [pick(round, rank) for round in range(ROUNDS) for rank in (1, 2)],
        "picks_total": dict.fromkeys(range(ROUNDS), 5),
    }
    return Run(name=name, **settings | more)


def precision(seeds: int = 2) -> Precision:
    """Pseudo-labels that are right in 96% of the more confident half, a classifier in 90%."""
    return Precision(
        coverages=[0.25, 0.5, 1.0],
        pseudo_labels=[[1.0, 0.95 + 0.02 * seed, 0.8] for seed in range(seeds)],
        classifier=[[0.95, 0.9, 0.75]] * seeds,
    )


def pick(round: int, rank: int) -> Pick:
    """A pick with a picture, a sound and a text."""
    return Pick(
        id=f"{NASTY}{round}-{rank}",
        round=round,
        rank=rank,
        score=1.5,
        terms={"inter": 1.0, "intra": 0.5},
        reason=f"Covers {rank} pairs {NASTY}",
        labels=[NASTY],
        sides=[
            Side(modality="image", kind="image", content="picture"),
            Side(modality="sound", kind="audio", content="noise"),
            Side(modality="text", kind="text", content=NASTY),
            Side(modality="video", kind="note", content="missing"),
        ],
    )


def make_data(**more: Any) -> ReportData:
    """A report of two strategies in which every text that users write is hostile."""
    n = 12
    points = np.linspace(-1, 1, n).tolist()
    runs = [
        make_run(
            f"better {NASTY}",
            0.05,
            allocations=[AllocationTable(round=2, name=NASTY, rows=[{"region": NASTY, NASTY: 3}])],
            config={"strategy": NASTY, NASTY: [NASTY]},
            versions={NASTY: NASTY},
            precision=precision(),
        ),
        make_run("random", precision=precision().model_copy(update={"pseudo_labels": []})),
    ]
    settings: dict[str, Any] = {
        "pool": PoolFacts(
            name=NASTY,
            n=20,
            train=n,
            test=8,
            classes=2,
            multilabel=False,
            modalities=("image", NASTY),
        ),
        "runs": runs,
        "metrics": {
            "map": MetricFacts(title="MAP"),
            "map50": MetricFacts(title="MAP@50"),
            "gap": MetricFacts(title=NASTY, higher_is_better=False),
        },
        "classes": ClassFacts(names=[NASTY, "cat"], counts=[8, 4]),
        "map": PoolMap(
            method="PCA",
            source="embeddings",
            x=points,
            y=points[::-1],
            ids=[NASTY] * n,
            captions=[NASTY] * n,
            picks=[MapPicks(run=run.name, points=[0, 1, 2], rounds=[0, 1, 2]) for run in runs],
        ),
        "media": {
            "picture": "data:image/png;base64," + base64.b64encode(png()).decode(),
            "noise": "data:audio/wav;base64," + base64.b64encode(wav()).decode(),
        },
        "notes": [NASTY],
    }
    return ReportData(**settings | more)


def settings(pool: PairPool, seed: int) -> dict[str, Any]:
    """What a campaign on this pool is made with."""
    parts = {"strategy": "random", "trainer": "supervised", "model": "two-tower"}
    return {
        "pool": pool.name,
        "fingerprint": fingerprint(pool),
        "pool_reference": None,
        "seed": seed,
        "device": "cpu",
        **{kind: {"name": name, "params": {}} for kind, name in parts.items()},
    }


def write_run(
    folder: Path,
    pool: PairPool,
    embeddings: PairEmbeddings | None,
    strategy: Any = "entropy+top",
    *,
    seeds: int = 2,
    gain: float = 0.0,
    record: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    label_precision: Mapping[str, Any] | None = None,
) -> Path:
    """A run folder as the runner writes it: five random picks a round, scores from round 1 on.

    The last rounds have `label_precision` if it is given.
    """
    train = pool.train_positions
    rounds = []
    for figure in figures(gain, seeds):
        home = folder / "seeds" / str(figure.seed)
        if figure.round == 0:
            home.mkdir(parents=True)
            store = SqliteStore.create(home / "campaign", settings(pool, figure.seed))
        picked = train[np.random.default_rng(figure.seed).permutation(len(train))]
        picked = picked[5 * figure.round : 5 * figure.round + 5]
        scores = np.linspace(2, 1, 5, dtype=np.float32) if figure.round else None
        terms = {"inter": scores - 0.5} if scores is not None else {}
        name = None
        if embeddings is not None:
            with store.new_embeddings(embeddings.positions) as writer:
                writer.write(embeddings)
                name = store.keep_training(NewTraining("", {}, None), writer).name
        batch = NewBatch(figure.round, str(strategy), picked, scores, terms, record or {}, name)
        store.add_batch(batch)
        if figure.round == ROUNDS - 1:
            store.close()
        rounds.append(figure.model_dump() | figure.metrics | {"picked": pool.ids[picked].tolist()})
        if label_precision is not None and figure.round == ROUNDS - 1:
            rounds[-1]["label_precision"] = label_precision
    results = {
        "schema": 1,
        "versions": {"acqkit": "1", "torch": "2"},
        "pool": {
            "name": pool.name,
            "n": len(pool),
            "train": len(train),
            "test": len(pool) - len(train),
            "classes": len(pool.class_names),
            "multilabel": pool.multilabel,
        },
        "config": {"pool": "nowhere", "strategy": strategy, "trainer": "supervised"}
        | dict(config or {}),
        "full": {"map": 0.5, "map50": 0.6},
        "rounds": rounds,
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder
