from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_data import NASTY, figures, make_data, make_run

from acqkit.report import render_report
from acqkit.report.data import ReportData


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

    def __init__(self, path: Path, profile: Path, state: str = "", width: int = 1300) -> None:
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
            f"--window-size={width},3000",
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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_report(make_data(), tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    if _browser() is None:
        pytest.skip("no Chromium or Chrome is installed; name one in ACQKIT_CHROMIUM")
    return tmp_path / "profile"


def test_a_browser_draws_every_part_without_a_word_on_the_console(
    page: Path, profile: Path
) -> None:
    opened = Opened(page, profile)
    assert opened.console == []
    dom = opened.dom
    charts = opened.html.split('id="chart-')
    parts = {part.split('"')[0]: part for part in charts[1:]}
    assert set(parts) == {"curves", "map", "coverage", "seconds"}
    # A trace is a group in the drawing: two bands, two lines.
    assert len(re.findall(r'class="trace scatter', parts["curves"])) == 4
    assert parts["map"].count('class="main-svg"') >= 2
    assert parts["map"].count('class="point"') == 2 * 12
    # Two strategies, three rounds, two classes, and the pool's marks.
    assert parts["coverage"].count('class="point"') == 2 * (3 * 2 + 2)
    assert parts["seconds"].count('class="point"') == 2 * 5 * 3
    assert len(opened.visible_cards()) == 2 * 2
    pictures = [image for image in dom.all("img") if image.get("src", "").startswith("data:image")]
    sounds = [a for a in dom.all("audio") if a.get("src", "").startswith("data:audio/wav")]
    assert len(pictures) == len(sounds) == 4


def test_what_users_write_is_text_and_nothing_else(page: Path, profile: Path) -> None:
    opened = Opened(page, profile)
    assert not [image for image in opened.dom.all("img") if "onerror" in image]
    # Our data, plotly, our script, and nothing that a caption brought in.
    assert len(opened.dom.all("script")) == 3
    assert opened.dom.text.count("window.broken = 1") > 20


@pytest.mark.parametrize(
    ("state", "round", "checked"),
    [("", "2", "map"), ("#round=1&metric=map50", "1", "map50"), ("#round=77&metric=x", "2", "map")],
)
def test_the_address_holds_the_state(
    page: Path, profile: Path, state: str, round: str, checked: str
) -> None:
    opened = Opened(page, profile, state)
    assert opened.console == []
    assert {card["data-round"] for card in opened.visible_cards()} == {round}
    title = {"map": "MAP, mean of both directions", "map50": "MAP@50, mean of both directions"}
    assert title[checked] in opened.dom.text
    tables = opened.dom.all("div", class_="allocation")
    assert ["hidden" in table for table in tables] == [round != "2"]


def test_a_strategy_can_be_hidden_everywhere(page: Path, profile: Path) -> None:
    opened = Opened(page, profile, "#hide=0", width=500)
    assert opened.console == []
    assert len(re.findall(r'class="trace scatter', opened.html.split('id="map"')[0])) == 2
    hidden = [group["data-run"] for group in opened.dom.all("div", class_="picks")
              if "hidden" in group]  # fmt: skip
    assert hidden == ["0"]
    pressed = [chip["aria-pressed"] for chip in opened.dom.all("button", class_="chip")]
    assert pressed == ["false", "true"]


def bare() -> ReportData:
    run = make_run("typiclust", figures=figures(seeds=1, rounds=1), full=None, coverage=None)
    run = run.model_copy(update={"picks": [], "picks_total": {0: 5}})
    return make_data(runs=[run], classes=None, map=None, media={})


def test_a_report_with_next_to_nothing_is_drawn_too(tmp_path: Path, profile: Path) -> None:
    opened = Opened(render_report(bare(), tmp_path / "report.html"), profile)
    assert opened.console == []
    assert 'class="trace scatter' in opened.html
    assert "coverage" not in {section.get("id") for section in opened.dom.all("section")}


def test_nothing_is_loaded_from_anywhere(page: Path) -> None:
    dom = Dom(page.read_text(encoding="utf-8"))
    assert not dom.all("link")
    for _, attributes in dom.elements:
        assert not attributes.get("src", "data:").startswith(("http", "//"))
    policy = [meta for meta in dom.all("meta") if "http-equiv" in meta]
    assert policy[0]["content"].startswith("default-src 'none'")


def test_the_data_survives_the_script_element(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    block = html.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    payload = json.loads(block)
    assert payload["map"]["captions"][0] == NASTY
    assert payload["modalities"] == ["image", NASTY]
    assert not set("<>&\u2028") & set(block)


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    render_report(make_data(), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="max"):
        render_report(make_data(runs=[]), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    assert len(before) < 5_200_000
