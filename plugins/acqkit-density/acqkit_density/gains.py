"""What picks add to the objective of an allocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acqkit.embeddings import Float64Array


@dataclass(frozen=True, eq=False, slots=True)
class Gains:
    """What n picks added to the objective, one after another: each gain is the sum of its parts.

    parts: name -> `[n]`, `utility` and `coverage`, or `utility` and `density`. newly_covered
    `[n]`: other pairs that no label or earlier pick was near; None where nothing is covered.
    """

    parts: Mapping[str, Float64Array]
    newly_covered: Float64Array | None = None

    @property
    def total(self) -> Float64Array:
        """The gains `[n]`."""
        return sum(self.parts.values())  # type: ignore[return-value]
