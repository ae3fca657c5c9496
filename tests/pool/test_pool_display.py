from __future__ import annotations

from typing import Any

import pytest

from acqkit.pool.display import display_kind


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
        ("pics/cat.JPG", "image"),
        ("https://example.org/cat.png?size=2", "image"),
        ("sounds/bark.wav", "audio"),
        ("A cat on a mat.", "text"),
        ("first line\nends in cat.png", "text"),
        ("scan.tif", "text"),
        ("", "text"),
    ],
)
def test_kind_of_a_column(value: Any, kind: str) -> None:
    assert display_kind([value]) == kind
    assert display_kind([None, value]) == kind


def test_a_column_of_nothing_is_text() -> None:
    assert display_kind([]) == display_kind([None] * 40) == "text"
