"""The display of a run: live on a terminal, a line a round elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from acqkit.base import hookimpl
from acqkit.cli.console import PlainConsole, visible
from acqkit.config import RunConfig

if TYPE_CHECKING:
    from acqkit.runs import Results


class RunDisplay:
    """Watches `acqkit_round_finished`, as any plugin may."""

    def __init__(self, config: RunConfig, console: PlainConsole) -> None:
        self._config = config
        self._console = console
        self._maps: dict[tuple[str, int], dict[int, float]] = {}
        self._labels: dict[int, int] = {}
        self._progress = Progress(
            TextColumn("{task.description}", style="bold", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("rounds"),
            TimeElapsedColumn(),
            console=console,
        )
        rounds = config.seeds * (config.rounds + 1)
        self._tasks = {
            spec.label: self._progress.add_task(visible(spec.label), total=rounds)
            for spec in config.strategy
        }
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._render)

    def __enter__(self) -> RunDisplay:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, sentence: str) -> None:
        """Print a sentence above the live display."""
        self._console.print(sentence)

    def conclude(self, results: Sequence[Results]) -> None:
        """Print what came out: every metric after the last round, and why each run ended."""
        self._console.print(final_figures(self._config, results))
        for spec, found in zip(self._config.strategy, results, strict=True):
            for ending in found.endings():
                self._console.print(f"{spec.label} ended: {ending}")

    @hookimpl
    def acqkit_round_finished(self, record: Mapping[str, Any]) -> None:
        """Move the bar on and note the round's MAP."""
        key = (record["strategy"], record["round"])
        self._maps.setdefault(key, {})[record["seed"]] = record["map"]
        self._labels[record["round"]] = record["labels"]
        self._progress.advance(self._tasks[record["strategy"]])
        if not self._console.is_terminal:
            self._console.print(
                f"{record['strategy']}  seed {record['seed']}  round {record['round']}  "
                f"{record['labels']} labels  MAP {record['map']:.4f}"
            )

    def _render(self) -> Group:
        return Group(self._table(), self._progress)

    def _table(self) -> Table:
        table = Table(title=f"MAP on {self._config.pool.label}, mean over seeds so far")
        table.add_column("round", justify="right")
        table.add_column("labels", justify="right")
        for spec in self._config.strategy:
            table.add_column(spec.label, justify="right")
        for round, labels in sorted(self._labels.items()):
            cells = [self._cell(spec.label, round) for spec in self._config.strategy]
            table.add_row(str(round), str(labels), *cells)
        return table

    def _cell(self, label: str, round: int) -> str:
        maps = self._maps.get((label, round))
        if not maps:
            return ""
        mean = sum(maps.values()) / len(maps)
        return f"{mean:.4f}" if len(maps) == self._config.seeds else f"{mean:.4f} ({len(maps)})"


def final_figures(config: RunConfig, results: Sequence[Results]) -> Table:
    """Every metric after the last round, mean over seeds; a column a strategy, and all labels."""
    table = Table(title=f"After the last round on {config.pool.label}, mean over seeds")
    table.add_column("")
    columns = {
        spec.label: found.final() for spec, found in zip(config.strategy, results, strict=True)
    }
    full = results[0].full
    if full is not None:
        columns["all labels"] = full.metrics
    for label in columns:
        table.add_column(label, justify="right")
    for name, facts in results[0].metrics.items():
        cells = [f"{own[name]:.4g}" if name in own else "" for own in columns.values()]
        if any(cells):
            better = "" if facts.higher_is_better else " (lower is better)"
            table.add_row(facts.title + better, *cells)
    return table
