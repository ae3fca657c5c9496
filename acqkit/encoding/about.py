"""What a built pool was made from: kept in it as `build.json`, so that more can be encoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acqkit.components.resolve import resolve
from acqkit.errors import ConfigError, PoolError
from acqkit.interfaces import Encoder, ItemKind

ABOUT = "build.json"


class EncoderAbout(BaseModel):
    """The encoder of one modality: its record, what else its vectors depend on, and its items."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record: dict[str, Any]
    version: dict[str, str]
    kind: ItemKind
    width: int

    def make(self, **changed: Any) -> Encoder:
        """The encoder again, with other parameters where `changed` (say another device).

        Raises ConfigError where it was an object that no plugin registers.
        """
        if "name" not in self.record:
            raise ConfigError(
                f"the encoder was an object of {self.record.get('class')}, which no plugin "
                "registers, so it cannot be made again by name"
            )
        spec = {"name": self.record["name"], "params": self.record["params"] | changed}
        encoder: Encoder = resolve("encoder", spec).component
        return encoder


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
    except ValidationError:
        raise PoolError(
            f"{file} is damaged, or of another version of acqkit; build the pool again"
        ) from None


def about_json(about: About) -> str:
    """What `read_about` reads."""
    return json.dumps(about.model_dump(mode="json", by_alias=True), indent=1)


def identity_of(record: Mapping[str, Any], version: Mapping[str, str]) -> dict[str, Any]:
    """What vectors depend on, as JSON data: the encoder but for the device, and its version."""
    params = {key: value for key, value in (record.get("params") or {}).items() if key != "device"}
    return {"encoder": {**record, "params": params}, "version": dict(version)}
