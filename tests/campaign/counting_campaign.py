"""Goes on with campaigns, here or in a process of its own; says what each trained and picked.

    python -c "import counting_campaign as c; c.main()" MODEL FOLDER [MODEL FOLDER ...]

Who comes first makes the campaign, has pairs labeled, and asks; every later one only asks. Imported
by its name in every process, so that the trainer is the same class in all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from acqkit import Campaign
from acqkit.interfaces import Model, Pool
from acqkit.models import LogisticPair, Supervised, TwoTower, as_network
from acqkit.testing import make_pool

MODELS = {"two-tower": TwoTower(hidden=8, dim=4), "sklearn": LogisticPair(components=3)}


class CountingTrainer(Supervised):
    """Counts its trainings, and tells of one how many labels it had."""

    trainings: ClassVar[list[int]] = []

    def check_model(self, model: Model) -> None:
        pass

    def fit(self, model: Model, pool: Pool, seed: int) -> dict[str, Any]:  # type: ignore[override]
        if as_network(model) is None:
            model.fit(pool, seed)
        else:
            super().fit(model, pool, seed)
        self.trainings.append(len(pool.labels.labeled))
        return {"labels": self.trainings[-1]}


def go_on(model: str, folder: Path) -> dict[str, Any]:
    """Ask once in the campaign of `folder`, which is made where it is not there."""
    make = Campaign.open if folder.exists() else Campaign.create
    trainer = CountingTrainer(min_steps=5, max_steps=5)
    trainer.trainings.clear()
    parts: dict[str, Any] = {"strategy": "entropy+top", "trainer": trainer, "model": MODELS[model]}
    with make(folder, make_pool(60), **parts) as campaign:
        if not campaign.batches():
            first = campaign.ask(12, strategy="random")
            campaign.tell(first.batch_id, {pair: i % 3 for i, pair in enumerate(first.ids)})
        picked = campaign.ask(4).ids
        record = campaign.trained().record
    return {"trainings": list(trainer.trainings), "picked": list(picked), "record": record}


def main() -> None:
    pairs = zip(sys.argv[1::2], map(Path, sys.argv[2::2]), strict=True)
    print(json.dumps([go_on(model, folder) for model, folder in pairs]))
