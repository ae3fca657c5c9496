"""What a run is, as one pydantic model: for YAML files, command-line flags and Python alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from acqkit.components.explain import explain
from acqkit.components.registry import registry
from acqkit.components.spec import ComponentSpec, EngineSpec, Settings, StrategySpec
from acqkit.errors import ConfigError


def _parse_amount(value: Any) -> Any:
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    return value


def _check_amount(value: int | str) -> int | str:
    if isinstance(value, int):
        if value < 0:
            raise ValueError("wanted a count of 0 or more, or a share such as '5%'")
        return value
    number = value.strip().removesuffix("%")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not value.strip().endswith("%") or not 0 <= share <= 100:
        raise ValueError("wanted a count such as 100, or a share of the train part such as '5%'")
    return value.strip()


Amount = Annotated[int | str, BeforeValidator(_parse_amount), AfterValidator(_check_amount)]
"""A count of pairs, or a share of the train part as `5%`."""


def amount_of(batches: int | str | list[int | str], round: int) -> int | str:
    """The amount of `round` (1 for the first); a list's last one goes on for all rounds after."""
    return batches[min(round, len(batches)) - 1] if isinstance(batches, list) else batches


def resolve_amount(amount: int | str, n: int) -> int:
    """The count that an amount means for `n` train pairs; a share above 0 is at least 1."""
    if isinstance(amount, int):
        return amount
    share = float(amount.removesuffix("%")) / 100
    return max(1, round(share * n)) if share > 0 else 0


def _parse_batches(value: Any) -> Any:
    return [_parse_amount(item) for item in value] if isinstance(value, list) else value


def _check_batches(value: int | str | list[int | str]) -> int | str | list[int | str]:
    if not isinstance(value, list):
        return _check_amount(value)
    if not value:
        raise ValueError("wanted at least one amount")
    return [_check_amount(item) for item in value]


Batches = Annotated[
    int | str | list[int | str],
    BeforeValidator(_parse_amount),
    BeforeValidator(_parse_batches),
    AfterValidator(_check_batches),
]
"""Labels a round: one amount for all rounds, or one a round, of which the last goes on."""


class StopConfig(Settings):
    """When to stop before the last round; test pairs are never looked at."""

    budget: Amount | None = Field(None, description="labels in all, as a count or a share")
    target_map: float | None = Field(
        None, gt=0, le=1, description="stop when MAP on held-out labeled pairs reaches this"
    )
    validation: float = Field(
        0.2, gt=0, lt=1, description="share of the labeled pairs held out to estimate MAP"
    )
    stability: float | None = Field(
        None,
        gt=0,
        le=1,
        description="stop when Cohen's kappa between the pool predictions of consecutive rounds "
        "stays at this or above",
    )
    patience: int = Field(2, ge=1, description="rounds for which stability must hold")


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _named(value: Any, default: Any) -> Any:
    """Parameters without a name are those of the component that is taken otherwise."""
    if not isinstance(value, Mapping) or {"name", "strategy", "scorer", "allocator"} & set(value):
        return value
    try:
        taken = ComponentSpec.model_validate(default)
    except ValidationError:  # several strategies, or one in two parts
        return value
    return {"name": taken.name, **taken.params, **value}


PathText = Annotated[Path, PlainSerializer(str)]

DEFAULT_STRATEGY = ComponentSpec(name="typiclust")


class RunConfig(Settings):
    """One run: strategies and seeds over one pool, with everything needed to repeat it."""

    pool: ComponentSpec = Field(description="path of a pool, or the name of a data set")
    strategy: Annotated[list[StrategySpec], BeforeValidator(_as_list)] = Field(
        default=[StrategySpec(strategy=DEFAULT_STRATEGY)],
        min_length=1,
        description="strategies to compare; each a name or SCORER+ALLOCATOR",
    )
    scorer: ComponentSpec | None = Field(None, description="a scorer instead of a strategy")
    allocator: ComponentSpec | None = Field(None, description="its allocator (default top)")
    trainer: ComponentSpec = ComponentSpec(name="supervised")
    model: ComponentSpec = ComponentSpec(name="two-tower")
    initial: Amount = Field("1%", description="labels before the first round, picked at random")
    per_round: Batches = Field(
        "1%", description="labels a round, or a list: the last amount is that of all further rounds"
    )
    rounds: int = Field(8, ge=0, description="rounds after the initial labels")
    seeds: int = Field(3, ge=1, description="repetitions with other initial labels")
    first_seed: int = Field(0, ge=0)
    test_share: float = Field(
        0.2, gt=0, lt=1, description="share kept for evaluation where the pool has no split"
    )
    full: bool = Field(False, description="also train on all labels, as the reference")
    device: str = Field("cpu", description="torch device of training, selection and evaluation")
    engine: EngineSpec = Field(
        ComponentSpec(name="local"),
        description="where embedding, scoring and evaluation run: local, one of a plugin, or "
        "NAME://HOST:PORT, a cluster that there is",
    )
    stop: StopConfig = StopConfig()
    out: PathText | None = Field(
        None, description="folder for results (default: acqkit-run; another run: acqkit-run-2, ...)"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_shorthands(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        data = {key: item for key, item in value.items() if item is not None}
        preset = data.pop("preset", None)
        if "scorer" in data or "allocator" in data:
            if "strategy" in data:
                raise ValueError("give either a strategy, or a scorer with an allocator, not both")
            parts = {key: data.pop(key) for key in ("scorer", "allocator") if key in data}
            data["strategy"] = [parts]
        base = dict(registry().preset(preset)) if preset else {}
        defaults = {key: cls.model_fields[key].default for key in ("trainer", "model", "engine")}
        defaults["strategy"] = DEFAULT_STRATEGY
        for key, default in defaults.items():
            if key in data:
                data[key] = _named(data[key], base.get(key, default))
        return base | data

    @model_validator(mode="after")
    def _rounds_pick(self) -> RunConfig:
        each = self.per_round if isinstance(self.per_round, list) else [self.per_round]
        amounts = [*(("per_round", amount) for amount in each), ("stop.budget", self.stop.budget)]
        for name, amount in amounts:
            if self.rounds and amount is not None and resolve_amount(amount, n=1) == 0:
                raise ValueError(
                    f"{name} is {amount!r}, so that {self.rounds} rounds would pick nothing; give "
                    "1 or more, or no rounds"
                )
        return self

    @model_validator(mode="after")
    def _strategies_differ(self) -> RunConfig:
        labels = [spec.label for spec in self.strategy]
        if len(set(labels)) < len(labels):
            raise ValueError(f"a strategy is named twice: {', '.join(labels)}")
        return self

    def record(self) -> dict[str, Any]:
        """Plain data that says what the run is, without where it runs and is written."""
        return self.model_dump(mode="json", exclude={"engine", "out", "scorer", "allocator"})


def make_config(data: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
    """A checked configuration; raises ConfigError with one sentence naming key and value."""
    try:
        return RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: {explain(error, RunConfig)}") from None
