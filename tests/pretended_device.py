"""A device that is not there: what lies on it is marked, and must not meet what lies on the CPU.

Where no GPU is at hand, tensors on the CPU show whether results are right, and this, whether all
that is computed with is on the same device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

THERE = torch.device("cuda", 0)
_INDEXED = {Tensor.__getitem__, Tensor.__setitem__}
"""Where indices may be on the CPU."""
_MOVES = {"copy_", "__set__", "_has_compatible_shallow_copy_type"}
"""What may bring values from one to the other: `copy_`, and how modules move their parameters."""


class PretendedDevice(TorchFunctionMode):
    """Within it, tensors made on or brought to `cuda` are marked ones on the CPU.

    Raises AssertionError where a marked tensor meets one that is not, or is read as an array.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """See `TorchFunctionMode`."""
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        first: Any = args[0] if args else None
        if func == Tensor.device.__get__:
            return THERE if _is_there(first) else func(*args)
        if name == "cpu":
            return first.detach().clone() if _is_there(first) else func(*args, **kwargs)
        asked = [*args[1:], kwargs.get("device")] if name == "to" else [kwargs.get("device")]
        named = [each for each in asked if isinstance(each, str | torch.device)]
        moved = any(torch.device(each).type == "cuda" for each in named)
        there = [_is_there(each) for each in _tensors((args, kwargs))]
        if name == "to" and isinstance(args[1], Tensor):
            found = first.to(args[1].dtype).detach().view_as(first)
            return _marked(found) if _is_there(args[1]) else found
        if name == "to" and named:
            dtypes = [each for each in args[1:] if isinstance(each, torch.dtype)]
            found = first.to(dtypes[0]) if dtypes else first.detach().view_as(first)
            return _marked(found) if moved else found
        assert name != "numpy" or not any(there), "numpy cannot read what is on a device"
        held: Any = (args[0], args[2:]) if func in _INDEXED else (args, kwargs)
        if name == "__setitem__" and isinstance(args[1], slice):
            held = ()  # which copies, from wherever it is
        mixed = {_is_there(each) for each in _tensors(held) if each.dim()}
        assert len(mixed) < 2 or name in _MOVES, f"{name} of two devices"
        if name == "__set__" and _is_there(args[-1]):
            _marked(first)
        if named:
            kwargs["device"] = "cpu"
        found = func(*args, **kwargs)
        return _marked(found) if moved or any(there) else found


def _is_there(value: Any) -> bool:
    return isinstance(value, Tensor) and bool(value.__dict__.get("is_there", False))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


def _marked(found: Any) -> Any:
    for each in _tensors(found):
        each.__dict__["is_there"] = True
    return found
