"""The page that leads through a round names files that are there, and few of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how-a-round-works.md").read_text(encoding="utf-8")
MOST_FILES = 15
ROWS = re.findall(r"^\| `([\w/]+\.py)` \| (.+) \|$", PAGE, flags=re.MULTILINE)


def test_its_files_are_there_and_hold_what_it_says() -> None:
    assert 0 < len(ROWS) <= MOST_FILES
    for path, what in ROWS:
        source = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", what):
            assert re.search(rf"^\s*(class|def) {name}\b", source, flags=re.MULTILINE), (path, name)


def test_it_names_the_protocols_of_the_parts() -> None:
    source = (ROOT / "acqkit" / "interfaces" / "strategies.py").read_text(encoding="utf-8")
    for name in ("Scorer", "Allocator", "Strategy"):
        assert f"class {name}(Protocol)" in source
