"""`acqkit search`: retrieval in what a campaign or a run has exported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from acqkit.cli.console import PlainConsole, say, say_json
from acqkit.errors import ExportError, shortened

if TYPE_CHECKING:
    from acqkit.export import Found, Shown

_LONGEST = 200
"""Characters of a text in the table: a few lines of a terminal."""


def search(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that was exported.")],
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="A text to find matches of.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A picture or a sound.")] = None,
    pair: Annotated[str | None, typer.Option("--id", help="Id of a pair of the pool.")] = None,
    features: Annotated[
        Path | None, typer.Option(help="A .npy file: one vector, or one a row.")
    ] = None,
    k: Annotated[int, typer.Option("-k", "--number", min=1, help="How many matches.")] = 10,
    modality: Annotated[
        str | None, typer.Option(help="What the query is; matches are of the other modality.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with pictures to this file.")
    ] = None,
    device: Annotated[str, typer.Option(help="Torch device of the model.")] = "cpu",
) -> None:
    """Find the best matches in what a campaign or a run has exported.

    Matches are pairs of the pool by their other modality, the most similar first. A text or a
    file is encoded as the pool was, where it was built from files.
    """
    # torch takes seconds to import, for which --help need not wait.
    from acqkit.export import Search  # noqa: PLC0415

    given = {"TEXT": text, "--file": file, "--id": pair, "--features": features}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        got = f"got {' and '.join(named)}" if named else "got nothing"
        raise ExportError(f"{got} to search for; give one of {', '.join(given)}")
    search = Search(folder, device=device)
    if text is not None:
        found = [search.of_text(text, k, modality)]
    elif file is not None:
        found = [search.of_file(file, k, modality)]
    elif pair is not None:
        found = [search.of_pair(pair, k, modality)]
    else:
        assert features is not None  # exactly one is given
        found = search.of_features(_read(features), k, modality)
    if html is not None:
        from acqkit.export.html import write_page  # noqa: PLC0415

        write_page(html, found)
    if as_json:
        say_json([_plain(each) for each in found])
        return
    for each in found:
        # Not as the table's title, which would break in lines as narrow as the table.
        say(f"{each.gallery} for {each.modality} of {each.query}")
        PlainConsole().print(_table(each))
    if html is not None:
        say(f"page: {html}")


def _read(path: Path) -> np.ndarray[Any, Any]:
    try:
        array: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "it is no .npy file of numbers"
        raise ExportError(f"{path} cannot be read: {reason}") from None
    return array


def _table(found: Found) -> Table:
    table = Table()
    table.add_column("", justify="right")
    table.add_column("id", overflow="fold")
    table.add_column("cosine", justify="right")
    labeled = any(match.labels is not None for match in found.matches)
    if labeled:
        table.add_column("labels")
    looks = [[_look(shown) for shown in match.shown] for match in found.matches]
    # A terminal shows no pictures: those without a file's name are for --html.
    columns = [at for at in range(len(looks[0]) if looks else 0) if any(row[at] for row in looks)]
    for at in columns:
        table.add_column(found.matches[0].shown[at].column, overflow="fold")
    for match, look in zip(found.matches, looks, strict=True):
        own = " (the query's own)" if match.own else ""
        cells = [str(match.rank), f"{match.id}{own}", f"{match.similarity:.4f}"]
        if labeled:
            cells.append("" if match.labels is None else ", ".join(match.labels) or "none")
        table.add_row(*cells, *(look[at] for at in columns))
    return table


def _look(shown: Shown) -> str:
    text = shown.file or "" if shown.text is None else shown.text
    return shortened(text, _LONGEST)


def _plain(found: Found) -> dict[str, Any]:
    return {
        "query": found.query,
        "modality": found.modality,
        "gallery": found.gallery,
        "matches": [
            {
                "rank": match.rank,
                "id": match.id,
                "similarity": match.similarity,
                "own": match.own,
                "labels": None if match.labels is None else list(match.labels),
                "shown": _shown(match.shown),
            }
            for match in found.matches
        ],
    }


def _shown(shown: Sequence[Shown]) -> dict[str, str | None]:
    return {each.column: each.text if each.text is not None else each.file for each in shown}
