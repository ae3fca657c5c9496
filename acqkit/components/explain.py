"""Errors of parameters and configurations as one sentence."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from acqkit.errors import did_you_mean


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """A pydantic error as one sentence; an unknown key is refused with the nearest known one."""
    parts = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = _known_keys(model, item["loc"][:-1])
            parts.append(f"unknown key {where!r}; {did_you_mean(str(item['loc'][-1]), known)}")
        else:
            got = "" if item["type"] == "missing" else f", got {item['input']!r}"
            message = item["msg"].removeprefix("Value error, ")
            parts.append(f"{where}: {message}{got}" if where else message)
    return "; ".join(parts)


def _known_keys(model: Any, path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        if not hasattr(model, "model_fields") or part not in model.model_fields:
            return []
        model = model.model_fields[part].annotation
    return list(getattr(model, "model_fields", {}))
