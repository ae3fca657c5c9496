"""One measurement: who selects what from which pool."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from suite.speed.scene import Shape

Role = Literal["ours", "peer", "floor"]
Status = Literal["ok", "DNF", "missing", "failed"]


class Case(BaseModel):
    """What one process measures.

    `algorithm` says what is compared with what; `who` is acqkit, a peer or "floor", and
    `method` the strategy's title, the peer's function or the floor's name. `spec` is what a
    strategy of ours is made from.
    """

    model_config = ConfigDict(frozen=True)

    role: Role
    algorithm: str
    who: str
    method: str
    pairs: int
    dim: int
    batch: int
    labeled: int
    classes: int
    passes: int
    threads: int
    repeats: int
    patience: float = 120.0
    limit_seconds: float
    limit_gib: float
    spec: dict[str, Any] = {}

    @property
    def shape(self) -> Shape:
        """The pool."""
        return Shape(self.pairs, self.dim, self.labeled, self.classes, self.passes)

    @property
    def key(self) -> str:
        """The name of its file: the same for the same measurement, whatever suite asks for it."""
        text = self.model_dump_json()
        digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        words = "".join(c if c.isalnum() else "-" for c in f"{self.who}-{self.method}")
        return f"{self.pairs}-{self.dim}-{self.batch}-{words}-{digest}"

    @property
    def title(self) -> str:
        """How progress calls it."""
        size = f"{self.pairs:,} x {self.dim}, {self.batch} picks"
        return f"{self.who}: {self.method}, {size}"


class Outcome(BaseModel):
    """What a measurement came to.

    seconds of each repetition; peak MiB beyond what was held before the first and beyond mapped
    files; picks, their `objective` (name and value, higher is better) and the peer's version.
    """

    case: Case
    status: Status
    reason: str = ""
    seconds: list[float] = []
    peak_mib: float | None = None
    picks: list[int] = []
    objective: tuple[str, float] | None = None
    version: str = ""
    commit: str = ""
