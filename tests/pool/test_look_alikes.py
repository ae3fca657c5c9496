"""Class names and ids that people cannot tell apart are refused where a pool is made."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acqkit.errors import PoolError
from acqkit.pool import PairPool
from acqkit.pool.look_alikes import look_alike, look_alike_keys

INVISIBLE = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\ufe0f", "\x01", "\x7f"]
BLANKS = [" ", "\t", "\u00a0", "\u3000", "\r\n"]

VISIBLE = st.text(st.sampled_from("abz019-_é猫Ω;\"'?="), min_size=1, max_size=8)


def made(ids: Any = None, class_names: Sequence[str] = ("x", "y")) -> PairPool:
    n = 3 if ids is None else len(ids)
    return PairPool.from_arrays(np.ones((n, 2)), np.ones((n, 2)), ids=ids, class_names=class_names)


@st.composite
def disguises(draw: st.DrawFn, text: str) -> str:
    """`text` decomposed, with blanks around it and invisible characters in it."""
    if draw(st.booleans()):
        text = unicodedata.normalize("NFD", text)
    at = draw(st.integers(0, len(text)))
    text = text[:at] + "".join(draw(st.lists(st.sampled_from(INVISIBLE), max_size=2))) + text[at:]
    blanks = st.lists(st.sampled_from(BLANKS), max_size=2).map("".join)
    return draw(blanks) + text + draw(blanks)


@given(st.data(), st.lists(VISIBLE, min_size=2, max_size=6, unique=True))
def test_a_disguised_twin_is_refused_and_both_are_named(data: Any, names: list[str]) -> None:
    assert made(ids=names, class_names=names).class_names == tuple(names)
    original = data.draw(st.sampled_from(names))
    twin = data.draw(disguises(original))
    assume(twin != original)
    for fields in ({"ids": [*names, twin]}, {"class_names": [*names, twin]}):
        with pytest.raises(PoolError) as refused:
            made(**fields)
        assert ascii(original) in str(refused.value) and ascii(twin) in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cat", "cat "),
        ("cat", "cat\u200b"),
        ("\u00e9", "e\u0301"),
        ("a b", "a\u00a0b"),
        ("a b", "a  b"),
        ("no", "n\u00ado"),
    ],
)
@pytest.mark.parametrize("others", [["x", "y"], [3, (4, "x")]], ids=["strings", "objects"])
def test_look_alike_ids_are_refused_among_any_ids(
    first: str, second: str, others: list[Any]
) -> None:
    with pytest.raises(PoolError, match=r"cannot tell apart.*row 1 .*row 3"):
        made(ids=[others[0], first, others[1], second])


@pytest.mark.parametrize("names", [["cat", "Cat"], ["a b", "ab"], ["é", "e"], ["Ａ", "A"]])
def test_what_people_can_tell_apart_is_accepted(names: list[str]) -> None:
    assert made(ids=names, class_names=names).ids.tolist() == names


def test_labels_given_by_name_are_looked_at_too() -> None:
    with pytest.raises(PoolError, match=r"'cat' and 'cat\\u200b'"):
        PairPool.from_arrays(np.ones((2, 2)), np.ones((2, 2)), labels=["cat", "cat\u200b"])


def test_a_name_of_invisible_characters_is_empty() -> None:
    with pytest.raises(PoolError, match="empty name in row 1"):
        made(class_names=["cat", "\u200b \u2060"])


@given(st.text())
def test_the_form_of_look_alikes_is_its_own_form(text: str) -> None:
    assert look_alike(look_alike(text)) == look_alike(text)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1),
)
def test_keys_in_blocks_agree_with_the_form_of_each_text(texts: list[str]) -> None:
    keys = look_alike_keys(np.array(texts))
    alone = [look_alike_keys(np.array([look_alike(text)])).item() for text in texts]
    assert keys.tolist() == alone
