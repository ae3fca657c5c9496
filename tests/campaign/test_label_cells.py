"""Any text, and any label, in one cell of a sheet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acqkit.campaign import SKIP
from acqkit.campaign.answers import parse_label
from acqkit.campaign.cells import cell, is_plain, text_of
from acqkit.campaign.label_cells import LabelCells
from acqkit.errors import CampaignError
from acqkit.pool.look_alikes import look_alike

TRICKY = [
    "-", "?", "(?)", "(-)", "a;b", "a", "b", "a; b", '"a"', '"a"; "b"', "NA", '"NA"', "None",
    "skip", "7", "007", "7.0", "true", "WAHR", "1-2", "1E5", "=1+1", "@x", "x;=1", "猫", "犬",
    "??", " pad", "two\nlines", "e\u0301", "z\u200bw", "\ud800", "'q", "\\u0061",
    "12345678901234567890",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(TRICKY), st.text(max_size=6), st.text('ab?-;"\\ 17=', max_size=5))
NAMES = st.lists(TEXT.filter(look_alike), min_size=2, max_size=8, unique_by=look_alike)


@given(TEXT)
def test_a_cell_says_its_text(text: str) -> None:
    assert text_of(cell(text)) == text


@pytest.mark.parametrize(
    "text", ["cat", "Hündin 3", "im0012.jpg", "12", "猫", "a;b", "may", "x-ray", "a1", "p12"]
)
def test_plain_texts_stay_plain(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    "text",
    ["007", "1-2", "1E5", "TRUE", "wahr", "1234567890123456", "10:30 PM", "50 %", "12. März",
     "sep1", "NA", " a", "a\u200b", "e\u0301", "'a", '"a', "#N/A", "", "a\nb", "1,5", "2024-01-02"],
)  # fmt: skip
def test_what_spreadsheets_change_is_quoted_as_json_does(text: str) -> None:
    assert not is_plain(text)
    assert json.loads(cell(text)) == text


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1+1", "\r=1", " =1", "＝1"])
@pytest.mark.parametrize("before", ["", "a;", "a, ", "a\n"])
def test_no_part_of_a_cell_is_a_formula(delimiter: str, formula: str, before: str) -> None:
    text = before + formula
    for part in cell(text).split(delimiter):
        assert not part.strip().startswith(tuple("=+-@＝"))
    assert text_of(cell(text)) == text


@given(NAMES, st.booleans(), st.data())
def test_every_label_of_any_classes_can_be_said(names: list[str], multi: bool, data: Any) -> None:
    cells = LabelCells(names, multi)
    most = len(names) if multi else 1
    label = data.draw(
        st.lists(st.sampled_from(names), min_size=not multi, max_size=most, unique=True)
    )
    label = tuple(sorted(label, key=names.index))
    said = cells.read(cells.write(label))
    assert parse_label(said, names, multi) == tuple(names.index(name) for name in label)
    assert cells.read(cells.cannot_tell) is SKIP


@given(NAMES, st.booleans())
def test_a_name_as_it_is_means_its_class_or_is_refused(names: list[str], multi: bool) -> None:
    cells = LabelCells(names, multi)
    for index, name in enumerate(names):
        try:
            said = cells.read(name)
        except CampaignError as error:
            assert "several" in str(error)
            continue
        assert parse_label(said, names, multi) == (index,)


@pytest.mark.parametrize(
    ("names", "written", "meant"),
    [
        (["007", "cat"], "7", "007"),
        (["1", "2"], "1.0", "1"),
        (["2", "1"], "1,0", "1"),
        (["true", "cat"], "WAHR", "true"),
        (["False", "cat"], "FAUX", "False"),
        ([" pad", "cat"], "pad", " pad"),
        (["caf\u00e9", "cat"], "cafe\u0301", "caf\u00e9"),
        (["cat", "dog"], ' "cat" ', "cat"),
        (["?", "cat"], "?", "?"),
    ],
)
def test_what_a_spreadsheet_made_of_a_name_still_means_it(
    names: list[str], written: str, meant: str
) -> None:
    assert LabelCells(names, False).read(written) == meant


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["007", "7", "x"], "7"),
        (["1.1", "1.10"], "1.1"),
        (["1", "1000"], "1,000"),
        (["true", "WAHR"], "TRUE"),
        (["?", "猫"], "?"),
        (["猫", "dog"], "?"),
        (["a;b", "a", "b"], "a;b"),
        (["NA", '"NA"'], '"NA"'),
    ],
)
def test_what_may_mean_two_things_is_refused_with_ways_to_say_either(
    names: list[str], written: str
) -> None:
    cells = LabelCells(names, True)
    with pytest.raises(CampaignError, match="may mean several things; write ") as refused:
        cells.read(written)
    ways = str(refused.value).split("; write ")[1].split(" or ")
    assert len(ways) == 2
    assert cells.read(ways[0]) != cells.read(ways[1])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("cta", "did you mean 'cat'"),
        ("cat; cta", "no class 'cta'"),
        ("cat;", "no class ''"),
        ("cat; cat", "twice"),
        ('"cta"', "no class 'cta'"),
        ('"cat', "no class '\"cat'"),
    ],
)
def test_what_is_no_label_is_refused(written: str, problem: str) -> None:
    with pytest.raises(CampaignError, match=problem):
        LabelCells(["cat", "dog"], True).read(written)


def test_two_classes_in_a_single_label_pool_are_refused() -> None:
    with pytest.raises(CampaignError, match="exactly one"):
        LabelCells(["cat", "dog"], False).read("cat; dog")


def test_marks_give_way_to_classes_and_help_says_how() -> None:
    cells = LabelCells(["?", "-", "1-2", "cat"], True)
    assert (cells.cannot_tell, cells.no_class) == ("(?)", "(-)")
    assert cells.read("(?)") is SKIP and cells.read("(-)") == []
    assert cells.help == (
        'write with quotes: "-" "1-2" | can\'t tell: (?) | none of the classes: (-)'
    )
    assert LabelCells(["cat", "dog"], True).help == ""
