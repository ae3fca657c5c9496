"""From whatever was given to a component, and to the plain data that says what it is.

`acqkit.components.records` says what that looks like.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from acqkit.components.compose import Chain, Composed, chain
from acqkit.components.describe import IndescribableError, class_path, content_of
from acqkit.components.explain import explain
from acqkit.components.records import UNKNOWN, title_of
from acqkit.components.registry import Registry
from acqkit.components.registry import registry as installed
from acqkit.components.spec import ComponentSpec, StrategySpec, from_address
from acqkit.errors import ConfigError
from acqkit.interfaces import Component, Model, Pool

Spec = ComponentSpec | StrategySpec
_S = TypeVar("_S", ComponentSpec, StrategySpec)

_COMPOSED = ("scorer", "allocator")


class ObjectSpec(ComponentSpec):
    """An object that no plugin registers: its class for a name, what it holds for parameters."""

    ready: Any

    @property
    def label(self) -> str:
        """Class with parameters; whatever is long, by a digest."""
        return title_of({"class": self.name, "params": self.params})


@dataclass(frozen=True, slots=True)
class Resolved:
    """A component ready for use, and the plain data by which it is stored."""

    component: Any
    record: Mapping[str, Any]

    @property
    def title(self) -> str:
        """How people call it."""
        return title_of(self.record)


def resolve(kind: str, value: Any, registry: Registry | None = None) -> Resolved:
    """A component from a name, a mapping, a spec, a record or a ready object.

    Raises PluginError for a name that nobody offers and ConfigError for what cannot be a
    component of this kind, each saying what to give instead.
    """
    found = registry or installed()
    spec = spec_of(kind, value, found)
    component = _make(kind, spec, found)
    record = record_of(kind, component, found, spec)
    return Resolved(ReadyModel(component) if _is_model(kind, component) else component, record)


def spec_of(kind: str, value: Any, registry: Registry | None = None) -> Spec:
    """What `resolve` takes, as a part of a configuration; raises ConfigError.

    Objects of a registered class are called by name; others keep the object beside what it is.
    """
    found = registry or installed()
    if isinstance(value, Composed):
        value = {"scorer": value.scorer, "allocator": value.allocator}
    if not isinstance(value, str | Mapping | Spec):
        value = _spec_of_object(kind, value, found)
    if kind != "strategy":
        given = from_address(value) if kind == "engine" else value
        return _parsed(kind, ComponentSpec, given)
    if isinstance(value, Mapping) and "name" not in value:
        parts = {key: part for key, part in value.items() if part is not None}
        own = {key: spec_of(key, parts[key], found) for key in _COMPOSED if key in parts}
        value = parts | own
    elif isinstance(value, ComponentSpec):
        value = value.model_dump() if "+" in value.name else {"strategy": value}
    return _parsed(kind, StrategySpec, value)


def record_of(
    kind: str, component: Any, registry: Registry | None = None, spec: Spec | None = None
) -> dict[str, Any]:
    """What a component is, as JSON data; `spec`, from which it was made, may give its name."""
    found = registry or installed()
    specs = spec.parts if isinstance(spec, StrategySpec) else {kind: spec}
    if isinstance(component, Composed):
        return {
            part: record_of(part, getattr(component, part), found, specs.get(part))
            for part in _COMPOSED
        }
    if isinstance(component, Chain):
        stages = {name: record_of(kind, stage, found) for name, stage in component.stages.items()}
        if all(stage.get("name") == name for name, stage in stages.items()):
            chained = {name: stage["params"] for name, stage in stages.items()}
            return {"name": "+".join(stages), "params": chained}
    params = _plain_parameters(component)
    registered = found.name_of(kind, type(component), getattr(specs.get(kind), "name", None))
    if registered is not None and params is not None:
        return {"name": registered, "params": params}
    try:
        return {"class": class_path(type(component)), "params": content_of(component)}
    except IndescribableError as error:
        params = {UNKNOWN: str(error), "object": uuid.uuid4().hex}
        return {"class": class_path(type(component)), "params": params}


def older_record(part: Resolved) -> dict[str, Any]:
    """The record as it was before objects said what they are: class, and plain data if any."""
    component, record = part.component, part.record
    if isinstance(component, Composed):
        return {
            kind: older_record(Resolved(getattr(component, kind), record[kind]))
            for kind in _COMPOSED
        }
    if "class" not in record:
        return dict(record)
    try:
        is_data = isinstance(component, Component)
        params = json.loads(component.model_dump_json()) if is_data else None
    except PydanticSerializationError:
        params = None
    return {"class": record["class"], "params": params}


def _parsed(kind: str, model: type[_S], value: Any) -> _S:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ConfigError(f"{kind} {value!r}: {explain(error, model)}") from None


def _spec_of_object(kind: str, value: Any, registry: Registry) -> ComponentSpec:
    _check_object(kind, value, registry)
    record = record_of(kind, value, registry)
    if "class" in record:
        return ObjectSpec(name=record["class"], params=record["params"], ready=value)
    params = record["params"]
    if not isinstance(value, Chain):
        params = value.model_dump(mode="json", exclude_defaults=True)
    return ComponentSpec(name=record["name"], params=params)


def _check_object(kind: str, value: Any, registry: Registry) -> None:
    if isinstance(value, type):
        raise ConfigError(
            f"the {kind} is the class {value.__name__}, wanted an object: {value.__name__}(...)"
        )
    method = registry.kinds[kind].method
    if callable(getattr(value, method, None)) or _is_model(kind, value):
        return
    others = [
        other.name
        for other in registry.kinds.values()
        if callable(getattr(value, other.method, None))
    ]
    instead = f" (it looks like a {others[0]})" if others else ""
    raise ConfigError(
        f"{value!r} is no {kind}: it has no method {method!r}{instead}; give a name, a mapping "
        f"with 'name', or an object with {method!r}"
    )


def _is_model(kind: str, value: Any) -> bool:
    """Whether it is a model itself, where something that builds one is wanted."""
    return kind == "model" and isinstance(value, Model) and not hasattr(value, "build")


def _plain_parameters(component: Any) -> dict[str, Any] | None:
    """A component's parameters, where it can be made again from them as JSON data."""
    if not isinstance(component, Component):
        return None
    try:
        params: dict[str, Any] = json.loads(component.model_dump_json())
        return params if type(component)(**params) == component else None
    except (PydanticSerializationError, ValidationError):
        return None


def _make(kind: str, spec: Spec, registry: Registry) -> Any:
    if isinstance(spec, StrategySpec):
        made = {part: _make(part, own, registry) for part, own in spec.parts.items()}
        return made["strategy"] if "strategy" in made else Composed(**made)
    if isinstance(spec, ObjectSpec):
        return spec.ready
    if kind == "trainer" and "+" in spec.name:
        return _make_chain(spec, registry)
    return registry.make(kind, spec.name, spec.params)


def _make_chain(spec: ComponentSpec, registry: Registry) -> Chain:
    parts = spec.split()
    stages = {part.name: registry.make("trainer", part.name, part.params) for part in parts}
    if len(stages) < len(parts):
        raise ConfigError(f"trainer {spec.name!r} names one trainer twice")
    try:
        return chain(stages)
    except ValidationError as error:
        raise ConfigError(f"trainer {spec.name!r}: {explain(error, Chain)}") from None


class ReadyModel:
    """Makes a model factory of one model object: every training starts from a copy of it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def build(self, pool: Pool, device: str) -> Model:
        """A copy of the model as it was given, wherever it is."""
        return copy.deepcopy(self._model)
