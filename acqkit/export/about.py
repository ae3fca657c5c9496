"""`export.json`: what an exported folder holds, as plain JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from acqkit.components.explain import explain
from acqkit.errors import ExportError, shortened
from acqkit.pool.built import EncoderAbout

ABOUT = "export.json"

CARD = "README.md"
LABELS, PSEUDO_LABELS = "labels", "pseudo_labels"
"""Names of tables, each of which is there as `.parquet` and as `.csv`."""
PAIRS = "pairs.parquet"
MODEL, PROBE = "model.safetensors", "probe.safetensors"
EMBEDDINGS = "embeddings"
INDEXES = ("index_a.faiss", "index_b.faiss")

_UNREADABLE = (
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    SafetensorError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What numpy, pyarrow, faiss and safetensors raise over files that are not theirs."""

_SCHEMA_KEY = "schema"


RawForm = Literal["text", "image", "bytes"]
"""A text, a picture of Pillow, or the content of a file."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class PoolAbout(_Data):
    """The pool that the model was made for; `dims` are feature widths, None for raw items.

    `items` are the forms of raw items by modality, None for one that no query can have.
    """

    name: str
    pairs: int = Field(ge=0)
    train: int = Field(ge=0)
    test: int = Field(ge=0)
    modalities: tuple[str, str]
    class_names: tuple[str, ...]
    multilabel: bool
    dims: tuple[int, int] | None
    items: tuple[RawForm | None, RawForm | None] | None = None


class ModelAbout(_Data):
    """The model: `record` is what it was made from, `state` the plain data of what it learned.

    `kept` is False where what it learned cannot be written as arrays and plain data.
    """

    record: dict[str, Any]
    state: dict[str, Any]
    kept: bool


class LabelsAbout(_Data):
    """Counts of what is known; `per_class` by name. `pseudo_from` says what made pseudo-labels."""

    labeled: int = Field(ge=0)
    skipped: int = Field(ge=0)
    per_class: dict[str, int]
    annotators: dict[str, int]
    pseudo: int = Field(ge=0)
    pseudo_from: str | None


class About(_Data):
    """All of `export.json`.

    `encoders` are, by modality, what made the pool's features of raw items. `files` has a digest
    of every other file by its name within the folder. `figures` are metrics on the test pairs, by
    name (the built-in ones from 0 to 1), empty where their labels are not known. `dim` is the
    width of embeddings.
    """

    schema_version: Literal[1] = Field(1, alias=_SCHEMA_KEY)
    pool: PoolAbout
    encoders: dict[str, EncoderAbout]
    model: ModelAbout
    strategy: dict[str, Any]
    trainer: dict[str, Any]
    seed: int
    dim: int = Field(ge=1)
    labels: LabelsAbout
    figures: dict[str, float]
    versions: dict[str, str]
    files: dict[str, str]


def read_about(folder: Path) -> About:
    """What is in an exported folder; raises ExportError where it is none, or damaged."""
    file = folder / ABOUT
    if not file.is_file():
        raise ExportError(
            f"{folder} holds no exported model: there is no {ABOUT} in it; give a folder that "
            "`acqkit campaign export` or `acqkit export` wrote"
        )
    try:
        return About.model_validate_json(file.read_bytes())
    except OSError as error:
        raise ExportError(f"{file} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise ExportError(
            f"{file} is damaged, or of another version of acqkit: {explain(error, About)}; export "
            "again"
        ) from None


def file_digests(folder: Path) -> dict[str, str]:
    """A digest of every file below `folder`, by its name within it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def checked(folder: Path, about: About, name: str) -> Path:
    """The path of a file of the export; raises ExportError where it is not as it was written."""
    path = folder / name
    try:
        found = _digest(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}; export again") from None
    if found != about.files.get(name):
        raise ExportError(
            f"{path} is damaged: it has not the digest that {ABOUT} gives; export again"
        )
    return path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What libraries raise over a damaged file in the block is an ExportError that names it."""
    try:
        yield
    except _UNREADABLE as error:
        raise ExportError(
            f"{path} cannot be read ({shortened(str(error))}); export again"
        ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
