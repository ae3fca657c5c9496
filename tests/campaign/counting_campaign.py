"""Goes on with a campaign in a process of its own; prints what it trained and what it picked.

    python counting_campaign.py FOLDER MODEL

The first process makes the campaign, has pairs labeled, and asks; every later one only asks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from acqkit import Campaign
from acqkit.interfaces import Model, Pool
from acqkit.models import LogisticPair, Supervised, TwoTower
from acqkit.testing import make_pool

MODELS = {"two-tower": TwoTower(hidden=8, dim=4), "sklearn": LogisticPair(components=3)}


class CountingTrainer(Supervised):
    """Counts its trainings, and tells of one how many labels it had."""

    trainings: ClassVar[list[int]] = []

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        super().fit(model, pool, seed)
        self.trainings.append(len(pool.labels.labeled))
        return {"labels": self.trainings[-1]}


def main(folder: Path, model: str) -> None:
    make = Campaign.open if folder.exists() else Campaign.create
    trainer = CountingTrainer(min_steps=5, max_steps=5)
    parts: dict[str, Any] = {"strategy": "entropy+top", "trainer": trainer, "model": MODELS[model]}
    with make(folder, make_pool(60), **parts) as campaign:
        if not campaign.batches():
            first = campaign.ask(12, strategy="random")
            campaign.tell(first.batch_id, {pair: i % 3 for i, pair in enumerate(first.ids)})
        picked = campaign.ask(4).ids
        record = campaign.trained().record
    print(json.dumps({"trainings": trainer.trainings, "picked": picked, "record": record}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
