"""What a speed suite is, as one pydantic model read from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from acqkit.components.explain import explain
from acqkit.components.spec import Settings, StrategySpec
from acqkit.errors import ConfigError
from suite.config import Entry
from suite.session import read_yaml


class SpeedEntry(Entry):
    """A strategy of ours, or of a plugin, and which algorithm it is.

    Peers and floors are those of the algorithm; without one, the strategy stands alone.
    """

    spec: StrategySpec
    algorithm: str = ""

    @model_validator(mode="before")
    @classmethod
    def _with_algorithm(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "spec" in value:
            return value
        rest = {name: item for name, item in value.items() if name not in ("algorithm", "label")}
        own = {name: value[name] for name in ("algorithm", "label") if name in value}
        return {"spec": rest, **own}

    @property
    def title(self) -> str:
        """How the strategy is called in tables."""
        return self.label or self.spec.label


class SpeedSuite(Settings):
    """Pool sizes x widths x batches x (our strategies, their peers, their floors)."""

    kind: Literal["speed"]
    title: str = Field(min_length=1)
    description: str = ""
    pairs: list[int] = Field(min_length=1)
    dims: list[int] = Field([128], min_length=1)
    batches: list[int] = Field([100], min_length=1)
    labeled: int = Field(500, ge=1)
    classes: int = Field(20, ge=2)
    passes: int = Field(10, ge=2, description="stochastic predictions per pair, for bald")
    repeats: int = Field(3, ge=1, description="at least; the median is reported")
    threads: int = Field(2, ge=1, description="the same for all")
    limit_seconds: float = Field(300, gt=0, description="of one selection; DNF past it")
    limit_gib: float = Field(8, gt=0, description="of memory beyond mapped files; DNF past it")
    strategies: list[SpeedEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> SpeedSuite:
        if min(self.pairs) < self.labeled + max(self.batches):
            raise ValueError(
                f"{min(self.pairs)} pairs are too few for {self.labeled} labels and "
                f"{max(self.batches)} picks"
            )
        titles = [entry.title for entry in self.strategies]
        twice = sorted({title for title in titles if titles.count(title) > 1})
        if twice:
            raise ValueError(f"strategies has {twice[0]!r} twice; give one of them another label")
        return self


def read_speed_suite(path: Path) -> SpeedSuite:
    """The suite in a YAML file; raises ConfigError with one sentence naming key and value."""
    try:
        return SpeedSuite.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {explain(error, SpeedSuite)}") from None
