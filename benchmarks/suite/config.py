"""What a suite is, as one pydantic model read from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from acqkit.components.explain import explain
from acqkit.components.spec import ComponentSpec, Settings, StrategySpec
from acqkit.config import Amount, Batches
from acqkit.errors import ConfigError
from suite.session import read_yaml

SUITES = Path(__file__).parents[1] / "suites"


Compared = Literal["strategies", "trainers", "systems"]
ReachedBy = Literal["reference", "any"]


def system(strategy: str, trainer: str) -> str:
    """How a strategy together with a trainer is called."""
    return f"{strategy} · {trainer}"


def _with_label(value: Any, key: str) -> Any:
    """`{name: x, parameter: y, label: z}` as `{key: {name: x, parameter: y}, label: z}`."""
    if isinstance(value, Mapping) and key not in value:
        own = {name: value[name] for name in ("label", "first_batch") if name in value}
        rest = {name: item for name, item in value.items() if name not in own}
        return {key: rest, **own}
    return {key: value} if isinstance(value, str) else value


class PoolEntry(Settings):
    """A pool by name or path, with a schedule of its own where it differs from the defaults."""

    name: str = Field(min_length=1, description="data set, path, or data:NAME under --data")
    label: str = ""
    options: dict[str, Any] = Field({}, description="parameters of the data set")
    initial: Amount | None = None
    per_round: Batches | None = None
    rounds: int | None = Field(None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def title(self) -> str:
        """How the pool is called in tables."""
        return self.label or Path(self.name.removeprefix("data:")).stem


class Entry(Settings):
    """Something under a shorter name, if one is given, than its parameters make."""

    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return _with_label(value, "spec")


class TrainerEntry(Entry):
    """A trainer."""

    spec: ComponentSpec

    @property
    def title(self) -> str:
        """How the trainer is called in tables."""
        return self.label or self.spec.label


class StrategyEntry(Entry):
    """A strategy, or a scorer with an allocator."""

    spec: StrategySpec
    first_batch: Annotated[
        Literal["auto", "random"],
        Field(description="auto: the strategy's own, or random where it needs labels first"),
    ] = "auto"

    @property
    def title(self) -> str:
        """How the strategy is called in tables."""
        return self.label or self.spec.label


class Defaults(Settings):
    """What holds for every pool that says nothing else; see `RunConfig`."""

    initial: Amount = 0
    per_round: Batches = 20
    rounds: Annotated[int, Field(ge=0, description="0: the initial labels alone")] = 8
    model: ComponentSpec = ComponentSpec(name="two-tower")
    device: str = "cpu"


class Suite(Settings):
    """Pools x trainers x (strategies and scorers x allocators) x seeds."""

    title: str = Field(min_length=1)
    description: str = ""
    defaults: Defaults = Defaults()
    pools: list[PoolEntry] = Field(min_length=1)
    trainers: list[TrainerEntry] = Field(
        [TrainerEntry(spec=ComponentSpec(name="supervised"))], min_length=1
    )
    strategies: list[StrategyEntry] = Field(default=[])
    scorers: list[ComponentSpec] = Field(default=[], description="each with each allocator")
    allocators: list[ComponentSpec] = Field(default=[], description="each with each scorer")
    seeds: int = Field(5, ge=1)
    full_trainers: list[TrainerEntry] = Field(
        default=[], description="trained on all labels too: a short training is a weak reference"
    )
    full_seeds: int = Field(1, ge=0, description="seeds of the fully supervised reference; 0: none")
    compare: Compared = Field(
        "strategies", description="systems: each strategy with each trainer is a rival"
    )
    reached_by: ReachedBy = Field(
        "reference",
        description="who must reach 95% of the fully supervised MAP to make it a target",
    )
    metric: Literal["map", "map@50"] = Field("map", description="what is compared")
    reference: str = Field("random", description="what everything is compared with, by its label")

    @model_validator(mode="after")
    def _is_consistent(self) -> Suite:
        if bool(self.scorers) != bool(self.allocators):
            raise ValueError("give scorers and allocators together, or neither")
        if not self.entries:
            raise ValueError("the suite has no strategies; give some by name")
        for kind, titles in (
            ("pools", [pool.title for pool in self.pools]),
            ("trainers", [t.title for t in (*self.trainers, *self.full_trainers)]),
            ("strategies", [entry.title for entry in self.entries]),
        ):
            twice = sorted({title for title in titles if titles.count(title) > 1})
            if twice:
                raise ValueError(f"{kind} has {twice[0]!r} twice; give one of them another label")
        if self.reference not in self.rivals:
            raise ValueError(
                f"the reference {self.reference!r} is none of the {self.compare}: "
                f"{', '.join(self.rivals)}"
            )
        return self

    @model_validator(mode="after")
    def _has_labels(self) -> Suite:
        for pool in self.pools:
            schedule = self.schedule(pool)
            if schedule["rounds"] == 0 and without_labels(schedule["initial"]):
                raise ValueError(
                    f"pool {pool.title!r} has neither initial labels nor rounds; give one of them"
                )
        return self

    def schedule(self, pool: PoolEntry) -> dict[str, Any]:
        """Labels before, labels in and number of the rounds on a pool."""
        own, others = pool.model_dump(), self.defaults.model_dump()
        keys = ("initial", "per_round", "rounds")
        return {key: others[key] if own[key] is None else own[key] for key in keys}

    @property
    def rivals(self) -> list[str]:
        """What is compared, by title."""
        return self._by_role()[0]

    @property
    def others(self) -> list[str]:
        """What the rivals are compared with each of, beside pools: a setting each."""
        return self._by_role()[1]

    def _by_role(self) -> tuple[list[str], list[str]]:
        strategies = [entry.title for entry in self.entries]
        trainers = [trainer.title for trainer in self.trainers]
        if self.compare == "strategies":
            return strategies, trainers
        if self.compare == "trainers":
            return trainers, strategies
        return [system(s, t) for s in strategies for t in trainers], [""]

    @property
    def entries(self) -> list[StrategyEntry]:
        """Every strategy, those made of a scorer and an allocator too."""
        composed = [
            StrategyEntry(spec=StrategySpec(scorer=scorer, allocator=allocator))
            for scorer in self.scorers
            for allocator in self.allocators
        ]
        return [*self.strategies, *composed]


def without_labels(initial: int | str) -> bool:
    """Whether a schedule starts without any label."""
    return initial == 0 or initial in ("0%", "0.0%")


def find_suite(suite: str) -> Path:
    """The file of a suite by name or path; raises ConfigError naming what there is."""
    path = Path(suite)
    if path.suffix in (".yaml", ".yml") or path.exists():
        if not path.is_file():
            raise ConfigError(f"there is no suite file {suite!r}")
        return path
    shipped = SUITES / f"{suite}.yaml"
    if not shipped.is_file():
        names = sorted(file.stem for file in SUITES.glob("*.yaml"))
        raise ConfigError(
            f"no suite is called {suite!r}; known: {', '.join(names)}, or give the path of a "
            "YAML file"
        )
    return shipped


def read_suite(path: Path, **changes: Any) -> Suite:
    """The suite in a YAML file, `changes` in place of what it says where they are not None.

    Raises ConfigError with one sentence naming file, key and value.
    """
    data = read_yaml(path)
    data |= {key: value for key, value in changes.items() if value is not None}
    try:
        return Suite.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path.name}: {explain(error, Suite)}") from None
