from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acqkit.errors import PoolError
from acqkit.pool.display import display_kind, kind_of_name
from acqkit.pool.display_file import DisplayFile


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"GIF89a", "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image"),
        (b"<svg xmlns=", "image"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio"),
        (b"ID3\x03", "audio"),
        (b"OggS", "audio"),
        (b"plain words", "text"),
        (b"\x00\x00\x00\x18ftypM4A \x00", "audio"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00", "image"),
        (b"BMW is a brand", "text"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "text"),
        (DisplayFile(Path("folder"), "pics/cat.JPG"), "image"),
        (Path("sounds/bark.wav"), "audio"),
        ("pics/cat.JPG", "text"),
        ("https://example.org/cat.png?size=2", "text"),
        ("A cat on a mat.", "text"),
        ("first line\nends in cat.png", "text"),
        ("scan.tif", "text"),
        ("", "text"),
    ],
)
def test_kind_of_a_column(value: Any, kind: str) -> None:
    assert display_kind([value]) == kind
    assert display_kind([None, value]) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pics/cat.JPG", "image"),
        ("../sounds/bark.wav", "audio"),
        ("https://example.org/cat.png", "text"),
        ("first line\nends in cat.png", "text"),
        ("scan.tif", "text"),
        ("x" * 1100 + ".png", "text"),
    ],
)
def test_kind_of_a_name(text: str, kind: str) -> None:
    assert kind_of_name(text) == kind


def test_columns_of_odd_objects_are_text() -> None:
    assert display_kind([3, 4]) == display_kind([None, 2.5]) == "text"


def test_a_column_of_nothing_is_text() -> None:
    assert display_kind([]) == display_kind([None] * 40) == "text"


@pytest.mark.parametrize("repository", ["datasets--me--icons", "icons"])
def test_files_of_a_hub_snapshot_are_links_to_its_blobs(tmp_path: Path, repository: str) -> None:
    folder = tmp_path / repository / "snapshots" / "0f3a" / "train"
    folder.mkdir(parents=True)
    blob, other = tmp_path / repository / "blobs" / "77c1", tmp_path / "other"
    blob.parent.mkdir()
    for file in (blob, other):
        file.write_bytes(b"content")
    (folder / "a.png").symlink_to("../../../blobs/77c1")
    (folder / "b.png").symlink_to(other)
    with pytest.raises(PoolError, match="lies outside"):
        DisplayFile(folder, "b.png").read()
    if repository == "icons":  # any other folder of that shape has no such right
        with pytest.raises(PoolError, match="lies outside"):
            DisplayFile(folder, "a.png").read()
    else:
        assert DisplayFile(folder, "a.png").read() == b"content"
