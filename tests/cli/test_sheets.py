"""What sheets say, and what of them is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from told_sheets import Rows, asked, made_pool, rows_of, saved, through_csv, told

from acqkit.campaign import SKIP
from acqkit.campaign.label_cells import LabelCells
from acqkit.errors import CampaignError

KINDS: dict[str, tuple[str, str]] = {
    "UTF-8": ("utf-8", ","),
    "with BOM": ("utf-8-sig", ";"),
    "Unicode text": ("utf-16", "\t"),
    "ANSI": ("cp1252", ";"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_encoding_is_found_and_ansi_is_said(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    encoding, delimiter = KINDS[kind]
    pool = made_pool(["im1", "im2"], ["Katze", "Hündin"])
    sheet = saved([["batch", "id", "label"], ["batch-000", "im2", "Hündin"]], delimiter, encoding)
    assert told(sheet, pool) == {"im2": (1,)}
    assert ("read as ANSI (cp1252)" in capsys.readouterr().out) == (kind == "ANSI")


def test_the_mark_for_excel_is_written_where_it_is_needed() -> None:
    assert asked(made_pool(["a", "b"])).isascii()
    for pool in (made_pool(["ä", "b"]), made_pool(None, ["Hündin", "b"])):
        assert asked(pool).startswith(b"\xef\xbb\xbf")


def test_display_columns_get_names_of_their_own_and_truth_is_never_shown() -> None:
    texts = ["x", "y", "z"]
    names = ["batch", "id", "ID", "key", "Label", "label", "Truth", "labels ", "caption", "=x"]
    shown: dict[str, Any] = dict.fromkeys(names, texts)
    pool = made_pool(**shown)
    assert rows_of(asked(pool))[0] == [
        "batch", "id", "batch (shown)", "id (shown)", "ID (shown) (shown)", "key (shown)",
        "caption", '"=x"', "key", "label",
    ]  # fmt: skip


@pytest.mark.parametrize("first", [None, b"\x89PNG"])
def test_pictures_are_not_written_also_where_the_first_is_missing(first: bytes | None) -> None:
    pool = made_pool(image=[first, b"\x89PNG", b"\xff"], caption=[None, "two", np.float64(1.5)])
    rows = rows_of(asked(pool))
    assert rows[0] == ["batch", "id", "caption", "key", "label"]
    assert [row[2] for row in rows[1:]] == ["", "two", '"1.5"']


def test_a_sheet_says_how_to_write_classes_that_need_it() -> None:
    pool = made_pool(None, ["?", "1-2"])
    rows = rows_of(asked(pool))
    assert rows[0][-3] == 'write with quotes: "1-2" | can\'t tell: (?)'
    assert [row[-1] for row in rows] == ["label", "", "", ""]


def test_all_errors_are_said_at_once_by_line() -> None:
    pool = made_pool([f"im{i}" for i in range(30)])
    rows = [["batch-000", f"im{i}", "cat" if i == 1 else f"c{i}"] for i in range(26)]
    with pytest.raises(CampaignError) as refused:
        told(saved([["batch", "id", "label"], *rows]), pool)
    errors = str(refused.value).split("not recorded: ")[1].split("; ")
    named = [error.split(":")[0] for error in errors if error.startswith("line")]
    assert named == [f"line {line}" for line in range(2, 23) if line != 3]
    assert "has 25 errors" in str(refused.value) and errors[-1] == "and 5 more"


def _changed(rows: Rows, line: int, column: str, value: str) -> Rows:
    changed = [list(row) for row in rows]
    changed[line - 1][rows[0].index(column)] = value
    return changed


@pytest.mark.parametrize(
    ("id", "returned"), [("007", "7"), ("猫1", "?1"), ("1.50", "1,5"), ("true", "WAHR")]
)
def test_the_key_finds_a_pair_whose_id_was_changed(id: str, returned: str) -> None:
    pool = made_pool([id, "b2"])
    rows = through_csv(asked(pool), ["cat", "dog"])
    assert told(saved(_changed(rows, 2, "id", returned)), pool) == {id: (0,), "b2": (1,)}


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("id", "b2", "'b2', but the key is that of 'a1'"),
        ("id", "02. Jan", "'02. Jan', but the key is that of 'a1'"),
        ("key", "that of b2", "'a1', but the key is that of 'b2'"),
        ("key", "xyz", "no pair with the key 'xyz'"),
    ],
)
def test_a_row_whose_id_and_key_disagree_is_refused(column: str, value: str, problem: str) -> None:
    pool = made_pool(["a1", "b2"])
    rows = through_csv(asked(pool), ["cat", "dog"])
    if value == "that of b2":
        value = rows[2][rows[0].index("key")]
    with pytest.raises(CampaignError) as refused:
        told(saved(_changed(rows, 2, column, value)), pool)
    assert "line 2: " in str(refused.value) and problem in str(refused.value)


@pytest.mark.parametrize(
    ("ids", "written", "problem"),
    [
        (["007", "7"], "7", "may be '007' or '7'"),
        ([1, "1"], "1", "may be '1' or 1"),
        (["1-2", "x"], "02. Jan", "no pair with id '02. Jan'"),
        (["猫", "?"], "?", "may be"),
        ([5, 6], "5.0", "no pair with id '5.0'"),
    ],
)
def test_without_a_key_an_id_that_may_have_been_changed_is_refused(
    ids: list[Any], written: str, problem: str
) -> None:
    with pytest.raises(CampaignError) as refused:
        told(saved([["batch", "id", "label"], ["batch-000", written, "cat"]]), made_pool(ids))
    assert "line 2" in str(refused.value) and problem in str(refused.value)


def test_a_pair_given_two_labels_in_one_sheet_is_refused() -> None:
    pool = made_pool(["a", "b"])
    rows = [["batch", "id", "label"], ["batch-000", "a", "cat"], [], ["batch-000", "a", "cat"]]
    assert told(saved(rows), pool) == {"a": (0,)}
    rows[3][2] = "?"
    with pytest.raises(CampaignError, match="line 4: the pair of line 2 is given another label"):
        told(saved(rows), pool)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04rest", "is a workbook"),
        (b"\xd0\xcf\x11\xe0rest", "is a workbook"),
        (b"batch,id,label\n\x81\xff", "neither UTF-8 nor ANSI"),
        (b"\xef\xbb\xbfbatch,id,label\n\xff", "damaged"),
        (b"\xff\xfeb", "damaged"),
        (b"", "lacks the columns batch, id, label"),
        (b"batch,id\nx,y", "lacks the columns label"),
        (b"batch,id,label,label\n", "more than one column 'label'"),
        (b"batch,id,label\nbatch-000,0,cat,dog\n", "line 2: has more cells"),
        (b'batch,id,label\nbatch-000,0,"cat\n', "cannot be read as a sheet"),
        (b"batch,id,label\nbatch-000,9,cat\n", "line 2: the pool has no pair with id '9'"),
    ],
)
def test_what_is_no_sheet_is_refused_in_one_sentence(content: bytes, problem: str) -> None:
    with pytest.raises(CampaignError, match=problem):
        told(content, made_pool())


def test_a_sheet_without_a_mark_is_in_the_encoding_that_names_pairs_and_classes() -> None:
    # The bytes of these in ANSI are other text in UTF-8.
    pool = made_pool(["Â¡", "b"], ["Ã¤", "x"])
    rows = through_csv(asked(pool), ["Ã¤", "x"])
    for encoding in ("cp1252", "utf-8", "utf-8-sig"):
        assert told(saved(rows, encoding=encoding), pool) == {"Â¡": (0,), "b": (1,)}


def test_a_sheet_that_says_other_labels_in_another_encoding_is_refused() -> None:
    pool = made_pool(["a", "b"], ["Ã¤", "ä"])
    rows = through_csv(asked(pool), ["Ã¤", ""])
    with pytest.raises(CampaignError, match="other labels in utf-8 than in cp1252; save the"):
        told(saved(rows, encoding="cp1252"), pool)
    assert told(saved(rows, encoding="utf-8-sig"), pool) == {"a": (0,)}


def test_rows_without_a_label_are_answered_later() -> None:
    pool = made_pool(["a", "b", "c"])
    assert told(asked(pool), pool) == {}
    assert told(saved(through_csv(asked(pool), ["", " \u200b", "?"])), pool) == {"c": None}
    assert LabelCells(["x", "y"], False).read("?") is SKIP


@pytest.mark.parametrize("column", [1, -2, -1])
def test_what_nobody_reads_to_its_end_is_quoted_in_short(column: int) -> None:
    pool = made_pool(["im1", "im2"])
    rows = rows_of(asked(pool))
    rows[1][-1] = pool.class_names[0]
    rows[1][column] = "x" * 5000
    with pytest.raises(CampaignError, match=r"x \.\.\.") as refused:
        told(saved(rows), pool)
    assert len(str(refused.value)) < 400
