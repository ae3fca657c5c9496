"""What a built pool was made from: kept in it as `build.json`, so that more can be encoded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acqkit.errors import PoolError
from acqkit.interfaces import ItemKind

ABOUT = "build.json"


class EncoderAbout(BaseModel):
    """The encoder of one modality: its record, what else its vectors depend on, and its items.

    `distribution` offers it, None for an object. `folder` was the working folder, `paths` are the
    parameters that named a file or folder. `acqkit.encoding.make_encoder` makes it again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    record: dict[str, Any]
    version: dict[str, str]
    kind: ItemKind
    width: int
    distribution: str | None = None
    folder: str | None = None
    paths: tuple[str, ...] = ()


class About(BaseModel):
    """A build: the encoders by modality, in the order of modalities, and the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Literal[1] = Field(1, alias="schema")
    encoders: dict[str, EncoderAbout]
    settings: dict[str, Any]


def read_about(pool: Path) -> About | None:
    """What the pool in a folder was made from; None for a pool that was not built from files.

    Raises PoolError where `build.json` is damaged.
    """
    file = pool / ABOUT
    if not file.is_file():
        return None
    try:
        return About.model_validate_json(file.read_bytes())
    except OSError as error:
        raise PoolError(f"{file} cannot be read: {error.strerror}") from None
    except ValidationError:
        raise PoolError(
            f"{file} is damaged, or of another version of acqkit; build the pool again"
        ) from None


def read_encoders(pool: Path, modalities: Sequence[str]) -> dict[str, EncoderAbout]:
    """The encoders of the pool in a folder, by what its modalities are called; none, if unknown.

    Raises PoolError as `read_about`.
    """
    about = read_about(pool)
    found = () if about is None else tuple(about.encoders.values())
    return dict(zip(modalities, found, strict=False))


def about_json(about: About) -> str:
    """What `read_about` reads."""
    return json.dumps(about.model_dump(mode="json", by_alias=True), indent=1)
