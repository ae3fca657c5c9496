"""Sheets that other programs open and save: the same labels on the same pairs, or an error."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spreadsheets import EXCELS, Excel
from told_sheets import asked, made_pool, saved, through_csv, told

from acqkit.campaign.label_cells import LabelCells
from acqkit.errors import CampaignError
from acqkit.pool import PairPool
from acqkit.pool.look_alikes import look_alike

TRICKY = [
    "007", "7", "1-2", "1E5", "TRUE", "12345678901234567890", "=1+1", "+x", "@x", "\t=1", "a;=1",
    "NA", "-", "?", "a;b", "a", "b", "None", " pad", "two\nlines", "cr\rlf\r\n", "e\u0301",
    "Hündin", "猫", "\u200bz", '"q"', "'q", "1.5", "1,5", "march1", "batch", "label",
    "#N/A", "x, -1",
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(TRICKY),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)


def through_pandas(sheet: bytes, labels: list[str], delimiter: str, encoding: str) -> bytes:
    frame = pd.read_csv(io.BytesIO(sheet))
    assert len(frame) == len(labels)
    again = io.StringIO(newline="")
    frame.assign(label=labels).to_csv(again, sep=delimiter, index=False)
    # Opened and saved once more, so that labels go through its guesses too.
    once_more = io.StringIO(newline="")
    pd.read_csv(io.StringIO(again.getvalue()), sep=delimiter).to_csv(
        once_more, sep=delimiter, index=False
    )
    return once_more.getvalue().encode(encoding)


def through_polars(sheet: bytes, labels: list[str], delimiter: str, encoding: str) -> bytes:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.read_csv(sheet).with_columns(label=polars.Series(labels))
    again: str = polars.read_csv(frame.write_csv().encode()).write_csv(separator=delimiter)
    return again.encode(encoding)


@st.composite
def answered(draw: st.DrawFn) -> tuple[PairPool, list[tuple[str, ...] | None], list[str]]:
    """A pool of any texts, what its pairs are labeled, and those labels as cells."""
    texts = st.lists(TEXT, min_size=2, max_size=6, unique_by=look_alike)
    names, multi = (
        draw(texts.filter(lambda names: all(map(look_alike, names)))),
        draw(st.booleans()),
    )
    ids = draw(
        st.one_of(texts, st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, unique=True))
    )
    columns = draw(st.lists(TEXT.filter(bool), max_size=3, unique=True))
    shown = {
        name: draw(st.lists(st.none() | TEXT, min_size=len(ids), max_size=len(ids)))
        for name in columns
    }
    pool = made_pool(ids, names, multi, **shown)
    most = len(names) if multi else 1
    subset = st.lists(st.sampled_from(names), min_size=not multi, max_size=most, unique=True)
    ordered = subset.map(lambda chosen: tuple(sorted(chosen, key=names.index)))
    labels = draw(st.lists(st.none() | ordered, min_size=len(ids), max_size=len(ids)))
    cells = LabelCells(names, multi)
    return pool, labels, [cells.write(label) for label in labels]


def meant(pool: PairPool, labels: Sequence[tuple[str, ...] | None]) -> dict[Any, Any]:
    index = pool.class_names.index
    classes = [None if label is None else tuple(map(index, label)) for label in labels]
    return dict(zip(pool.ids.tolist(), classes, strict=True))


@given(
    answered(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("program", ["csv", "pandas", "polars"])
def test_labels_come_back_from_programs(
    program: str, batch: Any, delimiter: str, encoding: str
) -> None:
    pool, labels, cells = batch
    if program == "csv":
        sheet = saved(through_csv(asked(pool), cells), delimiter, encoding)
    else:
        through = {"pandas": through_pandas, "polars": through_polars}[program]
        sheet = through(asked(pool), cells, delimiter, encoding)
    assert told(sheet, pool) == meant(pool, labels)


@given(answered())
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("excel", EXCELS.values(), ids=EXCELS)
def test_labels_come_back_from_excel_or_are_refused(excel: Excel, batch: Any) -> None:
    pool, labels, cells = batch
    rows = through_csv(asked(pool), cells)
    everything = "".join(cell for row in rows for cell in row)
    kept = everything.encode(excel.encoding, "replace").decode(excel.encoding) == everything
    try:
        answers = told(excel.save(rows), pool)
    except CampaignError:
        assert not kept
        return
    assert answers == meant(pool, labels)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_labels_come_back_from_libreoffice(tmp_path: Path) -> None:
    names = [text for text in TRICKY if text not in ("batch", "label", "\ud800")]
    pool = made_pool(names, names, True, caption=[*reversed(names)])
    cells = LabelCells(names, True)
    labels = [(name,) for name in names]
    rows = through_csv(asked(pool), list(map(cells.write, labels)))
    (tmp_path / "sheet.csv").write_bytes(saved(rows))
    utf8 = "44,34,76"  # comma, double quote, UTF-8
    opening = [f"--infilter=CSV:{utf8}", "--convert-to", "ods", "sheet.csv"]
    saving = ["--convert-to", f"csv:Text - txt - csv (StarCalc):{utf8}", "--outdir", "saved"]
    for step in (opening, [*saving, "sheet.ods"]):
        command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
        subprocess.run([*command, *step], cwd=tmp_path, check=True, capture_output=True)
    assert told((tmp_path / "saved" / "sheet.csv").read_bytes(), pool) == meant(pool, labels)
