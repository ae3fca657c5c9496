"""One strategy on one seed: ask, let the oracle answer, train, evaluate, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from acqkit.campaign import Batch, Campaign, Trained
from acqkit.components.spec import StrategySpec
from acqkit.files import make_folder
from acqkit.interfaces import Evaluation, Model
from acqkit.runner.evaluate import evaluate
from acqkit.runner.oracle import TruthOracle
from acqkit.runner.plan import Plan
from acqkit.runner.precision import label_precision
from acqkit.runner.shown import shown_queries
from acqkit.runner.stopping import Stability, reason_to_stop, validation_map
from acqkit.runs import PHASES, Retrieval, RoundRecord
from acqkit.runs.folder import SeedFolder
from acqkit.runs.metrics import measure
from acqkit.runs.records import HEADLINES, read_rounds
from acqkit.timing import PhaseClock

Observer = Callable[[Mapping[str, Any]], None]

INITIAL_STRATEGY = "random"


class Simulation:
    """A campaign answered by an oracle; whatever was done in an earlier process is kept.

    The initial labels are picked at random from the seed alone, so that every strategy
    starts from the same ones.
    """

    def __init__(self, plan: Plan, spec: StrategySpec, seed: int, folder: SeedFolder) -> None:
        self.plan = plan
        self.seed = seed
        self.folder = folder
        self.oracle = TruthOracle(plan.pool)
        self.campaign = self._campaign(spec)

    def _campaign(self, spec: StrategySpec) -> Campaign:
        config = self.plan.config
        folder = self.folder.campaign
        parts: dict[str, Any] = {
            "strategy": spec,
            "trainer": config.trainer,
            "model": config.model,
            "engine": self.plan.engine,
        }
        if folder.exists():
            return Campaign.open(folder, self.plan.pool, **parts)
        make_folder(self.folder.path)
        return Campaign.create(
            folder, self.plan.pool, seed=self.seed, device=config.device, **parts
        )

    def run(self, observer: Observer) -> list[RoundRecord]:
        """All rounds up to the last one or to the stopping criterion."""
        records = read_rounds(self.campaign.records(), self.folder.campaign)
        for record in records:
            observer(record.plain())
        while not why_ended(self.plan, records):
            record = self._round(len(records), records[-1].labels if records else 0)
            if why_ended(self.plan, [*records, record]):
                record = self._with_label_precision(record)
            elif record.round:
                record = record.model_copy(update={"retrieval": None})
            self.campaign.add_record(record.round, record.plain())
            records.append(record)
            observer(record.plain())
        return records

    def _round(self, round: int, labels_before: int) -> RoundRecord:
        clock = PhaseClock()
        self.campaign.clock = clock
        wanted = self.plan.wanted(round, labels_before)
        batch = self._labeled_batch(round, wanted) if wanted else None
        trained = self.campaign.trained()
        with clock.phase("evaluate"):
            evaluation = self._evaluate(trained.model)
            found = measure(evaluation)
        return RoundRecord(
            seed=self.seed,
            round=round,
            labels=labels_before + wanted,
            **{name: found[name] for name in HEADLINES},
            metrics=found,
            retrieval=self._retrieval(evaluation),
            seconds=_seconds(clock),
            picked=[] if batch is None else list(batch.ids),
            **self._stopping_figures(round, trained),
            **({"training": trained.record} if trained.record else {}),
        )

    def _with_label_precision(self, record: RoundRecord) -> RoundRecord:
        """The last round's record with the precision of labels predicted for unlabeled pairs."""
        pool, clock = self.plan.pool, self.campaign.clock
        assert pool.truth is not None  # the oracle has checked it
        train = pool.take(pool.train_positions)
        assert train.truth is not None
        with clock.phase("evaluate"):
            told = train.answerable(np.arange(len(train)))
            found = label_precision(self.campaign.trained(), self.plan.trainer, train.truth, told)
        return record.model_copy(update={"label_precision": found, "seconds": _seconds(clock)})

    def _labeled_batch(self, round: int, wanted: int) -> Batch:
        """The round's batch with every answer told, asked for now or in an earlier process."""
        index = round if self.plan.wanted(0, 0) else round - 1
        batches = self.campaign.batches()
        if len(batches) > index:
            batch = batches[index]
        else:
            strategy = INITIAL_STRATEGY if round == 0 else None
            batch = self.campaign.ask(wanted, strategy=strategy)
        self.campaign.tell(batch.batch_id, self.oracle.answers(batch), annotator="oracle")
        return batch

    def _evaluate(self, model: Model) -> Evaluation:
        truth = self.plan.pool.truth
        assert truth is not None  # the oracle has checked it
        pool = self.plan.pool
        device = self.plan.config.device
        return evaluate(model, pool, pool.test_positions, truth, self.plan.engine, device)

    def _retrieval(self, evaluation: Evaluation) -> Retrieval:
        pool = self.plan.pool
        return shown_queries(evaluation, pool, pool.answerable(pool.test_positions))

    def _stopping_figures(self, round: int, trained: Trained) -> dict[str, float]:
        stop = self.plan.config.stop
        figures: dict[str, float] = {}
        if stop.target_map is not None:
            validated = validation_map(
                self.plan.untrained_model(trained.pool),
                self.plan.trainer,
                trained.pool,
                stop.validation,
                self.seed,
                self.plan.engine,
            )
            if validated is not None:
                figures["validation_map"], figures["validation_pairs"] = validated
        if stop.stability is not None:
            kappa = Stability(self.folder).update(round, trained.embeddings)
            if kappa is not None:
                figures["stability"] = kappa
        return figures


def why_ended(plan: Plan, records: Sequence[RoundRecord]) -> str:
    """Why no round follows these of one seed, in words; empty where one does."""
    if not records:
        return ""
    history = [record.plain() for record in records]
    if reason := reason_to_stop(plan.config.stop, plan.budget, history):
        return reason
    if len(records) > plan.config.rounds:
        return "all rounds are done"
    if plan.wanted(len(records), records[-1].labels) == 0:
        return "there is no pair left to ask for"
    return ""


def _seconds(clock: PhaseClock) -> dict[str, float]:
    """Seconds by phase to a tenth of a millisecond: more digits are noise."""
    return {phase: float(f"{clock.seconds.get(phase, 0.0):.4f}") for phase in PHASES}
