"""`acqkit export`: what a simulated run has come to, for others to use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acqkit.cli.console import say
from acqkit.loading import load_pool

if TYPE_CHECKING:
    from acqkit.export import About


def export(
    run: Annotated[Path, typer.Argument(help="Folder written by `acqkit run`.")],
    out: Annotated[Path, typer.Option(help="New folder.")],
    seed: Annotated[int | None, typer.Option(help="Which seed (default: the first).")] = None,
    device: Annotated[
        str | None, typer.Option(help="Torch device, where not the run's own.")
    ] = None,
    pool: Annotated[
        str | None, typer.Option(help="The pool, where it is no longer at the run's path.")
    ] = None,
) -> None:
    """Write what a simulated run has come to: labels, model, embeddings, an index.

    It is one seed after its last round; `acqkit campaign export` does the same for a campaign.
    """
    # torch and scikit-learn take seconds to import, for which --help need not wait.
    from acqkit.export import export_run  # noqa: PLC0415

    ready = None if pool is None else load_pool(pool)
    say_exported(export_run(run, out, seed=seed, pool=ready, device=device), out)


def say_exported(about: About, out: Path) -> None:
    """Say what was written, and how to search in it."""
    labels = about.labels
    model = "the model" if about.model.kept else "no model, which cannot be kept"
    say(
        f"{out}: {labels.labeled} labels, {labels.pseudo} pseudo-labels, {model}, embeddings of "
        f"{about.pool.pairs} pairs"
    )
    say(f"next: acqkit search {out} --id ID")
