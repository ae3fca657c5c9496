"""One strategy on one seed: ask, let the oracle answer, train, evaluate, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from acqkit.campaign import Batch, Campaign
from acqkit.config import StrategySpec
from acqkit.interfaces import RoundContext
from acqkit.metrics import RetrievalScores
from acqkit.pool import PairPool
from acqkit.runner.evaluate import evaluate
from acqkit.runner.oracle import TruthOracle
from acqkit.runner.plan import Plan
from acqkit.runner.results import RoundRecord
from acqkit.runner.stopping import Stability, reason_to_stop, validation_map
from acqkit.timing import PhaseClock

Observer = Callable[[Mapping[str, Any]], None]

INITIAL_STRATEGY = "random"
PHASES = ("train", "embed", "score", "allocate", "evaluate")


class Simulation:
    """A campaign answered by an oracle; whatever was done in an earlier process is kept.

    The initial labels are picked at random from the seed alone, so that every strategy
    starts from the same ones.
    """

    def __init__(self, plan: Plan, spec: StrategySpec, seed: int, folder: Path) -> None:
        self.plan = plan
        self.seed = seed
        self.folder = folder
        self.oracle = TruthOracle(plan.pool)
        self.initial = plan.count(plan.config.initial)
        self.per_round = plan.count(plan.config.per_round)
        budget = plan.config.stop.budget
        self.budget = None if budget is None else plan.count(budget)
        self.campaign = self._campaign(spec)

    def _campaign(self, spec: StrategySpec) -> Campaign:
        config = self.plan.config
        folder = self.folder / "campaign"
        parts = {
            "strategy": self.plan.strategy(spec),
            "trainer": self.plan.part(config.trainer),
            "model": self.plan.part(config.model),
        }
        if folder.exists():
            return Campaign.open(folder, self.plan.pool, **parts)
        self.folder.mkdir(parents=True, exist_ok=True)
        return Campaign.create(
            folder, self.plan.pool, seed=self.seed, device=config.device, **parts
        )

    def run(self, observer: Observer) -> list[RoundRecord]:
        """All rounds up to the last one or to the stopping criterion."""
        records = [RoundRecord.model_validate(item) for item in self.campaign.records()]
        for record in records:
            observer(record.model_dump())
        while len(records) <= self.plan.config.rounds and not self._reason_to_stop(records):
            labels_before = records[-1].labels if records else 0
            if records and self._wanted(len(records), labels_before) == 0:
                break
            record = self._round(len(records), labels_before)
            self.campaign.add_record(record.round, record.model_dump())
            records.append(record)
            observer(record.model_dump())
        return records

    def _reason_to_stop(self, records: list[RoundRecord]) -> str:
        history = [record.model_dump() for record in records]
        return reason_to_stop(self.plan.config.stop, self.budget, history) if history else ""

    def _wanted(self, round: int, labels_before: int) -> int:
        wanted = self.initial if round == 0 else self.per_round
        if self.budget is not None:
            wanted = min(wanted, self.budget - labels_before)
        return max(0, min(wanted, len(self.plan.pool.train_positions) - labels_before))

    def _round(self, round: int, labels_before: int) -> RoundRecord:
        clock = PhaseClock()
        self.campaign.clock = clock
        wanted = self._wanted(round, labels_before)
        batch = self._labeled_batch(round, wanted) if wanted else None
        context = self.campaign.refresh()
        with clock.phase("evaluate"):
            scores = self._evaluate()
        return RoundRecord(
            seed=self.seed,
            round=round,
            labels=labels_before + wanted,
            **_headline(scores),
            seconds={phase: _rounded(clock.seconds.get(phase, 0.0)) for phase in PHASES},
            picked=[] if batch is None else list(batch.ids),
            **self._stopping_figures(round, context),
            **({"training": training} if (training := self.campaign.training) else {}),
        )

    def _labeled_batch(self, round: int, wanted: int) -> Batch:
        """The round's batch with every answer told, asked for now or in an earlier process."""
        index = round if self.initial else round - 1
        batches = self.campaign.batches()
        if len(batches) > index:
            batch = batches[index]
        else:
            strategy = INITIAL_STRATEGY if round == 0 else None
            batch = self.campaign.ask(wanted, strategy=strategy)
        self.campaign.tell(batch.batch_id, self.oracle.answers(batch), annotator="oracle")
        return batch

    def _evaluate(self) -> RetrievalScores:
        truth = self.plan.pool.truth
        assert truth is not None  # the oracle has checked it
        pool = self.plan.pool
        return evaluate(self.campaign.model, pool, pool.test_positions, truth)

    def _stopping_figures(self, round: int, context: RoundContext) -> dict[str, float]:
        stop = self.plan.config.stop
        figures: dict[str, float] = {}
        if stop.target_map is not None:
            train = cast(PairPool, context.pool)
            figures["validation_map"] = validation_map(
                self.plan.untrained_model(train),
                self.plan.trainer,
                train,
                stop.validation,
                self.seed,
            )
        if stop.stability is not None:
            kappa = Stability(self.folder).update(round, context.embeddings)
            if kappa is not None:
                figures["stability"] = kappa
        return figures


def _headline(scores: RetrievalScores) -> dict[str, float]:
    return {
        "map_ab": scores.map_ab,
        "map_ba": scores.map_ba,
        "map": scores.map,
        "map50": scores.map50,
    }


def _rounded(seconds: float) -> float:
    """Seconds to a tenth of a millisecond: more digits are noise."""
    return float(f"{seconds:.4f}")
