"""How a component is written: one grammar for YAML files, the command line and Python.

A component is `name`, `{name: ..., parameter: value}` or `{name: ..., params: {...}}`. `+`
joins a scorer and an allocator to a strategy, and trainers to a chain; parameters are then
those of each part by its name. A strategy may also be `{scorer: ..., allocator: ...}`, and an
engine `NAME://REST`, which is `{name: NAME, address: NAME://REST}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_serializer,
    model_validator,
)

from acqkit.errors import ConfigError

DEFAULT_ALLOCATOR = "top"
"""What allocates for a scorer that is given without an allocator."""


class Settings(BaseModel):
    """Base of configuration sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ComponentSpec(Settings):
    """A component by name with its parameters: `bald`, or `{name: bald, samples: 20}`."""

    name: str = Field(min_length=1)
    params: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, Mapping) and "params" not in value:
            if "name" not in value:
                raise ValueError("has no name; give one beside its parameters, as `name: ...`")
            rest = {key: item for key, item in value.items() if key != "name"}
            return {"name": value["name"], "params": rest}
        if not isinstance(value, Mapping | ComponentSpec):
            raise ValueError("wanted a name, or `name: ...` with parameters beside it")
        return value

    @model_serializer
    def _to_short_form(self) -> str | dict[str, Any]:
        if {"name", "params"} & set(self.params):
            return {"name": self.name, "params": self.params}
        return {"name": self.name, **self.params} if self.params else self.name

    @property
    def label(self) -> str:
        """Name with parameters, for tables and folder names."""
        inner = ",".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.name}({inner})" if inner else self.name

    def split(self) -> list[ComponentSpec]:
        """The parts that `+` joins; raises ConfigError for parameters that are of none of them."""
        names = [part.strip() for part in self.name.split("+")]
        if len(names) == 1:
            return [self]
        unknown = sorted(set(self.params) - set(names))
        if unknown:
            raise ConfigError(
                f"{self.name!r}: unknown key {unknown[0]!r}; give the parameters of each part "
                f"under its name: {', '.join(names)}"
            )
        return [ComponentSpec(name=name, params=self.params.get(name, {})) for name in names]


def from_address(value: Any) -> Any:
    """An engine that is given by an address, which begins with its name, as one with parameters."""
    name = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(name, str) or "://" not in name:
        return value
    others = value if isinstance(value, Mapping) else {}
    return {"address": name, **others, "name": name.partition("://")[0]}


EngineSpec = Annotated[ComponentSpec, BeforeValidator(from_address)]
"""An engine by name, or by an address that begins with its name: `ray://head:10001`."""


class StrategySpec(Settings):
    """A strategy by name, or a scorer with an allocator (`entropy+top` for short)."""

    strategy: ComponentSpec | None = None
    scorer: ComponentSpec | None = None
    allocator: ComponentSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        kinds = {"strategy", "scorer", "allocator"}
        if isinstance(value, Mapping) and "name" not in value and kinds & set(value):
            default = {"allocator": DEFAULT_ALLOCATOR} if value.get("scorer") is not None else {}
            return default | {key: part for key, part in value.items() if part is not None}
        name = value.get("name") if isinstance(value, Mapping) else value
        if not isinstance(name, str) or "+" not in name:
            return value if isinstance(value, StrategySpec) else {"strategy": value}
        parts = ComponentSpec.model_validate(value).split()
        if len(parts) != 2:
            raise ValueError(f"{name!r} has {len(parts)} parts, wanted SCORER+ALLOCATOR")
        return {"scorer": parts[0], "allocator": parts[1]}

    @model_validator(mode="after")
    def _one_of_two(self) -> StrategySpec:
        if (self.strategy is None) == (self.scorer is None):
            raise ValueError("give either a strategy, or a scorer (with an allocator)")
        if self.allocator is not None and self.scorer is None:
            raise ValueError("an allocator needs a scorer beside it")
        return self

    @model_serializer
    def _to_short_form(self) -> Any:
        dumped = {kind: part.model_dump() for kind, part in self.parts.items()}
        return dumped.get("strategy", dumped)

    @property
    def parts(self) -> dict[str, ComponentSpec]:
        """What it is made of by kind: `strategy` alone, or `scorer` and `allocator`."""
        own = {"strategy": self.strategy, "scorer": self.scorer, "allocator": self.allocator}
        return {kind: part for kind, part in own.items() if part is not None}

    @property
    def label(self) -> str:
        """How the strategy is called in tables, reports and folders."""
        return "+".join(part.label for part in self.parts.values())
