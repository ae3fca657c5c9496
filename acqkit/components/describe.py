"""What an object is, as plain data that tells it from another one of its class.

Two objects with one description are taken for the same by what is resumed or reopened. So
everything counts from which `copy.copy` would make the object again, arrays and tensors by a
digest of their bytes, functions by one of their code and of what they close over; what a
function finds in its module does not count. Nothing is pickled.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from types import CodeType, FunctionType, NoneType
from typing import Any

import numpy as np
from pydantic import BaseModel

_LONG = 400
"""Characters of JSON above which a parameter is stored as a digest, so that people can read
what a campaign was made with."""


class IndescribableError(Exception):
    """An object, or a part of one, of which nobody can say whether it is the same as another."""


def class_path(of: type) -> str:
    """How a class is called across processes: `module:Class`."""
    return f"{of.__module__}:{of.__qualname__}"


def content_of(value: object) -> dict[str, Any]:
    """What an object holds, by parameter or attribute, as JSON data.

    Raises IndescribableError naming the part that cannot be described.
    """
    return {key: _short(part) for key, part in _Description().parts(value).items()}


def digest(data: object) -> str:
    """Sixteen characters that are the same for the same JSON data."""
    text = json.dumps(data, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _short(part: Any) -> Any:
    for shorter in (part, _condensed(part)):
        if len(json.dumps(shorter)) <= _LONG:
            return shorter
    return {"digest": digest(part)}


def _condensed(part: Any) -> Any:
    """Classes are still named, since that is what most often differs."""
    if isinstance(part, list):
        return [_condensed(item) for item in part]
    named = {"class": part["class"]} if isinstance(part, dict) and "class" in part else {}
    return named | {"digest": digest(part)}


class _Description:
    """One walk through an object; knows where it is, for messages and against circles."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._inside: set[int] = set()

    def of(self, value: Any) -> Any:
        """`value` as JSON data."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if id(value) in self._inside:
            raise self._refused("refers to itself")
        self._inside.add(id(value))
        try:
            return self._compound(value)
        finally:
            self._inside.remove(id(value))

    def parts(self, value: Any) -> dict[str, Any]:
        """An object's fields or attributes, described, by name."""
        if isinstance(value, BaseModel):
            return self._items({name: getattr(value, name) for name in type(value).model_fields})
        if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value)]
            return self._items({name: getattr(value, name) for name in names})
        torch = sys.modules.get("torch")  # what is not imported cannot have made `value`
        if torch is not None and isinstance(value, torch.nn.Module):
            return self._items(_module_parts(value, vars(torch.nn.Module())))
        return self._reduced(value)

    def _compound(self, value: Any) -> Any:
        kind = type(value)
        if kind in (list, tuple):
            return self._list(value)
        if kind is dict:
            if all(type(key) is str for key in value):
                return self._items(value)
            return {"items": self._list(value.items())}
        if kind in (set, frozenset):
            return {"set": sorted(self._list(value), key=json.dumps)}
        if kind in (bytes, bytearray):
            return {"bytes": _bytes_digest(bytes(value))}
        if isinstance(value, type):
            return {"type": class_path(value)}
        if isinstance(value, PurePath):
            return str(value)
        if isinstance(value, Enum):
            return {"class": class_path(kind), "name": value.name}
        if isinstance(value, np.ndarray) and kind in (np.ndarray, np.memmap):
            return self._array(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            return self._tensor(value, torch.uint8)
        return {"class": class_path(kind), **self.parts(value)}

    def _items(self, items: Mapping[str, Any]) -> dict[str, Any]:
        described = {}
        for name in sorted(items):
            self._path.append(name)
            described[name] = self.of(items[name])
            self._path.pop()
        return described

    def _list(self, values: Any) -> list[Any]:
        return [self.of(value) for value in values]

    def _array(self, array: np.ndarray[Any, Any]) -> dict[str, Any]:
        if array.dtype.hasobject:
            content: Any = self._list(array.ravel().tolist())
        else:
            content = _bytes_digest(np.ascontiguousarray(array).tobytes())
        return {"array": str(array.dtype), "shape": list(array.shape), "content": content}

    def _tensor(self, tensor: Any, byte: Any) -> dict[str, Any]:
        try:
            flat = tensor.detach().cpu().contiguous().reshape(-1).view(byte)
            content = _bytes_digest(flat.numpy().tobytes())
        except (RuntimeError, TypeError, NotImplementedError) as error:
            raise self._refused(f"is a tensor that cannot be read ({error})") from None
        return {"tensor": str(tensor.dtype), "shape": list(tensor.shape), "content": content}

    def _function(self, function: FunctionType) -> dict[str, Any]:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        return {
            "function": f"{function.__module__}:{function.__qualname__}",
            "code": digest(self._code(function.__code__)),
            "given": self._list([function.__defaults__, function.__kwdefaults__, cells]),
        }

    def _code(self, code: CodeType) -> list[Any]:
        constants = [
            self._code(item) if isinstance(item, CodeType) else self.of(item)
            for item in code.co_consts
        ]
        return [code.co_code.hex(), list(code.co_names), constants]

    def _reduced(self, value: Any) -> dict[str, Any]:
        """What `copy.copy` makes the object again from."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:  # noqa: BLE001 - whatever a class says against being copied
            raise self._refused(str(error)) from None
        if isinstance(reduced, str):
            return {"name": reduced}
        maker, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        parts: dict[str, Any] = {}
        if getattr(maker, "__name__", "") == "__newobj__":  # cls.__new__(cls, *arguments)
            arguments = arguments[1:]
        else:
            parts["maker"] = self.of(maker)
        if arguments:
            parts["arguments"] = self._list(arguments)
        if items is not None or pairs is not None:
            parts["items"] = self._list([*(items or ()), *(pairs or ())])
        if isinstance(state, tuple) and all(isinstance(own, dict | NoneType) for own in state):
            state = {name: item for own in state for name, item in (own or {}).items()}  # slots
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            # scikit-learn notes its own version, which is not what the estimator is.
            own = {key: item for key, item in state.items() if key != "_sklearn_version"}
            return parts | self._items(own)
        return parts if state is None else parts | {"state": self.of(state)}

    def _refused(self, why: str) -> IndescribableError:
        where = ".".join(self._path)
        return IndescribableError(f"{where}: {why}" if where else why)


def _bytes_digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _module_parts(module: Any, common: Mapping[str, Any]) -> dict[str, Any]:
    """A torch module's own attributes, weights and submodules, without torch's bookkeeping."""
    own = {name: item for name, item in vars(module).items() if name not in common}
    weights = {"parameters": module._parameters, "buffers": module._buffers}
    named = {name: dict(found) for name, found in weights.items()}
    return own | named | {"modules": dict(module._modules), "training": module.training}
