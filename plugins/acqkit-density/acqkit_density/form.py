"""What the three forms of the allocation have in common."""

from __future__ import annotations

from typing import Protocol

from acqkit.embeddings import Float64Array, IntArray
from acqkit_density.gains import Gains
from acqkit_density.regions import RegionsForm
from acqkit_density.view import PoolView


class Form(Protocol):
    """One objective of the allocation; rows are those of a view, utilities `[m]` in [0, 1]."""

    @property
    def regions(self) -> RegionsForm:
        """The part of the objective that is on regions; its weight is 0 where there is none."""
        ...

    def choose(self, view: PoolView, utilities: Float64Array, n: int) -> IntArray:
        """Rows of `n` picks `[n]`, in order of choice."""
        ...

    def values(self, view: PoolView, utilities: Float64Array, n: int) -> Float64Array:
        """What each row is worth to a program that can only add up, `[m]`."""
        ...

    def gains(self, view: PoolView, utilities: Float64Array, rows: IntArray) -> Gains:
        """What picks `rows` `[n]` add when they are made in this order."""
        ...
