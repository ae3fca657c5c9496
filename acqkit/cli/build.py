"""`acqkit pool build`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from acqkit.cli.console import PlainConsole, say, say_table, visible
from acqkit.cli.settings import parse_yaml, read_yaml
from acqkit.errors import ConfigError

if TYPE_CHECKING:
    from acqkit.encoding import Built, Progress

_EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal: fewer fill a log."""

_EXAMPLES = """
Examples:

  acqkit pool build icons.csv --a picture --b name --encode-a timm:resnet50.a1_in1k
    --encode-b sentence-transformers:all-MiniLM-L6-v2 --label category --single-label --out icons

  acqkit pool build photos/ --a image --b caption --encode-a transformers:clip-folder
    --encode-b transformers:clip-folder --classes classes.txt --out photos-pool

  acqkit pool build build.yaml

An encoder is NAME, NAME:MODEL or {name: ..., model: ..., ...}; `acqkit plugins NAME` says its
parameters. What was encoded is kept in OUT.encoded: the same command goes on after a kill, and
encodes only what is new when rows were added.
"""


_Engine = Annotated[
    str | None,
    typer.Option(
        help="Where items are encoded: local (default); with the plugin acqkit-ray also ray or "
        "ray://HOST:PORT. A name, or YAML: {name: ray, workers: 4}."
    ),
]


def build(
    source: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, JSON lines, Parquet, COCO captions, folder of pictures, tar files or a "
            "saved Hugging Face data set; or a YAML file with the same keys as the flags.",
            metavar="TABLE_OR_FOLDER",
        ),
    ],
    a: Annotated[str | None, typer.Option(help="Column of the first modality.")] = None,
    b: Annotated[str | None, typer.Option(help="Column of the second modality.")] = None,
    encode_a: Annotated[str | None, typer.Option(help="Encoder of the first modality.")] = None,
    encode_b: Annotated[str | None, typer.Option(help="Encoder of the second modality.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the pool.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder of the files named (default: the table's own).")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id", help="Column of ids (default: id, or the names of files)."),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Column of labels; an empty one is not labeled yet.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Column of train or test.")] = None,
    classes: Annotated[Path | None, typer.Option(help="File of class names, a line each.")] = None,
    multilabel: Annotated[
        bool | None,
        typer.Option(
            "--multi-label/--single-label", help="Whether a pair may have several labels, or none."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call the pool.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 (default) or float16.")] = None,
    device: Annotated[str | None, typer.Option(help="Torch device (default: cpu).")] = None,
    half: Annotated[bool | None, typer.Option("--half", help="Encode in half precision.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Items a batch (default: 64).")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Threads that read and decode (default: 2).")
    ] = None,
    engine: _Engine = None,
    dedup: Annotated[
        str | None,
        typer.Option(help="Keep duplicates out: exact, or near for both kinds."),
    ] = None,
    near: Annotated[
        float | None, typer.Option(help="Cosine of near duplicates (default: 0.99).")
    ] = None,
) -> None:
    """Make a pool from files: a table or folder of pictures and texts, an encoder for each side."""
    flags: dict[str, Any] = {key: value for key, value in locals().items() if key != "source"}
    flags["id"] = flags.pop("id_column")
    data = _given(flags)
    if source.suffix.lower() in (".yaml", ".yml"):
        data = read_yaml(source) | data
    else:
        data["source"] = source
    execute(data, str(source))


build.__doc__ = (build.__doc__ or "") + _EXAMPLES


def execute(data: dict[str, Any], source: str) -> None:
    """Build with progress, then say what came out and what to do next."""
    # torch and the encoders take seconds to import, for which --help need not wait.
    from acqkit.encoding import carry_out, make_build_config  # noqa: PLC0415

    config = make_build_config(data, source)
    with _Display(PlainConsole(stderr=True)) as display:
        built = carry_out(config, display.report)
    say_table(summary(built))
    say(f"pool: {built.path}")
    say(f"next: acqkit pool describe {built.path}")


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given; components as what they say."""
    data = {key: value for key, value in flags.items() if value is not None}
    for key in ("encode_a", "encode_b"):
        if key in data:
            data[key] = _encoder(data[key], f"--{key.replace('_', '-')}")
    if "engine" in data:
        data["engine"] = parse_yaml(data["engine"], "--engine")
    return data


def _encoder(text: str, option: str) -> Any:
    """An encoder as one types it: a name, NAME:MODEL, or a mapping in YAML's braces."""
    found = parse_yaml(text, option) if text.lstrip().startswith("{") else text
    if not isinstance(found, str | dict):
        raise ConfigError(f"{option} is {text!r}, wanted NAME, NAME:MODEL or {{name: ...}}")
    return found


class _Display:
    """Bars with the time left on a terminal, a line now and then elsewhere."""

    def __init__(self, console: PlainConsole) -> None:
        self._console = console
        self._said = self._began = time.monotonic()
        self._tasks: dict[str, Any] = {}
        self._bars = Bars(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> _Display:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def report(self, progress: Progress) -> None:
        """Show where a modality stands."""
        modality = visible(progress.modality)
        if modality not in self._tasks:
            self._said = self._began = time.monotonic()
            self._tasks[modality] = self._bars.add_task(modality, total=progress.total)
        self._bars.update(self._tasks[modality], completed=progress.done)
        now = time.monotonic()
        ended = progress.done == progress.total
        if not self._console.is_terminal and now - self._said >= _EVERY and not ended:
            self._said = now
            left = (now - self._began) / max(progress.done, 1) * (progress.total - progress.done)
            self._console.print(
                f"{modality}: {progress.done:,} of {progress.total:,}, {progress.encoded:,} "
                f"encoded, {progress.failed:,} failed, about {left:,.0f} s left"
            )


def summary(built: Built) -> dict[str, str]:
    """What a build did, in words."""
    gone = f"; {built.gone:,} of before are no longer in it" if built.gone else ""
    rows = {"pairs": f"{built.pairs:,}, {built.new:,} of them new{gone}"}
    for modality, count in built.encoded.items():
        rows[f"encoded now, {modality}"] = f"{count:,}"
    rows["failed"] = (
        f"{built.failed:,} items; {built.left_out:,} pairs are left out: {built.path}/failures.csv"
        if built.left_out
        else "none"
    )
    found = built.duplicates
    rows["duplicates"] = (
        f"{found['exact']:,} exact, {found['near']:,} near; "
        + (f"{built.dropped:,} are kept out" if built.dropped else "all are kept")
        + f": {built.path}/duplicates.csv"
        if any(found.values())
        else "none"
    )
    waiting = built.pairs + built.dropped - built.labeled
    rows["labeled"] = f"{built.labeled:,}" + (
        f"; {waiting:,} are not labeled yet" if waiting else ", all"
    )
    if built.labeled and not built.classes_declared:
        rows["classes"] = "those among the labels; --classes FILE declares all"
    rows["ids"] = f"from {built.ids_from}"
    return rows
