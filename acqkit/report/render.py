"""The page: plain data into one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from acqkit.files import make_folder, write_text
from acqkit.report.data import ReportData, Run
from acqkit.report.figures import baseline_of, key_figures
from acqkit.report.headline import headline
from acqkit.report.payload import colors, payload, script_json
from acqkit.report.precision import precision_sentence
from acqkit.report.searches import shown_searches
from acqkit.report.tables import allocation_tables, key_columns, plain

SCRIPTS = (
    "state.js",
    "charts.js",
    "curves.js",
    "poolmap.js",
    "coverage.js",
    "precision.js",
    "seconds.js",
    "gallery.js",
    "main.js",
)


def render_report(data: ReportData, path: Path) -> Path:
    """Write the page about `data` to `path`; a reader never sees half a file.

    The page asks nothing of any network, and a content security policy in it forbids it to.
    """
    environment = Environment(
        loader=PackageLoader("acqkit.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=_count, number=_number)
    html = environment.get_template("page.html.j2").render(_context(data))
    make_folder(path.parent)
    # Half of a surrogate pair, which JSON may hold, is no character.
    write_text(path, html.encode("utf-8", "replace").decode("utf-8"))
    return path


def _context(data: ReportData) -> dict[str, Any]:
    baseline = baseline_of(data.runs)
    rows = [key_figures(run, baseline) for run in data.runs]
    scripts = "\n".join(_own_file(name) for name in SCRIPTS)
    script, plotly = f'(() => {{\n"use strict";\n{scripts}\n}})();', get_plotlyjs()
    return {
        "data": data,
        "headline": headline(data.runs),
        "rows": rows,
        "columns": key_columns(data.runs, rows),
        "best": max(rows, key=lambda row: row.area.mean).name if len(rows) > 1 else None,
        "baseline": baseline,
        "colors": colors(data.runs),
        "facts": _facts(data),
        "several_seeds": any(row.final.seeds > 1 for row in rows),
        "rounds": sorted({figure.round for run in data.runs for figure in run.figures}),
        "shown": {run.name: _shown(run) for run in data.runs},
        "precision": precision_sentence(data.runs),
        "pseudo_labels": any(run.precision and run.precision.pseudo_labels for run in data.runs),
        "searches": shown_searches(data.runs),
        "allocations": allocation_tables(data.runs),
        "settings": _settings(data.runs),
        "versions": _versions(data.runs),
        "style": Markup(_own_file("style.css")),
        "payload": Markup(script_json(payload(data))),
        "plotly": Markup(plotly),
        "script": Markup(script),
        "policy": _policy(plotly, script),
    }


def _policy(*scripts: str) -> str:
    """The content security policy: these scripts and no other, and nothing from anywhere."""
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _own_file(name: str) -> str:
    return resources.files("acqkit.report").joinpath("page", name).read_text(encoding="utf-8")


def _facts(data: ReportData) -> list[str]:
    pool = data.pool
    seeds = {len({figure.seed for figure in run.figures}) for run in data.runs}
    count = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    strategies = "strategy" if len(data.runs) == 1 else "strategies"
    return [
        f"{pool.n:,} pairs: {pool.train:,} to learn from, {pool.test:,} to evaluate",
        f"{pool.modalities[0]} and {pool.modalities[1]}",
        f"{pool.classes} classes, {'multi' if pool.multilabel else 'single'}-label",
        f"{len(data.runs)} {strategies}, {count} {'seed' if count == '1' else 'seeds'} each",
    ]


def _shown(run: Run) -> dict[int, int]:
    """Cards in the gallery, by round."""
    shown: dict[int, int] = {}
    for pick in run.picks:
        shown[pick.round] = shown.get(pick.round, 0) + 1
    return shown


def _settings(runs: list[Run]) -> list[dict[str, Any]]:
    """Rows of the configuration; those in which the runs differ come first."""
    keys = list(dict.fromkeys(key for run in runs for key in run.config))
    rows = []
    for key in keys:
        values = [plain(run.config.get(key)) for run in runs]
        rows.append({"key": key, "values": values, "differs": len(set(values)) > 1})
    return sorted(rows, key=lambda row: not row["differs"])


def _versions(runs: list[Run]) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run.versions.items():
            found.setdefault(name, {})[version] = None
    return {name: ", ".join(versions) for name, versions in sorted(found.items())}


def _number(value: float) -> str:
    """A score or term to three digits."""
    return f"{value:.3g}"


def _count(value: float) -> str:
    return f"{value:,.0f}"
