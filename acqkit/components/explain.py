"""Errors of parameters and configurations as one sentence."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from acqkit.errors import did_you_mean, shortened, shown

MOST = 2
"""Errors that one sentence names at most."""

_LONGEST = 60
"""Characters of the value of each, and of its place: half of what other sentences quote."""

_LONGEST_TOGETHER = 240
"""Characters of all errors that are named beside the first: three lines or so."""


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """A pydantic error as one sentence; an unknown key is refused with the nearest known one."""
    parts: list[str] = []
    errors = error.errors(include_url=False)
    for item in errors[:MOST]:
        where = shortened(".".join(map(str, item["loc"])), _LONGEST)
        if item["type"] == "extra_forbidden":
            known = _known_keys(model, item["loc"][:-1])
            hint = did_you_mean(str(item["loc"][-1]), known)
            said = any(part.endswith(hint) for part in parts)
            parts.append(f"unknown key {where!r}" + ("" if said else f"; {hint}"))
        else:
            got = "" if item["type"] == "missing" else f", got {shown(item['input'], _LONGEST)}"
            message = item["msg"].removeprefix("Value error, ")
            parts.append(f"{where}: {message}{got}" if where else message)
    while len(parts) > 1 and len("; ".join(parts)) > _LONGEST_TOGETHER:
        parts.pop()
    more = len(errors) - len(parts)
    return "; ".join(parts) + (f"; and {more} more of this kind" if more > 0 else "")


def _known_keys(model: Any, path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        if not hasattr(model, "model_fields") or part not in model.model_fields:
            return []
        model = model.model_fields[part].annotation
    return list(getattr(model, "model_fields", {}))
