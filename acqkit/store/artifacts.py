"""Artifacts: folders of large files, named by the content of their files.

An artifact is made under a temporary name and renamed once it is complete. It is read only
if its files still have the digests that make its name, so that a damaged one is never used.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from acqkit.errors import AcqkitWarning
from acqkit.files import remove_abandoned, temporary_folder

HOME = "artifacts"
"""The folder of artifacts within a campaign's."""

_LEGACY = "embeddings-*"
"""Folders of embeddings that were named by their round, without a digest."""


class DigestFile:
    """A new file that knows the digest of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = _new_digest()

    def write(self, data: Any) -> int:
        """Append bytes, or an array's memory."""
        self._digest.update(data)
        return self._file.write(data)

    def digest(self) -> str:
        """The digest of all that was written."""
        return str(self._digest.hexdigest())


class Draft:
    """An artifact in the making: files in a temporary folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._files: dict[str, DigestFile] = {}

    def file(self, name: str) -> DigestFile:
        """A new file of the artifact, to be written from its start to its end."""
        opened = self._stack.enter_context((self.folder / name).open("xb"))
        self._files[name] = DigestFile(opened)
        return self._files[name]

    def finish(self) -> str:
        """Close the files; the digest of the artifact."""
        self._stack.close()
        return _digest_of({name: file.digest() for name, file in self._files.items()})


class Artifacts:
    """The artifacts of one campaign, by names such as `artifacts/5f3a...`.

    `publish` and `remove_others` are called while no other process writes to the campaign.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Here too, since who ends a killed process's work may have nothing more to keep.
        with suppress(OSError):
            remove_abandoned(folder / HOME / "draft")

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A new artifact, removed again unless it was published. Raises OSError."""
        with temporary_folder(self._folder / HOME / "draft") as folder, ExitStack() as stack:
            yield Draft(folder, stack)

    def publish(self, draft: Draft) -> str:
        """Put a finished artifact in its place and give its name. Raises OSError."""
        name = f"{HOME}/{draft.finish()}"
        if self.find(name) is None:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            # Not synced: what a power cut tears is noticed by its digest, and made again.
            draft.folder.rename(self._folder / name)
        return name

    def has(self, name: str) -> bool:
        """Whether there is an artifact of that name, damaged or not."""
        return (self._folder / name).is_dir()

    def find(self, name: str) -> Path | None:
        """The folder of an artifact; None where it is gone or not what it was made as."""
        folder = self._folder / name
        before_digests = folder.parent == self._folder
        try:
            paths = [*folder.iterdir()]
            # A pipe would be waited for, and a device may never end.
            plain = all(path.is_file() for path in paths)
            if plain and (
                before_digests
                or _digest_of({p.name: _file_digest(p) for p in paths}) == folder.name
            ):
                return folder
        except OSError:
            return None
        self.warn_of(name)
        return None

    def warn_of(self, name: str) -> None:
        """Say that an artifact is damaged, and that nothing is lost by it."""
        folder = self._folder / name
        warnings.warn(
            f"{folder} is damaged (its files are not those that were kept) and is left "
            "unused; what was kept in it is made again when it is needed",
            AcqkitWarning,
            stacklevel=3,
        )

    def path(self, name: str) -> Path:
        """The folder of an artifact that was published just now."""
        return self._folder / name

    def remove_others(self, kept: Collection[str]) -> None:
        """Remove all artifacts but those named."""
        for folder in (*self._folder.glob(f"{HOME}/[!.]*"), *self._folder.glob(_LEGACY)):
            if folder.relative_to(self._folder).as_posix() not in kept:
                # Renamed first: who reads it meanwhile finds all of it or nothing. The name is a
                # draft's, so that what a killed process leaves of it is removed as such.
                gone = folder.parent / f".draft.{folder.name}.new"
                with suppress(OSError):
                    folder.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)


def _new_digest() -> Any:
    return hashlib.blake2b(digest_size=16)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new_digest).hexdigest()


def _digest_of(files: Mapping[str, str]) -> str:
    digest = _new_digest()
    digest.update(json.dumps(files, sort_keys=True).encode())
    return str(digest.hexdigest())
