"""Curves, seconds and the critical-difference diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from acqkit.runs import PHASES
from suite.statistics import Ranks
from suite.study import Study
from suite.tables import largest, seconds

# Those of acqkit's report, in its light scheme.
COLORS = ("#0068a8", "#cf5200", "#008468", "#a2478f", "#a07400", "#4f46b5", "#93282f")
REFERENCE_COLOR = "#6c7580"
PHASE_COLORS = dict(
    zip(PHASES, ("#4a6fa5", "#86a8cf", "#d9a441", "#c4683c", "#b4bac1"), strict=True)
)
DASHES = ("solid", "dash", "dot", "dashdot")
SHOWN = 6
"""Curves that are visible at first; the others wait in the legend."""

_WIDTH, _MARGIN, _LINE = 860, 190, 22


def colors(study: Study, order: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Color and dash by rival: gray for the reference, the others in order."""
    others = [rival for rival in order if rival != study.reference]
    found = {
        rival: (COLORS[i % len(COLORS)], DASHES[i // len(COLORS) % len(DASHES)])
        for i, rival in enumerate(others)
    }
    return found | {study.reference: (REFERENCE_COLOR, "solid")}


def curves_chart(study: Study, setting: str, order: Sequence[str]) -> go.Figure:
    """The metric over labels with a band of one standard error around the mean over seeds."""
    figure = go.Figure()
    palette = colors(study, order)
    for place, rival in enumerate(order):
        own = study.of(rival, setting)
        if not own:
            continue
        rounds = min(len(curve.labels) for curve in own.values())
        labels = np.mean([curve.labels[:rounds] for curve in own.values()], axis=0)
        values = np.array([curve.values[:rounds] for curve in own.values()])
        mean = values.mean(axis=0)
        error = values.std(axis=0, ddof=1) / np.sqrt(len(own)) if len(own) > 1 else 0 * mean
        color, dash = palette[rival]
        visible = True if place < SHOWN or rival == study.reference else "legendonly"
        common = {"legendgroup": rival, "visible": visible, "x": labels}
        for y, fill in ((mean - error, None), (mean + error, "tonexty")):
            figure.add_scatter(
                **common,
                y=y,
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=_faded(color),
                showlegend=False,
                hoverinfo="skip",
            )
        figure.add_scatter(
            **common,
            y=mean,
            name=rival,
            mode="lines+markers",
            line={"color": color, "dash": dash, "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.3f} with %{x:,.0f} labels",
        )
    if setting in study.full:
        figure.add_hline(
            study.full[setting],
            line={"dash": "dot", "color": REFERENCE_COLOR},
            annotation_text="all labels",
        )
    return _styled(figure, "labels", study.metric)


def seconds_chart(study: Study, order: Sequence[str]) -> go.Figure:
    """Seconds of a round by phase on the largest pool, one bar a rival."""
    setting, _ = largest(study)
    found = {rival: seconds(study, rival, setting) for rival in reversed(order)}
    there = {rival: values for rival, values in found.items() if values is not None}
    figure = go.Figure()
    for phase in PHASES:
        figure.add_bar(
            y=list(there),
            x=[values[phase] for values in there.values()],
            name=phase,
            orientation="h",
            marker={"color": PHASE_COLORS[phase]},
            hovertemplate="%{x:.3f} s",
        )
    figure.update_layout(barmode="stack")
    return _styled(figure, "seconds a round", "", height=140 + 24 * len(there))


def _styled(figure: go.Figure, x: str, y: str, height: int = 420) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#5a6572"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
    )
    axis = {"gridcolor": "rgba(128,140,152,.25)", "zeroline": False, "automargin": True}
    figure.update_xaxes(title=x, **axis)
    figure.update_yaxes(title=y, **axis)
    return figure


def _faded(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},.13)"


@dataclass(frozen=True)
class _Scale:
    """Mean ranks as horizontal places; rank 1 is on the left."""

    count: int

    def x(self, rank: float) -> float:
        span = max(self.count - 1, 1)
        return _MARGIN + (rank - 1) / span * (_WIDTH - 2 * _MARGIN)


def difference_diagram(ranks: Ranks) -> str:
    """The critical-difference diagram (Demšar 2006, figure 1) as SVG.

    Rivals on a scale of mean ranks; a bar joins those that do not differ significantly.
    """
    scale = _Scale(len(ranks.rivals))
    half = (len(ranks.rivals) + 1) // 2
    top = 46
    below = top + 14 + 9 * len(ranks.groups)
    height = below + _LINE * half + 12
    parts = [_axis(scale, top)]
    for level, (first, last) in enumerate(ranks.groups):
        y = top + 12 + 9 * level
        left, right = scale.x(ranks.mean[first]) - 4, scale.x(ranks.mean[last]) + 4
        parts.append(f'<line class="group" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>')
    for i, rival in enumerate(ranks.rivals):
        left_side = i < half
        row = i if left_side else len(ranks.rivals) - 1 - i
        level_y, x = below + _LINE * (row + 0.5), scale.x(ranks.mean[i])
        edge, anchor = (_MARGIN - 14, "end") if left_side else (_WIDTH - _MARGIN + 14, "start")
        text = edge - 6 if left_side else edge + 6
        parts.append(
            f'<polyline points="{x:.1f},{top} {x:.1f},{level_y:.1f} {edge},{level_y:.1f}"/>'
        )
        name = f"{escape(rival)} ({ranks.mean[i]:.2f})"
        parts.append(f'<text x="{text}" y="{level_y + 4:.1f}" text-anchor="{anchor}">{name}</text>')
    body = "".join(parts)
    return (
        f'<svg class="difference" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="Critical-difference diagram of the mean ranks">{body}</svg>'
    )


def _axis(scale: _Scale, y: int) -> str:
    ticks = range(1, scale.count + 1)
    lines = "".join(
        f'<line x1="{scale.x(t):.1f}" x2="{scale.x(t):.1f}" y1="{y - 6}" y2="{y}"/>'
        f'<text x="{scale.x(t):.1f}" y="{y - 12}" text-anchor="middle">{t}</text>'
        for t in ticks
    )
    line = f'<line x1="{scale.x(1):.1f}" x2="{scale.x(scale.count):.1f}" y1="{y}" y2="{y}"/>'
    return f'<text x="{_WIDTH / 2:.0f}" y="14" text-anchor="middle">mean rank</text>{line}{lines}'
