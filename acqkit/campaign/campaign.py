"""`Campaign`: a labeling effort, asked and told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from acqkit.campaign import telling
from acqkit.campaign.answers import Label
from acqkit.campaign.asking import Prepare
from acqkit.campaign.batch import Batch, CampaignStatus, batch_of
from acqkit.campaign.content import checked_settings
from acqkit.campaign.current import Current, asking_of
from acqkit.campaign.growing import GrowingCampaign
from acqkit.campaign.plain import check_json
from acqkit.campaign.roster import rosters_of
from acqkit.campaign.setup import make_parts, make_settings, reopen
from acqkit.campaign.sources import Pools
from acqkit.campaign.status import campaign_status
from acqkit.campaign.training import Trained
from acqkit.campaign.view import known_answers
from acqkit.components.origin import naming_plugins
from acqkit.components.registry import Registry
from acqkit.components.resolve import Resolved, resolve
from acqkit.devices import check_device
from acqkit.embeddings import PairEmbeddings
from acqkit.engine import LOCAL, Engine
from acqkit.errors import CampaignError
from acqkit.labels import LabelState
from acqkit.pool import PairPool
from acqkit.store import SqliteStore, Store
from acqkit.timing import PhaseClock


class Campaign(GrowingCampaign):
    """Ask which pairs to label next, tell their labels; everything told is on the disk.

    Made by `create`, gone on with by `open`, closed by `close` or by leaving a `with` block.
    Rounds are numbered from 0: every `ask` is one, and so is every set of labels that nobody
    asked for. All randomness derives from the seed and the round, so a campaign that was
    interrupted picks what it would have picked. Several processes may have it open.

    Positions are always those of the whole pool. Trainers and strategies see its train part
    alone, without truth.

    `clock` adds up the seconds spent in "train", "embed", "score" and "allocate"; put
    another `PhaseClock` in its place to begin anew.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        pools: Pools,
        parts: Mapping[str, Resolved],
        device: str,
        registry: Registry | None,
        engine: Engine,
    ) -> None:
        self.folder = folder
        self.seed: int = store.settings()["seed"]
        self.clock = PhaseClock()
        self._store = store
        self._parts = parts
        self._registry = registry
        make = asking_of(store, parts, self.seed, device, engine)
        self._current = Current(store, pools, make)
        self._current()  # says at once what is wrong with the pool

    @classmethod
    def create(
        cls,
        folder: str | Path,
        pool: PairPool,
        *,
        strategy: Any = "typiclust",
        trainer: Any = None,
        model: Any = "two-tower",
        seed: int = 0,
        device: str = "cpu",
        pool_reference: str | None = None,
        registry: Registry | None = None,
        engine: Any = LOCAL,
    ) -> Campaign:
        """Make a campaign in a new folder; killed midway, it leaves none.

        `strategy`, `trainer` and `model` are names, mappings `{"name": ..., parameter: value}`
        or objects; a strategy may be `"scorer+allocator"`, and no trainer is the one that suits
        the model (`supervised`, or `own-fit`). What the pool's train part knows is round 0.
        `pool_reference` is the path or name from which `open` loads the pool. Components by name
        come from `registry`, by default all that is installed. `engine`: where embedding and
        scoring run; no pick depends on it.

        Raises CampaignError when the folder exists, PluginError or ConfigError when a part or the
        device is not there or has wrong parameters, or the trainer cannot train the model.
        """
        folder = Path(folder)
        check_device(device)
        given = {"strategy": strategy, "trainer": trainer, "model": model}
        parts = make_parts(given, pool, device, registry)
        where = resolve("engine", engine, registry).component
        settings = make_settings(folder, pool, parts, pool_reference, seed=int(seed), device=device)
        rosters = rosters_of(pool, settings["fingerprint"]) or ()
        store = SqliteStore.create(folder, settings, known_answers(pool), rosters)
        pools = Pools(folder, store, settings, pool)
        return cls(folder, store, pools, parts, device, registry, where)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        pool: PairPool | None = None,
        *,
        strategy: Any = None,
        trainer: Any = None,
        model: Any = None,
        device: str | None = None,
        registry: Registry | None = None,
        engine: Any = LOCAL,
    ) -> Campaign:
        """Go on with a campaign.

        `pool` may be left out where `create` got a `pool_reference`; the parts where they are
        registered components. What is passed must be what the campaign was made with. Another
        `device` may be named, with picks that differ by its rounding, and another `engine`.

        Raises CampaignError when it is not, or when the folder holds no campaign.
        """
        folder = Path(folder)
        store = SqliteStore.open(folder)
        try:
            settings, _ = checked_settings(folder, store)
            given = {"strategy": strategy, "trainer": trainer, "model": model}
            parts = reopen(settings, given, registry)
            device = device or settings["device"]
            where = resolve("engine", engine, registry).component
            pools = Pools(folder, store, settings, pool)
            return cls(folder, store, pools, parts, device, registry, where)
        except BaseException:
            store.close()
            raise

    @naming_plugins()
    def ask(self, n: int, *, strategy: Any = None, prepare: Prepare | None = None) -> Batch:
        """A new batch of `n` pairs to label, none of which is labeled or in another batch.

        `strategy` stands in for the campaign's own this once. The model is trained first if
        labels changed and the strategy looks at embeddings. `prepare` is called with the batch
        before it is stored, say to write it down for people: what it raises leaves nothing
        stored. Where another process was faster it is called again, with another batch.

        The batch is stored when this returns; if the process is killed, it may be among
        `open_batches` all the same. Raises BudgetError when fewer than `n` pairs are free,
        SelectionError when the strategy breaks its contract, CampaignError when `n` is no whole
        number.
        """
        part = self._parts["strategy"]
        if strategy is not None:
            part = resolve("strategy", strategy, self._registry)
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise CampaignError(f"asked for {n!r} pairs; ask for a whole number of at least 1")
        while True:
            # None: the campaign has grown meanwhile.
            batch = self._current().asking.ask(part, int(n), self.clock, prepare)
            if batch is not None:
                return batch

    def withdraw(self, batch_id: str) -> tuple[Any, ...]:
        """Take the pairs that nobody has answered out of a batch; their ids.

        They are free to be asked for again. Answers stay, and one that still comes in for a pair
        of this batch is taken. Doing it again changes nothing. Raises CampaignError on an
        unknown batch.
        """
        batch = telling.stored_batch(self._store, batch_id)
        return tuple(self.pool.ids[self._store.withdraw(batch.round)].tolist())

    def tell(
        self,
        batch_id: str,
        labels: Mapping[Any, Label],
        *,
        annotator: str = "",
        replace: bool = False,
    ) -> None:
        """Record answers for all or some pairs of a batch, by id; durable when this returns.

        A label is a class name or index, in multi-label pools a collection of them (empty:
        none applies), or `SKIP` for "can't tell", after which the pair is not asked for again.
        Telling the same thing twice changes nothing; an annotator who agrees with another is
        recorded beside them. With `replace` another answer takes the place of the current
        one, which stays in the log.

        Raises ContradictionError when answers differ from current ones without `replace`, and
        CampaignError on an unknown batch, pair or class; then nothing at all is recorded.
        """
        self.tell_sheet({batch_id: labels}, annotator=annotator, replace=replace)

    def tell_sheet(
        self,
        answers: Mapping[str, Mapping[Any, Label]],
        *,
        annotator: str = "",
        replace: bool = False,
    ) -> None:
        """Record answers by batch and id, as `tell` does for one batch: all of them or none."""
        view = self._current().view
        telling.tell(self._store, view.whole, view.classes, answers, annotator, replace)

    def add_labels(self, labels: Mapping[Any, Label], *, annotator: str = "") -> None:
        """Record labels that nobody asked for, such as those a team comes with.

        They make a batch and a round of their own; those of pairs that are in a batch already
        count as answers to it. Raises like `tell`, and for pairs of the test part.
        """
        view = self._current().view
        telling.add_labels(self._store, view.whole, view.classes, labels, annotator)

    def batches(self) -> list[Batch]:
        """All batches, by round."""
        return [batch_of(stored, self.pool) for stored in self._store.batches()]

    def open_batches(self) -> list[Batch]:
        """The batches with pairs that nobody has answered yet."""
        return [batch for batch in self.batches() if batch.pending]

    @property
    def pool(self) -> PairPool:
        """The whole pool."""
        return self._current().view.whole

    @property
    def parts(self) -> Mapping[str, Resolved]:
        """Strategy, trainer and model by kind, each with the record by which it is stored."""
        return dict(self._parts)

    @property
    def labels(self) -> LabelState:
        """What is known so far, over the whole pool."""
        return self._current.labels()

    @naming_plugins()
    def trained(self) -> Trained:
        """The model of the labels known so far, its embeddings and the trainer's record.

        Trains and embeds if labels changed since this was last done. Raises CampaignError where
        what the trainer recorded is no JSON.
        """
        while True:
            state, now = self._store.state(), self._current()
            if now.changes == state.last_change:
                return now.asking.trained(state, self.clock)

    @property
    def embeddings(self) -> PairEmbeddings | None:
        """What the latest ask that looked at embeddings saw, memory-mapped; None before one."""
        return self._store.embeddings()

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds spent so far per phase: train, embed, score, allocate."""
        return dict(self.clock.seconds)

    def status(self) -> CampaignStatus:
        """How far the campaign is."""
        return campaign_status(self._store, self._store.settings(), self._current().view.pairs)

    def add_record(self, round: int, record: Mapping[str, Any]) -> None:
        """Keep what was measured after a round, as plain JSON data.

        Recording a round again replaces its record. Raises CampaignError if it is not JSON.
        """
        check_json(f"the record of round {round}", record)
        self._store.add_record(int(round), record)

    def records(self) -> list[dict[str, Any]]:
        """What was recorded, by round."""
        return self._store.records()

    def backup(self, folder: str | Path) -> None:
        """Copy the campaign to a new folder, as it is at one moment; others may go on with it.

        Answers, batches, the kept model and sheets are copied, the pool is not. Raises
        CampaignError when the folder exists or cannot be written, and then leaves nothing.
        """
        self._store.backup(Path(folder))

    def close(self) -> None:
        """Close the campaign's file; nothing is lost without it."""
        self._store.close()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
