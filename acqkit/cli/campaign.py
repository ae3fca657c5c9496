"""`acqkit campaign`: labeling by people, asked and told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acqkit.campaign.status import stored_status
from acqkit.cli.campaign_status import say_status
from acqkit.cli.console import say
from acqkit.cli.options import Engine
from acqkit.errors import CampaignError

# What reads pools and makes components takes half a second to import, for which neither --help
# nor `status` need wait.
if TYPE_CHECKING:
    from acqkit.campaign import Batch, Campaign

app = typer.Typer(
    help="Label with people: ask for pairs, tell their labels, over days.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="The campaign's folder.")]
Pool = Annotated[
    str | None, typer.Option(help="Path of the pool, where it is not found any more: it moved.")
]
Sheet = Annotated[
    Path | None,
    typer.Option(help="CSV file to fill in, a new one (default: FOLDER/BATCH_ID.csv)."),
]


@app.command("init")
def init(
    folder: Folder,
    pool: Annotated[str, typer.Option(help="Path of a pool, or a data set's name.")],
    strategy: Annotated[str, typer.Option(help="Strategy, or SCORER+ALLOCATOR.")] = "typiclust",
    trainer: Annotated[str | None, typer.Option(help="Trainer (default: by model).")] = None,
    model: Annotated[str, typer.Option(help="Model.")] = "two-tower",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    device: Annotated[str, typer.Option(help="Torch device of the round, e.g. cuda.")] = "cpu",
) -> None:
    """Start a campaign in a new folder."""
    from acqkit.campaign import Campaign  # noqa: PLC0415
    from acqkit.loading import load_pool  # noqa: PLC0415

    with Campaign.create(
        folder,
        load_pool(pool),
        strategy=strategy,
        trainer=trainer,
        model=model,
        seed=seed,
        device=device,
        pool_reference=pool,
    ):
        say(f"campaign made in {folder}")
        say(f"next: acqkit campaign ask {folder} -n 20 --sheet batch.csv")


@app.command("ask")
def ask(
    folder: Folder,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many pairs.")] = 20,
    sheet: Sheet = None,
    strategy: Annotated[
        str | None, typer.Option(help="Another strategy this once: a name, or YAML.")
    ] = None,
    engine: Engine = "local",
    device: Annotated[
        str | None, typer.Option(help="Torch device, where not the campaign's own.")
    ] = None,
    again: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS", help="Of pairs answered before there was this class: does it apply?"
        ),
    ] = None,
    pool: Pool = None,
) -> None:
    """Pick the pairs to label next and write a sheet to fill in.

    In the label column write a class name (several separated by ; in multi-label pools),
    ? for can't tell, - for none of the classes; leave it empty to answer later. With --again
    write that class where it applies and - where it does not.
    """
    from acqkit.cli.settings import parse_yaml  # noqa: PLC0415
    from acqkit.cli.sheet_files import SheetFile  # noqa: PLC0415

    if strategy is not None and again is not None:
        raise CampaignError("--again asks in an order of its own; leave --strategy out")
    instead = None if strategy is None else parse_yaml(strategy, "--strategy")
    with (
        _open(folder, pool, engine=engine, device=device) as campaign,
        SheetFile(campaign, sheet) as file,
    ):
        try:
            batch = (
                campaign.ask(n, strategy=instead, prepare=file.write)
                if again is None
                else campaign.ask_again(again, n, prepare=file.write)
            )
            path = file.publish(batch)
        except KeyboardInterrupt as interrupt:
            interrupt.args = (file.what_is_kept(),)
            raise
    _say_sheet(folder, batch, path)


@app.command("sheet")
def sheet(
    folder: Folder,
    batch_id: Annotated[
        str | None, typer.Argument(metavar="[BATCH]", help="Its id, where several are open.")
    ] = None,
    sheet: Sheet = None,
    pool: Pool = None,
) -> None:
    """Write the sheet of a batch again, with the pairs that nobody has answered yet."""
    from acqkit.cli.sheet_files import SheetFile  # noqa: PLC0415

    with _open(folder, pool) as campaign, SheetFile(campaign, sheet) as file:
        batch = _open_batch(campaign, batch_id)
        file.write(batch)
        path = file.publish(batch)
    _say_sheet(folder, batch, path)


@app.command("tell")
def tell(
    folder: Folder,
    sheet: Annotated[Path, typer.Argument(help="The filled-in sheet.")],
    annotator: Annotated[str, typer.Option(help="Who answered.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Let answers replace earlier, other ones.")
    ] = False,
    pool: Pool = None,
) -> None:
    """Record the labels of a sheet, all or none; telling the same twice changes nothing."""
    from acqkit.cli.sheets import read_sheet  # noqa: PLC0415

    with _open(folder, pool) as campaign:
        asked = {b.batch_id: b.about for b in campaign.batches() if b.about is not None}
        answers = read_sheet(sheet, campaign.pool, campaign.former_names, asked)
        campaign.tell_sheet(answers, annotator=annotator, replace=replace)
    say(f"{sum(map(len, answers.values()))} answers recorded")


@app.command("withdraw")
def withdraw(
    folder: Folder,
    batch_id: Annotated[str, typer.Argument(metavar="BATCH", help="Its id.")],
    pool: Pool = None,
) -> None:
    """Give a batch back: pairs that nobody has answered may be asked for again."""
    with _open(folder, pool) as campaign:
        freed = campaign.withdraw(batch_id)
    say(f"{len(freed)} unanswered pairs of {batch_id} are free again; its answers stay")


@app.command("backup")
def backup(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="New folder for the copy.")],
    pool: Pool = None,
) -> None:
    """Copy the campaign to a new folder while others may go on with it; the pool is not copied."""
    with _open(folder, pool) as campaign:
        campaign.backup(out)
    say(f"{folder} copied to {out}, without its pool")


@app.command("export")
def export(
    folder: Folder,
    out: Annotated[
        Path, typer.Option(help="New folder; or a new .csv or .parquet file, for labels alone.")
    ],
    device: Annotated[
        str | None, typer.Option(help="Torch device, where not the campaign's own.")
    ] = None,
    engine: Engine = "local",
    pool: Pool = None,
) -> None:
    """Write out labels, pseudo-labels, the model, embeddings, an index and a model card."""
    from acqkit.cli.export import say_exported  # noqa: PLC0415
    from acqkit.export import export_campaign, export_labels  # noqa: PLC0415
    from acqkit.export.write import TABLE_SUFFIXES  # noqa: PLC0415

    with _open(folder, pool, engine=engine, device=device) as campaign:
        if out.suffix in TABLE_SUFFIXES:
            say(f"{export_labels(campaign, out)} labels written to {out}")
        else:
            say_exported(export_campaign(campaign, out), out)


@app.command("status")
def status(folder: Folder, pool: Pool = None) -> None:
    """Say how far the campaign is."""
    found = stored_status(folder) if pool is None else None
    if found is None:
        with _open(folder, pool) as campaign:
            found = campaign.status()
    say_status(found)


@app.command("add-pairs")
def add_pairs(
    folder: Folder,
    source: Annotated[str, typer.Argument(metavar="POOL", help="Path of a pool with new pairs.")],
    test_share: Annotated[
        float,
        typer.Option(help="Share of them kept for evaluation, where POOL has no split."),
    ] = 0.0,
    pool: Pool = None,
) -> None:
    """Take in the pairs of a pool that the campaign does not have yet."""
    from acqkit.loading import load_pool  # noqa: PLC0415

    with _open(folder, pool) as campaign:
        new = campaign.add_pairs(load_pool(source), test_share=test_share, pool_reference=source)
        whole = campaign.pool
    test = set(whole.ids[whole.test_positions].tolist())
    kept = sum(each in test for each in new)
    say(f"{len(new)} new pairs, {kept} of them test pairs; the campaign has {len(whole)}")


@app.command("add-class")
def add_class(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="Its name.")],
    pool: Pool = None,
) -> None:
    """Add a class; `ask --again` asks about it where there are answers already."""
    with _open(folder, pool) as campaign:
        campaign.add_class(name)
        _say_classes(campaign)


@app.command("rename-class")
def rename_class(
    folder: Folder,
    old: Annotated[str, typer.Argument(help="What it is called.")],
    new: Annotated[str, typer.Argument(help="What it is called from now on.")],
    pool: Pool = None,
) -> None:
    """Call a class otherwise; sheets that say the old name are still understood."""
    with _open(folder, pool) as campaign:
        campaign.rename_class(old, new)
        _say_classes(campaign)


@app.command("merge-classes")
def merge_classes(
    folder: Folder,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Classes to merge.")],
    into: Annotated[str, typer.Option(help="One of the campaign's classes, or a new one.")],
    pool: Pool = None,
) -> None:
    """Make several classes one; what was said of each is said of that one."""
    with _open(folder, pool) as campaign:
        campaign.merge_classes(names, into)
        _say_classes(campaign)


def _say_classes(campaign: Campaign) -> None:
    say(f"classes: {', '.join(campaign.live_classes)}")


def _open(
    folder: Path, pool: str | None, engine: str = "local", device: str | None = None
) -> Campaign:
    from acqkit.campaign import Campaign  # noqa: PLC0415
    from acqkit.cli.settings import parse_yaml  # noqa: PLC0415
    from acqkit.loading import load_pool  # noqa: PLC0415

    there = None if pool is None else load_pool(pool)
    where = parse_yaml(engine, "--engine")
    return Campaign.open(folder, there, engine=where, device=device)


def _open_batch(campaign: Campaign, batch_id: str | None) -> Batch:
    """The open batch of that id, or the only one."""
    found = {batch.batch_id: batch for batch in campaign.open_batches()}
    if batch_id is None and len(found) == 1:
        return next(iter(found.values()))
    if batch_id in found:
        return found[batch_id]
    wanted = "several batches are open" if batch_id is None else f"{batch_id} is no open batch"
    listed = ", ".join(f"{b.batch_id} ({len(b.pending)} unanswered)" for b in found.values())
    if not found:
        raise CampaignError("no batch has unanswered pairs; `acqkit campaign ask` takes new ones")
    raise CampaignError(f"{wanted}; give the id of one that is: {listed}")


def _say_sheet(folder: Path, batch: Batch, path: Path) -> None:
    say(f"{batch.batch_id}: {len(batch.pending)} pairs to label in {path}")
    say(f"next: acqkit campaign tell {folder} {path}")
