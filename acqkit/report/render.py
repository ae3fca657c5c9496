"""The page: plain data into one self-contained HTML file."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from acqkit.files import make_folder, write_text
from acqkit.report.data import ReportData, Run
from acqkit.report.figures import SHARE_OF_FULL, Estimate, baseline_of, key_figures
from acqkit.report.headline import headline, signed
from acqkit.report.payload import colors, payload, script_json
from acqkit.report.precision import precision_sentence

MOST_ALLOCATION_ROWS = 60
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
    environment.filters.update(estimate=_estimate, count=_count, number=_number)
    html = environment.get_template("page.html.j2").render(_context(data))
    make_folder(path.parent)
    write_text(path, html)
    return path


def _context(data: ReportData) -> dict[str, Any]:
    baseline = baseline_of(data.runs)
    rows = [key_figures(run, baseline) for run in data.runs]
    scripts = "\n".join(_own_file(name) for name in SCRIPTS)
    return {
        "data": data,
        "headline": headline(data.runs),
        "rows": rows,
        "best": max(rows, key=lambda row: row.area.mean).name if len(rows) > 1 else None,
        "baseline": baseline,
        "share": SHARE_OF_FULL,
        "colors": colors(data.runs),
        "facts": _facts(data),
        "several_seeds": any(row.final.seeds > 1 for row in rows),
        "rounds": sorted({figure.round for run in data.runs for figure in run.figures}),
        "shown": {run.name: _shown(run) for run in data.runs},
        "precision": precision_sentence(data.runs),
        "pseudo_labels": any(run.precision and run.precision.pseudo_labels for run in data.runs),
        "allocations": _allocations(data.runs),
        "settings": _settings(data.runs),
        "versions": _versions(data.runs),
        "style": Markup(_own_file("style.css")),
        "payload": Markup(script_json(payload(data))),
        "plotly": Markup(get_plotlyjs()),
        "script": Markup(f'(() => {{\n"use strict";\n{scripts}\n}})();'),
    }


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


def _allocations(runs: list[Run]) -> list[dict[str, Any]]:
    """Allocation tables ready to be drawn: columns in the order of their first appearance."""
    tables = []
    for run in runs:
        for table in run.allocations:
            names = list(dict.fromkeys(key for row in table.rows for key in row))
            columns = {name: [row.get(name) for row in table.rows] for name in names}
            cells = [_cells(column) for column in columns.values()]
            shown = list(zip(*cells, strict=True))
            tables.append(
                {
                    "run": run.name,
                    "round": table.round,
                    "name": table.name,
                    "columns": names,
                    "numeric": [_is_numeric(column) for column in columns.values()],
                    "rows": shown[:MOST_ALLOCATION_ROWS],
                    "left_out": max(0, len(shown) - MOST_ALLOCATION_ROWS),
                }
            )
    return tables


def _is_numeric(column: list[Any]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in column)


def _cells(column: list[Any]) -> list[str]:
    """A column as text; fractions with the same number of digits, so that they line up."""
    if not _is_numeric(column):
        return [_plain(value) for value in column]
    largest = max(abs(value) for value in column)
    whole = all(float(value).is_integer() for value in column)
    digits = 0 if whole or largest >= 1000 else 1 if largest >= 100 else 3
    return [f"{value:,.{digits}f}" for value in column]


def _settings(runs: list[Run]) -> list[dict[str, Any]]:
    """Rows of the configuration; those in which the runs differ come first."""
    keys = list(dict.fromkeys(key for run in runs for key in run.config))
    rows = []
    for key in keys:
        values = [_plain(run.config.get(key)) for run in runs]
        rows.append({"key": key, "values": values, "differs": len(set(values)) > 1})
    return sorted(rows, key=lambda row: not row["differs"])


def _versions(runs: list[Run]) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run.versions.items():
            found.setdefault(name, {})[version] = None
    return {name: ", ".join(versions) for name, versions in sorted(found.items())}


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={_plain(item)}" for key, item in value.items())
    return str(value)


def _number(value: float) -> str:
    """A score or term to three digits."""
    return f"{value:.3g}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _estimate(value: Estimate, sign: bool = False) -> str:
    """Mean ± standard error."""
    mean = signed(value.mean) if sign else f"{value.mean:.3f}"
    return mean if value.error is None else f"{mean} ± {value.error:.3f}"
