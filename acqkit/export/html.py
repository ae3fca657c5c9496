"""A search as one self-contained HTML page, with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from acqkit.errors import ExportError
from acqkit.export.search import Found
from acqkit.export.shown import Shown
from acqkit.files import make_folder, write_text
from acqkit.report.media import thumbnail


def write_page(path: Path, found: Sequence[Found]) -> None:
    """Write the page about `found`; it asks nothing of any network and runs no script.

    Raises ExportError where it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("acqkit.export", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(uri=_uri)
    html = environment.get_template("search.html.j2").render(found=found)
    try:
        make_folder(path.parent)
        write_text(path, html.encode("utf-8", "replace").decode("utf-8"))
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from None


def _uri(shown: Shown) -> Any:
    """A picture drawn anew as data URI, whatever the file holds now; None without one."""
    return None if shown.picture is None else thumbnail(shown.picture)
