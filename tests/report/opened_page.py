"""A page of a report as a browser shows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest


def _browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("ACQKIT_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


class Dom(HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Attributes of the elements of a tag that have all classes and values wanted."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag
            and all(
                set(value.split()) <= set(attributes.get(key.rstrip("_"), "").split())
                for key, value in wanted.items()
            )
        ]


class Opened:
    """A page as a headless browser shows it."""

    def __init__(
        self, path: Path, profile: Path, state: str = "", width: int = 1300, height: int = 9000
    ) -> None:
        browser = _browser()
        assert browser is not None  # the fixture has looked
        command = [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=8000",
            "--dump-dom",
            f"{path.as_uri()}{state}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        self.html = done.stdout
        self.dom = Dom(done.stdout)

    def visible_cards(self) -> list[dict[str, str]]:
        return [card for card in self.dom.all("li", class_="pick") if "hidden" not in card]


def need_a_browser() -> None:
    """Skip the test that asks where there is none."""
    if _browser() is None:
        pytest.skip("no Chromium or Chrome is installed; name one in ACQKIT_CHROMIUM")
