"""What a worker does: functions called with blocks, errors and warnings told to who asked."""

from __future__ import annotations

import pickle
import traceback
import warnings
from typing import Any, NamedTuple

import torch

from acqkit.components.origin import from_plugin
from acqkit.errors import AcqkitError
from acqkit_ray.shipping import unpacked

KEPT = 4
"""Functions that a worker keeps: those of all mappings that go on at one time, and some more."""


class Raised(NamedTuple):
    """What a function raised: pickled, with the plugin's error that names it; and as text."""

    error: bytes | None
    named: bytes | None
    text: str


class Warned(NamedTuple):
    """A warning, and where it was given."""

    text: str
    category: type[Warning]
    file: str
    line: int


class Done(NamedTuple):
    """What came of a block, and the warnings meanwhile."""

    value: Any
    raised: Raised | None
    warned: list[Warned]


class Functions:
    """The functions that a worker was sent last."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._kept: dict[str, Any] = {}

    def run(self, key: str, sent: list[Any], block: Any) -> Done:
        """`function(block)` of the function called `key`, `sent` as `shipping.packed` gives it."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                value, raised = self._function(key, sent)(block), None
            except (Exception, SystemExit) as error:  # noqa: BLE001 - goes to who asked
                value, raised = None, _told(error)
        warned = [Warned(str(w.message), w.category, w.filename, w.lineno) for w in caught]
        return Done(value, raised, warned)

    def forget(self, key: str) -> None:
        """Let go of a function."""
        self._kept.pop(key, None)

    def _function(self, key: str, sent: list[Any]) -> Any:
        if key not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = unpacked(sent)
        return self._kept[key]


def _told(error: BaseException) -> Raised:
    """An error for another process; what cannot be pickled goes as text."""
    text = "".join(traceback.format_exception(error))
    own = error.__traceback__  # of this plugin, which is not to blame
    error = error.with_traceback(None if own is None else own.tb_next)
    named = None if isinstance(error, AcqkitError) else from_plugin(error)
    return Raised(_pickled(error), _pickled(named), text)


def _pickled(error: BaseException | None) -> bytes | None:
    if error is None:
        return None
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # many classes of errors can be pickled and not be made again
    except Exception:  # noqa: BLE001 - whatever a class of errors does
        return None
    return data
