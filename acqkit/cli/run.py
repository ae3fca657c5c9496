"""`acqkit run`: simulate strategies on a pool whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acqkit.cli.console import PlainConsole, say
from acqkit.cli.display import RunDisplay
from acqkit.cli.options import ENGINE_HELP
from acqkit.cli.settings import configure
from acqkit.components.registry import registry
from acqkit.config import RunConfig

_EXAMPLES = """
Examples:

  acqkit run --pool glyphs --strategy typiclust --initial 5% --per-round 100 --rounds 5

  acqkit run --pool my-pool.npz --scorer entropy --allocator top --seeds 5 --full --out runs/a

  acqkit run --pool glyphs --strategy random --strategy entropy+top --out runs/compared

  acqkit run --pool glyphs --preset full --initial 0 --out runs/full

  acqkit run config.yaml --set strategy.name=bald --set strategy.samples=20

  acqkit run config.yaml --engine ray --set engine.workers=4

A run that was interrupted goes on when the same command is given again. One that has finished is
extended in its --out by more --rounds or --seeds, or by another --strategy beside what is there.
"""

_NO_KEYS = ("config_file", "settings")
"""Parameters of `run` that are no keys of the configuration."""


def run(
    config_file: Annotated[
        Path | None,
        typer.Argument(help="YAML file with the same keys as the flags.", metavar="[CONFIG.YAML]"),
    ] = None,
    pool: Annotated[str | None, typer.Option(help="Path of a pool, or a data set's name.")] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Strategy and trainer by one name: plain, or what a plugin offers."),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="Strategy, or SCORER+ALLOCATOR; repeat to compare several."),
    ] = None,
    scorer: Annotated[str | None, typer.Option(help="Scorer instead of a strategy.")] = None,
    allocator: Annotated[
        str | None, typer.Option(help="The scorer's allocator (default: top).")
    ] = None,
    trainer: Annotated[str | None, typer.Option(help="Trainer, or FIRST+SECOND.")] = None,
    model: Annotated[str | None, typer.Option(help="Model (default: two-tower).")] = None,
    initial: Annotated[
        str | None, typer.Option(help="Initial labels: a count or a share as 5% (default: 1%).")
    ] = None,
    per_round: Annotated[
        str | None, typer.Option(help="Labels a round: a count or a share as 5% (default: 1%).")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds after the initial labels (default: 8).")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Repetitions (default: 3).")] = None,
    first_seed: Annotated[
        int | None, typer.Option(help="Number of the first seed (default: 0).")
    ] = None,
    full: Annotated[
        bool | None, typer.Option("--full", help="Also train on all labels, as the reference.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Torch device of the round, e.g. cuda (default: cpu).")
    ] = None,
    engine: Annotated[str | None, typer.Option(help=f"{ENGINE_HELP} (default: local).")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for results (default: acqkit-run; another run: acqkit-run-2)."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any key as KEY=VALUE, dotted: stop.target_map=0.6."),
    ] = None,
) -> None:
    """Simulate one or several strategies on a pool with known labels.

    Writes results.json and report.html into --out.
    """
    flags = {
        key: value for key, value in locals().items() if key not in ("config_file", "settings")
    }
    flags |= {"strategy": strategy or None, "out": None if out is None else str(out)}
    execute(configure(config_file, flags, settings or []))


run.__doc__ = (run.__doc__ or "") + _EXAMPLES


def execute(config: RunConfig) -> None:
    """Run with a live display, then write the report and say where it is."""
    # torch and scikit-learn take seconds to import, for which --help need not wait.
    from acqkit.loading import load_pool  # noqa: PLC0415
    from acqkit.report import write_report  # noqa: PLC0415
    from acqkit.runner.plan import Plan  # noqa: PLC0415
    from acqkit.runner.runs import carry_out  # noqa: PLC0415

    display = RunDisplay(config, PlainConsole(stderr=True))
    manager = registry().manager
    manager.register(display)
    try:
        with display:
            pool = load_pool(config.pool.name, **config.pool.params)
            plan = Plan.make(config, pool)
            results = carry_out(plan, display.say)
    finally:
        manager.unregister(display)
    display.conclude(results)
    path = write_report([plan.out.path], pool=pool)
    say(f"results: {plan.out.path}")
    say(f"report:  {path}")
