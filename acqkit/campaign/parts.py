"""Strategy, trainer and model: from a name or an object to what is used and what is stored.

Nothing is pickled. A registered component is stored as its name and parameters, from which
it is made again; any other object is stored as its class, and must be given again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from acqkit.components.explain import explain
from acqkit.components.registry import registry
from acqkit.config import ComponentSpec, StrategySpec
from acqkit.errors import CampaignError
from acqkit.interfaces import Component, Model, Pool
from acqkit.selection import Composed

_METHODS: Mapping[str, str] = {
    "strategy": "select",
    "scorer": "score",
    "allocator": "allocate",
    "trainer": "fit",
    "model": "build",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A component ready for use, and the plain data by which it is stored.

    `record` is `{"name", "params"}` for a registered component, `{"class", "params"}` for
    any other, `{"scorer", "allocator"}` of these for a composed strategy.
    """

    component: Any
    record: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How people call it."""
        return label_of(self.record)


def label_of(record: Mapping[str, Any]) -> str:
    """A stored part in a few words: `typiclust`, `entropy+top`, `my_module:MyStrategy`."""
    if "scorer" in record:
        return f"{label_of(record['scorer'])}+{label_of(record['allocator'])}"
    return str(record.get("name") or record["class"])


def make_part(kind: str, value: Any) -> Part:
    """A part from a name, a mapping, a spec or a ready object.

    Strategies may also be `"scorer+allocator"` or a mapping with `scorer` and `allocator`.
    Raises PluginError, ConfigError or CampaignError on what cannot be one.
    """
    if isinstance(value, StrategySpec | ComponentSpec):
        value = value.model_dump()
    if kind == "strategy":
        composed = _composed(value)
        if composed is not None:
            return composed
    if isinstance(value, str | Mapping):
        return _by_name(kind, value)
    return _from_object(kind, value)


def _composed(value: Any) -> Part | None:
    if isinstance(value, Composed):
        record = {
            "scorer": make_part("scorer", value.scorer).record,
            "allocator": make_part("allocator", value.allocator).record,
        }
        return Part(value, record)
    if isinstance(value, str) and "+" in value:
        first, _, second = value.partition("+")
        value = {"scorer": first.strip(), "allocator": second.strip()}
    if not isinstance(value, Mapping) or "scorer" not in value:
        return None
    unknown = sorted(set(value) - {"scorer", "allocator"})
    if unknown:
        raise CampaignError(
            f"a strategy made of a scorer and an allocator has no {unknown[0]!r}; give "
            "{'scorer': ..., 'allocator': ...}"
        )
    scorer = make_part("scorer", value["scorer"])
    allocator = make_part("allocator", value.get("allocator", "top"))
    return Part(
        Composed(scorer=scorer.component, allocator=allocator.component),
        {"scorer": scorer.record, "allocator": allocator.record},
    )


def _by_name(kind: str, value: str | Mapping[str, Any]) -> Part:
    try:
        spec = ComponentSpec.model_validate(value)
    except ValidationError as error:
        raise CampaignError(f"{kind} {value!r}: {explain(error, ComponentSpec)}") from None
    component = registry().make(kind, spec.name, spec.params)
    return Part(component, {"name": spec.name, "params": _parameters(component)})


def _from_object(kind: str, value: Any) -> Part:
    if isinstance(value, type):
        raise CampaignError(
            f"the {kind} is the class {value.__name__}, wanted an object: {value.__name__}(...)"
        )
    if kind == "model" and not callable(getattr(value, "build", None)):
        if not isinstance(value, Model):
            raise _not_one(kind, value)
        return Part(ReadyModel(value), {"class": _path(value), "params": None})
    if not callable(getattr(value, _METHODS[kind], None)):
        raise _not_one(kind, value)
    params = _parameters(value)
    for registered in registry().components.values():
        if registered.kind == kind and registered.factory is type(value):
            return Part(value, {"name": registered.name, "params": params})
    return Part(value, {"class": _path(value), "params": params})


def _not_one(kind: str, value: Any) -> CampaignError:
    wanted = _METHODS[kind]
    return CampaignError(
        f"{value!r} is no {kind}: it has no method {wanted!r}; give a name, a mapping with "
        f"'name', or an object with {wanted!r}"
    )


def _path(value: Any) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def _parameters(value: Any) -> Any:
    # Parameters that are no plain data (a network, a function) cannot be stored or compared.
    if not isinstance(value, Component):
        return None
    try:
        return json.loads(value.model_dump_json())
    except PydanticSerializationError:
        return None


def reopen_part(kind: str, stored: Mapping[str, Any], given: Any) -> Part:
    """The part that a campaign was made with; `given` is what the caller passed, or None.

    Raises CampaignError when `given` is another one, or is needed and missing.
    """
    if given is None:
        missing = _classes(stored)
        if missing:
            raise CampaignError(
                f"the campaign's {kind} is an object of {missing[0]}, which no plugin registers, "
                f"so it cannot be made again by name; pass it: open(folder, {kind}=...)"
            )
        return _rebuild(kind, stored)
    part = make_part(kind, given)
    # Parameters that came with a newer version have their defaults in both.
    wanted = stored if _classes(stored) else _rebuild(kind, stored).record
    if part.record != wanted:
        raise CampaignError(
            f"the campaign was made with the {kind} {_in_full(wanted)}, but "
            f"{_in_full(part.record)} was passed; pass the same, or make another campaign"
        )
    return part


def _rebuild(kind: str, stored: Mapping[str, Any]) -> Part:
    if "scorer" not in stored:
        return make_part(kind, dict(stored))
    return make_part(kind, {key: dict(value) for key, value in stored.items()})


def _classes(stored: Mapping[str, Any]) -> list[str]:
    if "scorer" in stored:
        return _classes(stored["scorer"]) + _classes(stored["allocator"])
    return [stored["class"]] if "class" in stored else []


def _in_full(record: Mapping[str, Any]) -> str:
    if "scorer" in record:
        return f"{_in_full(record['scorer'])} + {_in_full(record['allocator'])}"
    params = record["params"] or {}
    inner = ", ".join(f"{key}={value!r}" for key, value in params.items())
    return f"{label_of(record)}({inner})"


class ReadyModel:
    """Makes a model factory of one model object: every training starts from a copy of it."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def build(self, pool: Pool, device: str) -> Model:
        """A copy of the model as it was given, wherever it is."""
        return copy.deepcopy(self._model)
