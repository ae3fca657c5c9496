from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from opened_page import Dom, Opened, need_a_browser
from report_data import NASTY, figures, make_data, make_run, pick

from acqkit.report import render_report
from acqkit.report.data import ReportData


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_report(make_data(), tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    need_a_browser()
    return tmp_path / "profile"


@pytest.fixture(scope="module")
def opened(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    need_a_browser()
    return Opened(page, tmp_path_factory.mktemp("browser"))


def test_errors_on_the_console_are_seen(tmp_path: Path, profile: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text("<script>nothing.there</script>", encoding="utf-8")
    assert "nothing is not defined" in Opened(broken, profile).console[0]


def test_a_browser_draws_every_part_without_a_word_on_the_console(opened: Opened) -> None:
    assert opened.console == []
    dom = opened.dom
    charts = opened.html.split('id="chart-')
    parts = {part.split('"')[0]: part for part in charts[1:]}
    assert set(parts) == {"curves", "map", "coverage", "precision", "seconds"}
    # A trace is a group in the drawing: two bands, two lines.
    assert len(re.findall(r'class="trace scatter', parts["curves"])) == 4
    assert parts["map"].count('class="main-svg"') >= 2
    assert parts["map"].count('class="point ') == 2 * 12
    # Bands and lines of one strategy's pseudo-labels and of two classifiers.
    assert len(re.findall(r'class="trace scatter', parts["precision"])) == 6
    assert parts["precision"].count("stroke-dasharray: 9px") == 2
    # Two strategies, three rounds, two classes, and the pool's marks.
    assert parts["coverage"].count('class="point"') == 2 * (3 * 2 + 2)
    assert parts["seconds"].count('class="point"') == 2 * 5 * 3
    assert len(opened.visible_cards()) == 2 * 2
    pictures = [image for image in dom.all("img") if image.get("src", "").startswith("data:image")]
    sounds = [a for a in dom.all("audio") if a.get("src", "").startswith("data:audio/wav")]
    assert len(pictures) == len(sounds) == 4


def test_what_is_far_below_is_drawn_when_it_is_needed(page: Path, profile: Path) -> None:
    drawn = {
        part.split('"')[0]
        for part in Opened(page, profile, height=700).html.split('id="chart-')[1:]
        if "main-svg" in part.split("</section>")[0]
    }
    assert drawn == {"curves"}


def test_what_users_write_is_text_and_nothing_else(opened: Opened) -> None:
    assert not [image for image in opened.dom.all("img") if "onerror" in image]
    # Our data, plotly, our script, and nothing that a caption brought in.
    assert len(opened.dom.all("script")) == 3
    assert opened.dom.text.count("window.broken = 1") > 20


def test_the_address_holds_the_state(page: Path, profile: Path) -> None:
    opened = Opened(page, profile, "#round=1&metric=map50&hide=0", width=500)
    assert opened.console == []
    assert [card["data-round"] for card in opened.visible_cards()] == ["1"] * 4
    assert ">MAP@50</text>" in opened.html
    assert "hidden" in opened.dom.all("div", class_="allocation")[0]
    # One strategy of two: a band and a line.
    assert len(re.findall(r'class="trace scatter', opened.html.split('id="map"')[0])) == 2
    groups = opened.dom.all("div", class_="picks")
    assert ["hidden" in group for group in groups] == [True, False]
    chips = opened.dom.all("button", class_="chip")
    assert [chip["aria-pressed"] for chip in chips] == ["false", "true"]


SWITCH = """setTimeout(() => {
const before = document.createElement("template");
before.innerHTML = document.getElementById("chart-curves").innerHTML;
document.body.append(before);
metric.value = "map";
metric.dispatchEvent(new Event("change"));
}, 1000)"""


def test_the_curves_switch_to_the_metric_of_a_plugin(tmp_path: Path, profile: Path) -> None:
    path = render_report(make_data(), tmp_path / "report.html")
    run_also(path, SWITCH)
    opened = Opened(path, profile, "#metric=gap", width=500)
    assert opened.console == []
    now, before = opened.html.split("<template>")
    assert "(lower is better)</text>" in before
    # Two bands, two lines; no reference, for nobody measured it with all labels.
    assert len(re.findall(r'class="trace scatter', before)) == 4
    assert "fully supervised" not in before
    curves = now.split('id="chart-curves"')[1].split("</section>")[0]
    assert "fully supervised 0.500" in curves and "(lower is better)</text>" not in curves


def run_also(path: Path, script: str) -> None:
    """Add a script to a page, which its policy has to allow."""
    html = path.read_text(encoding="utf-8")
    html = html.replace("script-src ", f"script-src '{digest_of(script)}' ", 1)
    path.write_text(f"{html}<script>{script}</script>", encoding="utf-8")


def digest_of(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


POINT = """setTimeout(() => {
const dot = document.querySelectorAll("#chart-map .map")[0].querySelectorAll(".trace")[2];
const { left, top } = dot.querySelector(".point").getBoundingClientRect();
const at = { bubbles: true, clientX: left + 5, clientY: top + 5 };
document.querySelector("#chart-map .nsewdrag").dispatchEvent(new MouseEvent("mousemove", at));
}, 1000)"""


def test_a_script_that_is_not_ours_does_not_run(tmp_path: Path, profile: Path) -> None:
    path = render_report(bare(), tmp_path / "report.html")
    foreign = "<script>document.title = 'broken'</script><img src=x onerror='document.title = 1'>"
    path.write_text(path.read_text(encoding="utf-8") + foreign, encoding="utf-8")
    opened = Opened(path, profile)
    assert len(opened.console) == 3 and all("Content Security" in line for line in opened.console)
    assert "acqkit report</title>" in opened.html


def test_a_round_s_first_picks_are_shown_and_the_rest_on_demand(
    tmp_path: Path, profile: Path
) -> None:
    runs = [make_run("x", picks=[pick(2, rank) for rank in range(1, 31)])]
    path = render_report(make_data(runs=runs, map=None), tmp_path / "report.html")
    run_also(path, """
    const shown = () => document.querySelectorAll("li.pick:not([hidden])").length;
    const folded = `${shown()}, ${document.querySelector(".more").textContent}`;
    document.querySelector(".more").click();
    document.title = `${folded}, ${shown()}`;
    """)  # fmt: skip
    opened = Opened(path, profile)
    title = opened.html.split("<title>")[1].split("</title>")[0]
    assert [part.strip() for part in title.split(",")] == ["12", "Show 18 more", "30"]
    assert len(opened.visible_cards()) == 30 and opened.console == []
    assert "hidden" in opened.dom.all("button", class_="more")[0]


def test_at_no_width_is_a_key_figure_hidden(tmp_path: Path, profile: Path) -> None:
    """The table must not be wider than what it lies in, nor the page than the window."""
    long = make_run("ascmr+density · memory-bank+embedding-transfer · steps=300", 0.05)
    path = render_report(make_data(runs=[long, make_run("random")]), tmp_path / "report.html")
    run_also(path, """
    const box = document.querySelector(".figures .scroll");
    const cells = [...box.querySelectorAll("td")].filter((cell) => cell.offsetWidth > 0);
    const right = Math.max(...cells.map((cell) => cell.getBoundingClientRect().right));
    parent.postMessage([innerWidth, cells.length,
      right <= box.getBoundingClientRect().right + 1,
      document.documentElement.scrollWidth <= innerWidth].join(" "), "*");
    """)  # fmt: skip
    widths = (1400, 1241, 500)
    frames = "".join(
        f"<iframe src=report.html style='width: {width}px'></iframe>" for width in widths
    )
    listen = "addEventListener('message', (said) => document.body.append(`[${said.data}]`))"
    path.with_name("frames.html").write_text(f"<body><script>{listen}</script>{frames}")
    html = Opened(path.with_name("frames.html"), profile).html
    for width in widths:
        assert f"[{width} 16 true true]" in html, html[-500:]


def test_pointing_at_a_pick_shows_the_pair(tmp_path: Path, profile: Path) -> None:
    """The third trace of a map is what was picked in the chosen round."""
    data = make_data()
    assert data.map is not None
    shown = data.map.model_copy(update={"ids": [str(i) for i in range(12)]})
    picks = [p.model_copy(update={"id": str(i)}) for i, p in enumerate(data.runs[0].picks[::2])]
    runs = [data.runs[0].model_copy(update={"picks": picks}), data.runs[1]]
    path = render_report(make_data(map=shown, runs=runs), tmp_path / "report.html")
    run_also(path, POINT)
    opened = Opened(path, profile, "#round=1")
    assert opened.console == []
    previews = opened.dom.all("div", class_="preview")
    assert ["hidden" in preview for preview in previews] == [False, True]
    assert "picked in round 1" in opened.dom.text


def bare() -> ReportData:
    run = make_run("typiclust", figures=figures(seeds=1, rounds=1), full=None, coverage=None)
    run = run.model_copy(update={"picks": [], "picks_total": {0: 5}})
    return make_data(runs=[run], classes=None, map=None, media={})


def test_a_report_with_next_to_nothing_is_drawn_too(tmp_path: Path, profile: Path) -> None:
    path = render_report(bare(), tmp_path / "report.html")
    opened = Opened(path, profile, "#round=77&metric=nonsense&hide=5")
    assert opened.console == []
    assert 'class="trace scatter' in opened.html
    assert ">MAP</text>" in opened.html
    assert not {"coverage", "precision"} & {s.get("id") for s in opened.dom.all("section")}


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
    with pytest.raises(IndexError):
        render_report(make_data(runs=[]), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    assert len(before) < 5_200_000
