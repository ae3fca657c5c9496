"""`acqkit pool describe`, and the group of `acqkit pool build`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from acqkit.cli.build import build
from acqkit.cli.console import say_json, say_table
from acqkit.loading import load_pool
from acqkit.pool.describe import describe

MOST_CLASSES = 20
"""Classes named in a summary: five lines or so of 80 columns; `--json` has all."""

app = typer.Typer(help="Make pools from files, and look at them.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make pools from files, and look at them."""


app.command("build")(build)


@app.command("describe")
def describe_command(
    path: Annotated[str, typer.Argument(help="Path of a pool, or a data set's name.")],
    verify: Annotated[
        bool,
        typer.Option(help="Compare a saved pool with its digest; --no-verify for a huge one."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Check a pool and say what is in it, and what is not."""
    # A data set by name has no such option.
    data = describe(load_pool(path, **({} if verify else {"verify": False})))
    if as_json:
        say_json(data)
    else:
        say_table(summary(data))


def summary(data: dict[str, Any]) -> dict[str, str]:
    """What `describe` found, in words; whatever a pool may have and this one lacks is named."""
    rows = {"pool": data["name"], "pairs": _pairs(data)}
    for name, facts in data["modalities"].items():
        rows[f"modality {name}"] = _modality(facts, data["n"])
    return rows | {
        "labels": _labels(data),
        "classes": _classes(data),
        "ids": "none: pairs go by their positions" if data["ids"] == "positions" else "yes",
        "to look at": _display(data["display"]),
        "costs": "yes" if data["cost"] else "none: every label costs the same",
        "groups": "yes" if data["group"] else "none",
    }


def _pairs(data: dict[str, Any]) -> str:
    if data["test"] == 0:
        return f"{data['n']:,}, with no test part: a run keeps one by itself"
    return f"{data['n']:,}: {data['train']:,} to learn from, {data['test']:,} to evaluate"


def _modality(facts: dict[str, Any], n: int) -> str:
    said = "raw items" if facts["dtype"] == "raw items" else _numbers(facts)
    if facts["missing"]:
        said += f"; {facts['missing']:,} of {n:,} pairs lack it"
    return said


def _numbers(facts: dict[str, Any]) -> str:
    where = ", read from the file as needed" if facts["memory_mapped"] else ""
    return f"{facts['width']:,} numbers a pair ({facts['dtype']}){where}"


def _labels(data: dict[str, Any]) -> str:
    kind = "multi-label" if data["multilabel"] else "single-label"
    if data["labels"] == "none":
        return f"none yet ({kind})"
    each = data["labels_per_pair"]
    some = f", {each:.2f} classes a labeled pair" if data["multilabel"] and each else ""
    if data["labels"] == "truth":
        said = "the truth is known for every pair, so runs can simulate"
        return f"{kind}{some}; {data['labeled']:,} pairs are labeled; {said}{_no_class(data)}"
    return f"{kind}{some}; {_partly(data)}"


def _no_class(data: dict[str, Any]) -> str:
    if not data["no_class"]:
        return ""
    have = "pair has" if data["no_class"] == 1 else "pairs have"
    return (
        f"; {data['no_class']:,} {have} none of the classes (were they only not labeled yet, a "
        "column labeled_round would have to say so, with -1)"
    )


def _partly(data: dict[str, Any]) -> str:
    """How many pairs are labeled, and what that means for the others."""
    labeled, test = data["labeled"], data["labeled_test"]
    if not labeled:
        return "no pair is labeled yet"
    parts = ""
    if data["test"]:
        train = labeled - test
        parts = f" ({train:,} of {data['train']:,} to learn from, {test:,} of {data['test']:,} to "
        parts += "evaluate)"
    return (
        f"{labeled:,} of {data['n']:,} pairs are labeled{parts}; the others are unlabeled, not of "
        "no class: runs ask for and evaluate on labeled ones alone, and train on the others "
        "without labels"
    )


def _classes(data: dict[str, Any]) -> str:
    classes = data["classes"]
    if not classes:
        return "none"
    if isinstance(classes, list):
        return f"{len(classes):,}: {', '.join(classes[:MOST_CLASSES])}{_more(classes)}"
    order = sorted(classes, key=lambda name: -classes[name])
    named = ", ".join(f"{name} ({classes[name]:,})" for name in order[:MOST_CLASSES])
    said = f"{len(order):,}, with the pairs of each: {named}{_more(order)}"
    if unused := sum(count == 0 for count in classes.values()):
        said += f"; {unused:,} of them {'has' if unused == 1 else 'have'} no pair"
    return said


def _more(names: list[str]) -> str:
    return f" and {len(names) - MOST_CLASSES:,} more" if len(names) > MOST_CLASSES else ""


def _display(columns: dict[str, str]) -> str:
    if not columns:
        return "nothing: people would see ids alone"
    kinds = {"image": "pictures", "audio": "sounds", "text": "text"}
    return ", ".join(f"{name} ({kinds[kind]})" for name, kind in columns.items())
