"""`run` and `compare`: strategies times seeds over one pool."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from acqkit.components.origin import naming_plugins
from acqkit.components.registry import registry
from acqkit.components.resolve import spec_of
from acqkit.components.spec import StrategySpec
from acqkit.config import RunConfig, make_config
from acqkit.errors import ConfigError
from acqkit.loading import load_pool
from acqkit.pool import PairPool
from acqkit.runner.full import full_reference
from acqkit.runner.plan import Plan
from acqkit.runner.simulate import Simulation, why_ended
from acqkit.runs import Reference, Results, RoundRecord
from acqkit.runs.claim import DEFAULT_OUT, claimed
from acqkit.runs.folder import SeedFolder, StrategyFolder
from acqkit.runs.metrics import metric_facts
from acqkit.runs.pool import partly_labeled, summarize
from acqkit.runs.records import drop_between
from acqkit.runs.versions import installed


def run(pool: PairPool | str | Path | None = None, **settings: Any) -> Results:
    """Simulate one strategy on a pool with known labels and return what it found.

    `pool` is a pool, a path or the name of a data set; `settings` are the fields of
    `RunConfig` (`strategy="typiclust"`, `initial="5%"`, `rounds=10`, `out="my-run"`, ...).
    Components are given by name, as `{"name": ..., parameter: value}`, or as objects.
    An interrupted run goes on where it stood when called again with the same settings; with
    more rounds, seeds or another strategy, a finished one is extended in its `out`. Without
    `out`, other settings get a folder of their own: `acqkit-run`, `acqkit-run-2` and so on.
    What was there already, and which folder it is then, is said on stderr.

    Raises ConfigError, PoolError or PluginError, each with one sentence on what to do.
    """
    config, ready = _configure(pool, settings)
    if len(config.strategy) > 1:
        raise ConfigError("several strategies were given; use acqkit.compare for them")
    return execute(config, ready, say=_say)[0]


def compare(pool: PairPool | str | Path | None = None, **settings: Any) -> list[Results]:
    """Like `run` for several strategies (`strategy=["random", "entropy+top"]`), side by side.

    Every strategy starts from the same initial labels for the same seed.
    """
    return execute(*_configure(pool, settings), say=_say)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _configure(
    pool: PairPool | str | Path | None, settings: dict[str, Any]
) -> tuple[RunConfig, PairPool | None]:
    data = {key: value for key, value in settings.items() if value is not None}
    ready = pool if isinstance(pool, PairPool) else None
    if pool is not None:
        data["pool"] = pool.name if isinstance(pool, PairPool) else str(pool)
    if "strategy" in data:
        chosen = data["strategy"]
        many = chosen if isinstance(chosen, list | tuple) else [chosen]
        data["strategy"] = [spec_of("strategy", item) for item in many]
    for kind in {"scorer", "allocator", "trainer", "model", "engine"} & set(data):
        data[kind] = spec_of(kind, data[kind])
    return make_config(data, "settings"), ready


@naming_plugins()
def execute(
    config: RunConfig,
    pool: PairPool | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> list[Results]:
    """Run a configuration; one `Results` a strategy, also written as `results.json`.

    `say` is told in a sentence what was done before and is not done again.
    """
    ready = load_pool(config.pool.name, **config.pool.params) if pool is None else pool
    return carry_out(Plan.make(config, ready), say)


def carry_out(plan: Plan, say: Callable[[str], None]) -> list[Results]:
    """As `execute`, for a plan, which knows in which folder the results are."""
    config = plan.config
    with claimed(plan.out, plan.claim()) as folders:
        rounds = {label: _recorded(plan, folder) for label, folder in folders.items()}
        _say_what_is_there(plan, rounds, say)
        full = full_reference(plan, plan.out) if config.full else None
        for seed in plan.seeds:
            for spec in config.strategy:
                folder = folders[spec.label]
                rounds[spec.label][seed] = _simulate(plan, spec, seed, folder.seed(seed))
                _results(plan, spec, rounds[spec.label], full).write(folder.results)
        return [_results(plan, spec, rounds[spec.label], full) for spec in config.strategy]


def _recorded(plan: Plan, folder: StrategyFolder) -> dict[int, list[RoundRecord]]:
    return {seed: folder.seed(seed).records() for seed in plan.seeds}


def _say_what_is_there(
    plan: Plan, rounds: Mapping[str, Mapping[int, list[RoundRecord]]], say: Callable[[str], None]
) -> None:
    if partly := partly_labeled(summarize(plan.pool)):
        say(partly)
    if plan.config.out is None and plan.out.path.name != DEFAULT_OUT:
        say(f"{DEFAULT_OUT} holds something else, so results are in {plan.out.path}")
    there = sum(len(records) for own in rounds.values() for records in own.values())
    if there:
        planned = len(rounds) * len(plan.seeds) * (plan.config.rounds + 1)
        say(f"{there} of {planned} rounds were there in {plan.out.path}")


def _simulate(plan: Plan, spec: StrategySpec, seed: int, folder: SeedFolder) -> list[RoundRecord]:
    hook = registry().manager.hook
    shared = {
        "strategy": spec.label,
        "pool": plan.pool.name,
        "rounds": plan.config.rounds,
        "seeds": plan.config.seeds,
    }
    simulation = Simulation(plan, spec, seed, folder)
    try:
        return simulation.run(
            lambda record: hook.acqkit_round_finished(record={**record, **shared})
        )
    finally:
        simulation.campaign.close()


def _results(
    plan: Plan,
    spec: StrategySpec,
    rounds: Mapping[int, list[RoundRecord]],
    full: Reference | None,
) -> Results:
    config = plan.config.model_copy(update={"strategy": [spec]})
    return Results(
        versions=installed(),
        pool=summarize(plan.pool),
        config=config.record() | _spec_parts(spec),
        metrics=metric_facts(plan.pool.modalities),
        full=full,
        ended={seed: reason for seed, own in rounds.items() if (reason := why_ended(plan, own))},
        rounds=[record for own in rounds.values() for record in drop_between(own)],
    )


def _spec_parts(spec: StrategySpec) -> dict[str, Any]:
    """Strategy, scorer and allocator by name, for whoever reads `results.json`."""
    dumped = spec.model_dump()
    if spec.strategy is not None:
        return {"strategy": dumped}
    return {"strategy": spec.label, **dumped}
