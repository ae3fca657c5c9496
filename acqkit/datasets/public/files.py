"""Locating the files of a data set, and comparing their checksums."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acqkit.errors import PoolError, did_you_mean

DATA_HOME = "ACQKIT_DATA"
"""The environment variable that names a folder with one folder per data set."""


def default_folder(name: str) -> Path:
    """`$ACQKIT_DATA/<name>`, or `~/.cache/acqkit/<name>` where the variable is not set."""
    home = os.environ.get(DATA_HOME)
    return (Path(home) if home else Path.home() / ".cache" / "acqkit").expanduser() / name


@dataclass(frozen=True, slots=True)
class FileIndex:
    """All files in a folder and the folders below it, by name."""

    folder: Path
    paths: Mapping[str, tuple[Path, ...]]

    @classmethod
    def of(cls, folder: Path) -> FileIndex:
        """Index `folder` by file names alone, since releases differ in their folders."""
        paths: dict[str, list[Path]] = {}
        for parent, _, names in os.walk(folder):
            for name in names:
                paths.setdefault(name, []).append(Path(parent) / name)
        return cls(folder, {name: tuple(sorted(found)) for name, found in paths.items()})

    def matching(self, pattern: str) -> list[str]:
        """Names of files that match a pattern such as `Labels_*_Train.txt`, sorted."""
        if pattern in self.paths:
            return [pattern]
        return sorted(fnmatch.filter(self.paths, pattern)) if "*" in pattern else []

    def path(self, names: tuple[str, ...]) -> Path | None:
        """The file with the first of `names` that exists; raises PoolError if it exists twice."""
        for name in names:
            found = self.paths.get(name, ())
            if len(found) > 1:
                listed = " and ".join(str(path) for path in found[:2])
                raise PoolError(
                    f"{name} is there {len(found)} times, as {listed}; which one is meant? "
                    "Give a folder that holds one release"
                )
            if found:
                return found[0]
        return None


def check_sums(index: FileIndex, sums: Mapping[str, str]) -> None:
    """Compare files, by name, with their SHA-256; raises PoolError with got and wanted."""
    for name, wanted in sums.items():
        path = index.path((name,))
        if path is None:
            raise PoolError(
                f"checksum names {name!r}, which is not in {index.folder}; "
                f"{did_you_mean(name, sorted(index.paths))}"
            )
        with path.open("rb") as file:
            got = hashlib.file_digest(file, "sha256").hexdigest()
        if got != wanted.lower():
            raise PoolError(
                f"{path} has the SHA-256 {got}, wanted {wanted.lower()}; it is another release "
                "or a damaged download"
            )
