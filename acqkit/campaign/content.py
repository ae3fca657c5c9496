"""What a campaign holds, checked where it is opened: others may have changed its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, NonNegativeInt, ValidationError

from acqkit.components.resolve import title_of
from acqkit.errors import CampaignError
from acqkit.store import Store


def _component(record: dict[str, Any]) -> dict[str, Any]:
    try:
        title_of(record)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("does not say which component it is") from None
    return record


_Component = Annotated[dict[str, Any], AfterValidator(_component)]


class _Fingerprint(BaseModel):
    """Of the pool; has more, which is only ever compared."""

    model_config = ConfigDict(strict=True)

    pairs: NonNegativeInt
    classes: list[str]
    multilabel: bool


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


def checked_settings(folder: object, store: Store) -> Mapping[str, Any]:
    """The settings of the campaign in `folder`, whose rows are checked too.

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
    store.check(pool.pairs, len(pool.classes), pool.multilabel)
    return settings
