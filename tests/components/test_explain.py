"""Errors of pydantic as one sentence that somebody still reads."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from acqkit.components.explain import explain


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = 0
    kind: Literal["one", "another"] = "one"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rounds: list[Inner] = []
    figures: dict[str, float] = {}
    inner: Inner = Inner()


def said(brought: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Outer.model_validate(brought)
    return explain(refused.value, Outer)


TEXT = st.builds(lambda piece, times: "x" + piece * times, st.text(max_size=8), st.integers(0, 60))
BAD = st.one_of(TEXT, st.lists(TEXT, min_size=1, max_size=3), st.none())


@given(st.dictionaries(TEXT, BAD, min_size=1, max_size=3), BAD, BAD)
def test_a_sentence_is_short_whatever_is_wrong(figures: Any, count: Any, kind: Any) -> None:
    inner = {"count": count, "kind": kind}
    for wrong in (
        {"figures": figures, "inner": inner, "rounds": [inner, inner]},
        {"inner": {**inner, **figures}},
    ):
        sentence = said(wrong)
        assert len(sentence) <= 300 and "\n" not in sentence and "more of this kind" in sentence


def test_two_errors_are_named_and_the_rest_counted() -> None:
    wrong = {"count": "x", "kind": "other"}
    assert said({"inner": wrong, "rounds": [wrong]}) == (
        "rounds.0.count: Input should be a valid integer, unable to parse string as an integer, "
        "got 'x'; rounds.0.kind: Input should be 'one' or 'another', got 'other'; and 2 more of "
        "this kind"
    )
    assert said({"inner": {"cuont": 1}}) == "unknown key 'inner.cuont'; did you mean 'count'?"
