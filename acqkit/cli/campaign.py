"""`acqkit campaign`: labeling by people, asked and told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from acqkit.campaign import Campaign
from acqkit.cli.console import say, say_table
from acqkit.cli.sheets import read_sheet, write_sheet
from acqkit.loading import load_pool

app = typer.Typer(
    help="Label with people: ask for pairs, tell their labels, over days.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="The campaign's folder.")]


@app.command("init")
def init(
    folder: Folder,
    pool: Annotated[str, typer.Option(help="Path of a pool, or a data set's name.")],
    strategy: Annotated[str, typer.Option(help="Strategy, or SCORER+ALLOCATOR.")] = "typiclust",
    trainer: Annotated[str, typer.Option(help="Trainer.")] = "supervised",
    model: Annotated[str, typer.Option(help="Model.")] = "two-tower",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="Torch device of the model.")] = "cpu",
) -> None:
    """Start a campaign in a new folder."""
    reference = str(Path(pool).resolve()) if Path(pool).exists() else pool
    with Campaign.create(
        folder,
        load_pool(pool),
        strategy=strategy,
        trainer=trainer,
        model=model,
        seed=seed,
        device=device,
        pool_reference=reference,
    ):
        say(f"campaign made in {folder}")
        say(f"next: acqkit campaign ask {folder} -n 20 --sheet batch.csv")


@app.command("ask")
def ask(
    folder: Folder,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many pairs.")] = 20,
    sheet: Annotated[
        Path | None, typer.Option(help="CSV file to fill in (default: FOLDER/BATCH_ID.csv).")
    ] = None,
    engine: Annotated[str, typer.Option(help="Where embedding and scoring run.")] = "local",
    device: Annotated[
        str | None, typer.Option(help="Torch device, where not the campaign's own.")
    ] = None,
) -> None:
    """Pick the pairs to label next and write a sheet to fill in.

    In the label column write a class name (several separated by ; in multi-label pools),
    ? for can't tell, - for none of the classes; leave it empty to answer later.
    """
    with Campaign.open(folder, engine=engine, device=device) as campaign:
        batch = campaign.ask(n)
        path = sheet or folder / f"{batch.batch_id}.csv"
        write_sheet(path, batch, campaign.pool)
    say(f"batch {batch.batch_id}: {len(batch.ids)} pairs to label in {path}")
    say(f"next: acqkit campaign tell {folder} {path}")


@app.command("tell")
def tell(
    folder: Folder,
    sheet: Annotated[Path, typer.Argument(help="The filled-in sheet.")],
    annotator: Annotated[str, typer.Option(help="Who answered.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers replace earlier, other ones.")
    ] = False,
) -> None:
    """Record the labels of a sheet; telling the same thing twice changes nothing."""
    with Campaign.open(folder) as campaign:
        answers = read_sheet(sheet, campaign.pool)
        for batch_id, labels in answers.items():
            campaign.tell(batch_id, labels, annotator=annotator, replace=replace)
        told = sum(len(labels) for labels in answers.values())
        say(f"{told} answers recorded")


@app.command("status")
def status(folder: Folder) -> None:
    """Say how far the campaign is."""
    with Campaign.open(folder) as campaign:
        say_table({k.replace("_", " "): v for k, v in _plain(campaign.status()).items()})


def _plain(status: Any) -> dict[str, Any]:
    return {name: getattr(status, name) for name in status.__dataclass_fields__}
