"""WebDataset: tar files in which the files of one sample share their name up to the first dot."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acqkit.encoding.columns import PICTURES, ListColumn, Table, kind_of_suffix
from acqkit.encoding.items import LARGEST_ITEM, Item, file_stamp
from acqkit.errors import PoolError
from acqkit.interfaces import ItemKind
from acqkit.pool.source import reading

_TEXTS = frozenset({"txt", "text", "caption"})
_NUMBERS = frozenset({"cls", "cls2", "index"})


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar file, whose content begins at `offset`."""

    tar: Path
    name: str
    offset: int
    size: int
    is_text: bool

    @property
    def where(self) -> str:
        return f"{self.tar.name}: {self.name}"

    def stamp(self) -> bytes | None:
        """Of the tar file, and the place in it."""
        return file_stamp(self.tar, f"{self.name} {self.offset}")

    def read(self) -> str | bytes:
        """Its content; raises PoolError where the tar file ends before it."""
        if self.size > LARGEST_ITEM:
            raise PoolError(
                f"has {self.size:,} bytes, more than the {LARGEST_ITEM:,} that are read"
            )
        with self.tar.open("rb") as file:
            file.seek(self.offset)
            content = file.read(self.size)
        if len(content) < self.size:
            raise PoolError("is cut off, for the tar file ends in it")
        if not self.is_text:
            return content
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise PoolError("is no UTF-8 text") from None


class MemberColumn:
    """The members of one extension, a sample a row; None where a sample has none."""

    def __init__(self, members: list[Member | None], suffix: str) -> None:
        self._members = members
        self.kind: ItemKind = kind_of_suffix(f".{suffix}")

    def __len__(self) -> int:
        return len(self._members)

    def items(self, row: int) -> list[Item]:
        """The sample's member."""
        member = self._members[row]
        return [] if member is None else [member]

    def value(self, row: int) -> Any:
        """The text of a member that is one."""
        member = self._members[row]
        if member is None or not member.is_text:
            return None
        content = member.read()
        return content.strip() if isinstance(content, str) else None


def open_tars(paths: list[Path]) -> Table:
    """A row a sample of WebDataset's tar files: `key`, and a column an extension.

    Fields of a `.json` member are columns `json.FIELD`. Raises PoolError naming the tar file.
    """
    samples: dict[str, dict[str, Member]] = {}
    for path in paths:
        for key, suffix, member in _members(path):
            own = samples.setdefault(key, {})
            if suffix in own:
                raise PoolError(
                    f"{member.where} is the second {suffix} of the sample {key!r} (the first is in "
                    f"{own[suffix].where}); keys must be unique in all tar files"
                )
            own[suffix] = member
    suffixes = dict.fromkeys(suffix for own in samples.values() for suffix in own)
    if not suffixes:
        raise PoolError(f"{paths[0]} holds no sample: no file with a name such as 0001.jpg")
    columns: dict[str, Any] = {"key": ListColumn(list(samples), paths[0].parent)}
    for suffix in suffixes:
        found = [own.get(suffix) for own in samples.values()]
        if suffix == "json":
            columns |= _json_columns(found, paths[0].parent)
        else:
            columns[suffix] = MemberColumn(found, suffix)
    roles = {"id": "key"}
    if "cls" in columns:
        roles["label"] = "cls"
    images = [name for name in columns if f".{name}" in PICTURES]
    texts = [name for name in columns if name in _TEXTS]
    if len(images) == len(texts) == 1:
        roles |= {"a": images[0], "b": texts[0]}
    return Table(paths[0].parent, columns, len(samples), roles)


def _members(path: Path) -> Iterator[tuple[str, str, Member]]:
    """Key, extension and place of every file, by WebDataset's rule for names."""
    with reading(path, "tar file without compression"), tarfile.open(path, "r:") as archive:
        for info in archive:
            folder, _, name = info.name.rpartition("/")
            stem, dot, suffix = name.partition(".")
            if not info.isreg() or not dot or not stem:
                continue
            suffix = suffix.lower()
            is_text = suffix in _TEXTS | _NUMBERS | {"json"}
            member = Member(path, info.name, info.offset_data, info.size, is_text)
            yield f"{folder}/{stem}" if folder else stem, suffix, member
        _check_end(path, archive.offset)


def _check_end(path: Path, offset: int) -> None:
    """Raise PoolError where what follows the last file is no end: tarfile stops there silently."""
    with path.open("rb") as file:
        file.seek(offset)
        block = file.read(tarfile.BLOCKSIZE)
    if block != bytes(tarfile.BLOCKSIZE):
        raise PoolError(
            f"{path} has no end of a tar file after byte {offset:,}, so it is cut off or damaged "
            "there; write it again"
        )


def _json_columns(members: list[Member | None], folder: Path) -> dict[str, ListColumn]:
    rows = [_parsed(member) for member in members]
    names = dict.fromkeys(name for row in rows for name in row)
    return {f"json.{name}": ListColumn([row.get(name) for row in rows], folder) for name in names}


def _parsed(member: Member | None) -> dict[str, Any]:
    if member is None:
        return {}
    try:
        found = json.loads(member.read())
    except (ValueError, RecursionError) as error:
        raise PoolError(f"{member.where} is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise PoolError(f"{member.where} holds no JSON object")
    return found
