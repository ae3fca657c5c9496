"""How many workers, and what each of them takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """`workers` of so many CPUs (`threads`) and GPUs each; for which to `wait` so many seconds."""

    workers: int | None
    threads: int
    gpus: float
    wait: float

    @property
    def each(self) -> str:
        """What one worker takes, in words."""
        cpus = _counted(self.threads, "CPU")
        return f"{cpus} and {_counted(self.gpus, 'GPU')}" if self.gpus else cpus

    def fitting(self, resources: Mapping[str, float]) -> int:
        """How many workers there is room for in resources as Ray names them."""
        room = [int(resources.get("CPU", 0) // self.threads)]
        if self.gpus:
            # Shares of GPUs are never split between two of them.
            shares = int(1 / self.gpus) if self.gpus < 1 else 1 / self.gpus
            room.append(int(resources.get("GPU", 0) * shares))
        return min(room)


def in_words(resources: Mapping[str, float], gpus: bool) -> str:
    """CPUs, and GPUs where they matter, of resources as Ray names them."""
    found = _counted(resources.get("CPU", 0), "CPU")
    return f"{found} and {_counted(resources.get('GPU', 0), 'GPU')}" if gpus else found


def _counted(number: float, what: str) -> str:
    return f"{number:g} {what}" if number == 1 else f"{number:g} {what}s"
