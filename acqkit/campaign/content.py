"""What a campaign holds, checked where it is opened: others may have changed its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
)

from acqkit.components.records import title_of
from acqkit.errors import CampaignError
from acqkit.store import Store, StoredChange


def _component(record: dict[str, Any]) -> dict[str, Any]:
    try:
        title_of(record)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("does not say which component it is") from None
    return record


_Component = Annotated[dict[str, Any], AfterValidator(_component)]


class _Fingerprint(BaseModel):
    """Of the pool; campaigns of earlier versions have less of it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pairs: NonNegativeInt
    modalities: list[str] = Field(min_length=2, max_length=2)
    classes: list[str]
    multilabel: bool
    ids: str
    split: str
    train: NonNegativeInt | None = None
    content: dict[str, str | None] | None = None


class _Settings(BaseModel):
    model_config = ConfigDict(strict=True)

    pool: str
    fingerprint: _Fingerprint
    pool_reference: str | None
    pool_from_here: str | None = None
    seed: int
    device: str
    strategy: _Component
    trainer: _Component
    model: _Component


class _Pairs(BaseModel):
    """New pairs; has more, which says where they are from."""

    model_config = ConfigDict(strict=True)

    start: NonNegativeInt
    pairs: PositiveInt
    train: NonNegativeInt
    pool: str
    fingerprint: _Fingerprint

    def after(self, pairs: int, classes: int) -> tuple[int, int]:
        """How many pairs and classes there are then; raises ValueError where it does not fit."""
        _require(self.start == pairs and self.train <= self.pairs, "positions")
        return pairs + self.pairs, classes


class _Class(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str

    def after(self, pairs: int, classes: int) -> tuple[int, int]:
        """How many pairs and classes there are then."""
        return pairs, classes + 1


class _Rename(BaseModel):
    model_config = ConfigDict(strict=True)

    index: NonNegativeInt = Field(alias="class")
    name: str

    def after(self, pairs: int, classes: int) -> tuple[int, int]:
        """How many pairs and classes there are then; raises ValueError where it does not fit."""
        _require(self.index < classes, "classes")
        return pairs, classes


class _Merge(BaseModel):
    model_config = ConfigDict(strict=True)

    classes: list[NonNegativeInt]
    into: NonNegativeInt
    name: str | None

    def after(self, pairs: int, classes: int) -> tuple[int, int]:
        """How many pairs and classes there are then; raises ValueError where it does not fit."""
        _require(all(index < classes and index != self.into for index in self.classes), "classes")
        _require(self.into == classes if self.name is not None else self.into < classes, "classes")
        return pairs, classes + (self.name is not None)


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(f"its {what} do not fit those before it")


_VALUES: dict[str, type[_Pairs | _Class | _Rename | _Merge]] = {
    "pairs": _Pairs,
    "class": _Class,
    "rename": _Rename,
    "merge": _Merge,
}


def checked_settings(folder: object, store: Store) -> tuple[Mapping[str, Any], list[StoredChange]]:
    """The settings and changes of the campaign in `folder`, whose rows are checked too.

    Raises CampaignError naming the first thing that no campaign can hold.
    """
    settings = store.settings()
    try:
        pool = _Settings.model_validate(settings).fingerprint
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise CampaignError(
            f"campaign {folder} is damaged: its setting {name!r} is wrong ({first['msg']}); "
            "go on with a backup, or a copy of before it was changed"
        ) from None
    changes = store.changes()
    pairs, classes = pool.pairs, len(pool.classes)
    train = {0: pool.train}
    for change in changes:
        try:
            value = _VALUES[change.kind].model_validate(change.value)
            pairs, classes = value.after(pairs, classes)
            if isinstance(value, _Pairs):
                train[value.start] = value.train
        except (KeyError, ValueError) as error:
            raise CampaignError(
                f"campaign {folder} is damaged: its change {change.number} is none that acqkit "
                f"writes ({_first(error)}); go on with a backup, or a copy of before it was changed"
            ) from None
    store.check(pairs, classes, pool.multilabel)
    _check_train(folder, store, train, pairs)
    return settings, changes


def _check_train(folder: object, store: Store, train: Mapping[int, int | None], pairs: int) -> None:
    """Compare how many train pairs there are from each start with the lists of pairs.

    Lists of more pairs than `pairs` were written since.
    """
    listed: dict[int, int] = {}
    for roster in store.rosters():
        if roster.start < pairs:
            start = max((each for each in train if each <= roster.start), default=0)
            listed[start] = listed.get(start, 0) + int((~roster.facts["test"]).sum())
    for start, found in listed.items():
        noted = train.get(start)
        if noted is not None and noted != found:
            raise CampaignError(
                f"campaign {folder} is damaged: it notes {noted} train pairs from position "
                f"{start} on, and lists {found}; go on with a backup, or a copy of before "
                "it was changed"
            )


def _first(error: Exception) -> str:
    return str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
