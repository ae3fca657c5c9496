"""Descriptions: alike for copies, different for what is different, stable across processes."""

from __future__ import annotations

import copy
import functools
import io
import json
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from acqkit import Component
from acqkit.components.describe import IndescribableError, content_of


class Holder(Component):
    """Holds anything."""

    held: Any


@dataclass(frozen=True)
class Point:
    x: float
    y: float


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("k",)

    def __init__(self, k: int) -> None:
        self.k = k


class Scaled(torch.nn.Module):
    def __init__(self, scale: float, seed: int = 0, out: int = 2) -> None:
        super().__init__()
        self.scale = scale
        torch.manual_seed(seed)
        self.linear = torch.nn.Linear(3, out)


class Warm(Component):
    degrees: int = 20


class Cold(Component):
    degrees: int = 20


def adding(k: int) -> Callable[[int], int]:
    return lambda x: x + k


def taking(k: int) -> Callable[[int], int]:
    return lambda x: x - k


def fitted(y: int) -> LogisticRegression:
    return LogisticRegression().fit([[0.0], [1.0], [y]], [0, 1, 1])


PAIRS: dict[str, tuple[Any, Any]] = {
    "numbers": (1, 2),
    "number and text": (1, "1"),
    "floats that are no JSON": (float("nan"), float("inf")),
    "long texts": ("a" * 5000, "a" * 4999 + "b"),
    "lists": ([1, 2], [2, 1]),
    "mappings": ({"a": 1}, {"a": 2}),
    "keys that are no text": ({1: "a"}, {2: "a"}),
    "sets": ({"a", "b"}, {"a", "c"}),
    "bytes": (b"a", b"b"),
    "array values": (np.zeros(3), np.array([0, 0, 1e-9])),
    "array types": (np.zeros(2, np.float32), np.zeros(2, np.int32)),
    "array shapes": (np.zeros((2, 3)), np.zeros((3, 2))),
    "arrays of objects": (np.array(["a", 1], object), np.array(["a", 2], object)),
    "numpy numbers": (np.float32(1), np.float32(2)),
    "random generators": (np.random.default_rng(0), np.random.default_rng(1)),
    "data classes": (Point(1, 2), Point(1, 3)),
    "objects": (Plain(k=1), Plain(k=2)),
    "slots": (Slotted(1), Slotted(2)),
    "classes of components": (Warm(), Cold()),
    "nested components": (Holder(held=Warm()), Holder(held=Warm(degrees=3))),
    "classes": (Warm, Cold),
    "paths": (Path("a"), Path("b")),
    "queues": (deque([1]), deque([2])),
    "ordered mappings": (OrderedDict(a=1, b=2), OrderedDict(a=1, b=3)),
    "functions": (adding(1), taking(1)),
    "closures": (adding(1), adding(2)),
    "partial functions": (functools.partial(adding, 1), functools.partial(adding, 2)),
    "methods": (Point(1, 2).__eq__, Point(1, 3).__eq__),
    "built-in functions": (abs, len),
    "tensors": (torch.zeros(2), torch.ones(2)),
    "tensors of short floats": (torch.zeros(2, dtype=torch.bfloat16), torch.zeros(2)),
    "weights": (Scaled(1, seed=0), Scaled(1, seed=1)),
    "attributes of a module": (Scaled(1), Scaled(2)),
    "structures": (Scaled(1, out=2), Scaled(1, out=3)),
    "modes of a module": (torch.nn.Dropout().train(), torch.nn.Dropout().eval()),
    "classifiers": (LogisticRegression(), GaussianNB()),
    "settings of a classifier": (LogisticRegression(C=1), LogisticRegression(C=2)),
    "what was fitted": (fitted(2), fitted(5)),
}


def described(value: Any) -> Any:
    return content_of(Holder(held=value))


@pytest.mark.parametrize("what", PAIRS)
def test_differs_where_the_object_does_and_nowhere_else(what: str) -> None:
    one, other = PAIRS[what]
    assert described(one) != described(other)
    again = copy.deepcopy(one)
    assert described(one) == described(again)
    assert json.loads(json.dumps(described(one), allow_nan=False)) == described(one)


def test_what_is_long_is_stored_as_a_digest_beside_its_class() -> None:
    held = described(Plain(names=[f"name {i}" for i in range(1000)]))["held"]
    assert held["class"].endswith(":Plain") and len(held["digest"]) == 16
    assert described([1, 2, 3]) == {"held": [1, 2, 3]}


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (threading.Lock(), r"held: .*lock"),
        (Plain(inner={"file": io.StringIO}, lock=threading.Lock()), r"held\.lock: .*lock"),
        ((i for i in range(3)), "held: .*generator"),
        (_circle(), "held: refers to itself"),
        (torch.zeros(2, device="meta"), "held: is a tensor that cannot be read"),
    ],
)
def test_what_cannot_be_described_is_named(value: Any, words: str) -> None:
    with pytest.raises(IndescribableError, match=words):
        described(value)


_PROBE = """
import json
from acqkit.components.describe import content_of
from acqkit import Component
class Holder(Component):
    rule: object = lambda x: x in {"a", "b", "c", "d"}
    names: object = frozenset({"a", "b", "c", "d"})
print(json.dumps(content_of(Holder())))
"""


def test_a_description_is_the_same_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
