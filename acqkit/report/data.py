"""What a report shows, as plain data: the drawing part knows nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from acqkit.runs import Measured, MetricFacts


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PoolFacts(_Data):
    """The pool all runs are on. `train` and `test` count pairs.

    `labeled_train` and `labeled_test` are how many of them are labeled, None for all.
    """

    name: str
    n: int
    train: int
    test: int
    classes: int
    multilabel: bool
    labeled_train: int | None = None
    labeled_test: int | None = None
    modalities: tuple[str, str] = ("a", "b")

    @property
    def asked(self) -> int:
        """Pairs that may be asked for."""
        return self.train if self.labeled_train is None else self.labeled_train

    @property
    def evaluated(self) -> int:
        """Pairs by which retrieval is measured, queries and gallery both."""
        return self.test if self.labeled_test is None else self.labeled_test


class Figures(_Data):
    """One round of one seed as `results.json` has it; `seconds` by phase."""

    seed: int
    round: int
    labels: int
    metrics: dict[str, float]
    seconds: dict[str, float]


class Full(_Data, Measured):
    """The fully supervised reference."""

    map: float
    map50: float


class Coverage(_Data):
    """Labels by class of what one strategy picked.

    `counts` has one row a round and one column a class (in the order of `ClassFacts.names`):
    picks of that round that have the class, mean over seeds. `picked` `[rounds]` counts the
    pairs, for a pair may have several classes. `seen` is how many classes have a label in the
    end, mean over seeds.
    """

    rounds: list[int]
    picked: list[float]
    counts: list[list[float]]
    seen: float


class Precision(_Data):
    """Precision of one strategy's predicted labels on unlabeled pairs, after the last round.

    `classifier` and `pseudo_labels` have one row a seed, or none where it has no such labels,
    and one column a coverage: precision among the share `coverages` of the pairs that is most
    confident.
    """

    coverages: list[float]
    classifier: list[list[float]] = []
    pseudo_labels: list[list[float]] = []


class ClassFacts(_Data):
    """Class names, and how many train pairs have each."""

    names: list[str]
    counts: list[int]


class Side(_Data):
    """One modality of one pair, as people see it.

    `content` is the text, or the key of an image or a sound in `ReportData.media`; a note
    says why there is nothing to see or hear.
    """

    modality: str
    kind: Literal["image", "audio", "text", "note"]
    content: str


class Pick(_Data):
    """One picked pair; `rank` counts from 1 in the order of choice within the round.

    `reason` is what the strategy said of why it picked the pair, "" where it said nothing.
    """

    id: str
    round: int
    rank: int
    score: float | None = None
    terms: dict[str, float] = {}
    reason: str = ""
    labels: list[str] = []
    sides: list[Side] = []


class Hit(_Data):
    """One match of a query: right where it shares a label; `own` is the query's own pair."""

    id: str
    right: bool
    own: bool
    side: Side | None = None


class Search(_Data):
    """One query with its best matches before the first and after the last round."""

    query: str
    modality: str
    wanted: str
    side: Side | None = None
    labels: list[str] = []
    first: list[Hit]
    last: list[Hit]


class AllocationTable(_Data):
    """How one round's labels were allocated; rows are what the allocator recorded as `name`."""

    round: int
    name: str = "allocation"
    rows: list[dict[str, JsonValue]]


class Run(_Data):
    """One strategy.

    `picks`, `searches` and `allocations` are those of `shown_seed` alone; `picks_total` `[rounds]`
    says how many pairs each round picked, for the gallery may hold fewer.
    """

    name: str
    config: dict[str, JsonValue]
    versions: dict[str, str]
    figures: list[Figures]
    full: Full | None = None
    coverage: Coverage | None = None
    precision: Precision | None = None
    endings: list[str] = []
    shown_seed: int | None = None
    picks: list[Pick] = []
    picks_total: dict[int, int] = {}
    searches: list[Search] = []
    allocations: list[AllocationTable] = []


class MapPicks(_Data):
    """Picks of one run on the map: `points` are indices into the map's points."""

    run: str
    points: list[int]
    rounds: list[int]


class PoolMap(_Data):
    """The pool in two dimensions: `x`, `y`, `ids` and `captions` are `[m]`."""

    method: str
    source: str
    x: list[float]
    y: list[float]
    ids: list[str]
    captions: list[str]
    picks: list[MapPicks]


class ReportData(_Data):
    """Everything on the page.

    `media` are data URIs by key, stored once for all pairs that show them; `notes` say in
    sentences what is left out and why.
    """

    pool: PoolFacts
    runs: list[Run]
    metrics: dict[str, MetricFacts]
    classes: ClassFacts | None = None
    map: PoolMap | None = None
    media: dict[str, str] = {}
    notes: list[str] = []
