"""What a speed suite is, as one pydantic model read from YAML."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from acqkit.components.explain import explain
from acqkit.components.spec import Settings, StrategySpec
from acqkit.errors import ConfigError
from suite.config import Entry
from suite.session import read_yaml

Size = tuple[int, int, int]
"""Pairs, their width, and picks."""


class SpeedEntry(Entry):
    """A strategy of ours, or of a plugin, and which algorithm it is.

    Peers and floors are those of the algorithm; without one, the strategy stands alone. `because`
    says why it takes what it takes, where that is more than promised.
    """

    spec: StrategySpec
    algorithm: str = ""
    because: str = ""

    @model_validator(mode="before")
    @classmethod
    def _with_algorithm(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "spec" in value:
            return value
        own = {name: value[name] for name in ("algorithm", "because", "label") if name in value}
        rest = {name: item for name, item in value.items() if name not in own}
        return {"spec": rest, **own}

    @property
    def title(self) -> str:
        """How the strategy is called in tables."""
        return self.label or self.spec.label


class SpeedSuite(Settings):
    """Pools and batches x (our strategies, their peers, their floors).

    Each pool size is measured with each width and batch, or just the `sizes` given.
    """

    kind: Literal["speed"]
    title: str = Field(min_length=1)
    description: str = ""
    pairs: list[int] = Field([])
    dims: list[int] = Field([128], min_length=1)
    batches: list[int] = Field([100], min_length=1)
    sizes: list[Size] = Field([], description="in place of pairs, dims and batches")
    labeled: int = Field(500, ge=1)
    classes: int = Field(20, ge=2)
    passes: int = Field(10, ge=2, description="stochastic predictions per pair, for bald")
    repeats: int = Field(3, ge=1, description="at least; the median is reported")
    threads: int = Field(2, ge=1, description="the same for all")
    patience: float = Field(120, gt=0, description="seconds after which nothing is repeated")
    limit_seconds: float = Field(300, gt=0, description="of one selection; DNF past it")
    peer_seconds: float | None = Field(None, gt=0, description="limit_seconds of peers [the same]")
    limit_gib: float = Field(8, gt=0, description="of memory beyond mapped files; DNF past it")
    strategies: list[SpeedEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> SpeedSuite:
        if bool(self.pairs) == bool(self.sizes):
            raise ValueError("give either pairs or sizes, each of which is [pairs, width, picks]")
        for pairs, _, batch in self.all_sizes:
            if pairs < self.labeled + batch:
                raise ValueError(
                    f"{pairs} pairs are too few for {self.labeled} labels and {batch} picks"
                )
        titles = [entry.title for entry in self.strategies]
        twice = sorted({title for title in titles if titles.count(title) > 1})
        if twice:
            raise ValueError(f"strategies has {twice[0]!r} twice; give one of them another label")
        return self

    @property
    def all_sizes(self) -> list[Size]:
        """What is measured, small pools first."""
        return sorted(self.sizes or itertools.product(self.pairs, self.dims, self.batches))


def read_speed_suite(path: Path) -> SpeedSuite:
    """The suite in a YAML file; raises ConfigError with one sentence naming key and value."""
    try:
        return SpeedSuite.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {explain(error, SpeedSuite)}") from None
