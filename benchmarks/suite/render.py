"""A study as Markdown and as one self-contained HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from acqkit.files import write_text
from suite.answer import Answer, answer
from suite.falls import fall_tables
from suite.figures import curves_chart, difference_diagram, seconds_chart
from suite.lead import lead_table
from suite.statistics import Ranks, mean_ranks
from suite.study import Study
from suite.tables import (
    TableText,
    area_table,
    in_order,
    labels_needed,
    labels_table,
    metrics_table,
    rank_table,
    seconds_table,
    win_table,
)

RANDOM_START = (
    "* needs a classifier and so cannot choose before there are labels: its first batch is the "
    "one that the strategy random picks for the same seed."
)


@dataclass(frozen=True)
class Findings:
    """All that is shown, worked out once for both forms."""

    study: Study
    environment: dict[str, Any]
    answer: Answer
    ranks: Ranks | None
    order: list[str]
    tables: list[TableText]
    notes: list[str]

    @classmethod
    def of(cls, study: Study, environment: dict[str, Any]) -> Findings:
        """What a study says."""
        ranks, labels = mean_ranks(study), labels_needed(study)
        order = in_order(study, ranks)
        tables = []
        if order and study.settings:
            tables.append(area_table(study, order))
            tables += [rank_table(study, ranks), lead_table(study, ranks)] if ranks else []
            tables += [labels_table(study, order, labels)] if study.has_curves else []
            tables += [*fall_tables(study, order), win_table(study, order)]
            tables += [every] if (every := metrics_table(study, order)) else []
            tables += [seconds_table(study, order)]
        starred = any(row[0].endswith(" *") for table in tables[:1] for row in table.rows)
        return cls(
            study=study,
            environment=environment,
            answer=answer(study, ranks, labels),
            ranks=ranks,
            order=order,
            tables=tables,
            notes=[RANDOM_START] if starred else [],
        )

    def facts(self) -> list[str]:
        """Versions, machine and commit, one line each."""
        machine = self.environment
        libraries = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        return [
            f"commit {', '.join(self.study.commits) or machine['commit']}",
            f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}",
            f"{machine['jobs']} {'cell' if machine['jobs'] == 1 else 'cells'} at a time, "
            f"threads: {machine['threads']}",
            f"Python {machine['python']}, {libraries}",
            f"command: {machine['command']}",
        ]


def write_markdown(findings: Findings, path: Path) -> None:
    """Write the answer and all tables as Markdown."""
    study, words = findings.study, findings.answer
    parts = [f"# {study.title}", study.description, f"**{words.use}** {words.sure} {words.cost}"]
    for table in findings.tables:
        parts += [f"## {table.title}", table.lead, _markdown(table)]
        parts += [_cell(note) for note in findings.notes] if table is findings.tables[0] else []
    if study.absent:
        parts += ["## Not in the comparison", _list(study.absent)]
    parts += ["## Made with", _list(findings.facts())]
    write_text(path, "\n\n".join(part.strip() for part in parts if part.strip()) + "\n")


def _markdown(table: TableText) -> str:
    lines = [table.columns, ["---", *["---:"] * (len(table.columns) - 1)]]
    for i, row in enumerate(table.rows):
        cells = [_cell(text) for text in row]
        lines.append([f"**{c}**" if (i, j) in table.best else c for j, c in enumerate(cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace(">", "&gt;").replace("<", "&lt;")


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def write_page(findings: Findings, path: Path) -> None:
    """Write the page; it asks nothing of any network."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    study = findings.study
    report_style = resources.files("acqkit.report").joinpath("page", "style.css")
    html = environment.get_template("page.html.j2").render(
        findings=findings,
        study=study,
        curves={s: _chart(curves_chart(study, s, findings.order)) for s in study.settings},
        seconds=_chart(seconds_chart(study, findings.order)) if findings.order else None,
        diagram=Markup(difference_diagram(findings.ranks)) if findings.ranks else None,
        style=Markup(report_style.read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()),
    )
    write_text(path, html)


def _chart(figure: Any) -> Markup:
    options = {"displayModeBar": False, "responsive": True}
    return Markup(figure.to_html(full_html=False, include_plotlyjs=False, config=options))
