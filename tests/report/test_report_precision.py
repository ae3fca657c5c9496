"""Precision of pseudo-labels: lines and the sentence above them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from report_data import make_run, precision

from acqkit.report.data import Precision
from acqkit.report.precision import precision_lines, precision_sentence


def test_lines_are_means_with_standard_errors() -> None:
    rows = np.random.default_rng(0).random((4, 3))
    made = Precision(coverages=[0.1, 0.5, 1], classifier=rows.tolist())
    lines = precision_lines(made)
    assert lines["coverages"] == [0.1, 0.5, 1]
    assert lines["pseudo_labels"] == {"mean": [], "error": [], "seeds": 0}
    assert lines["classifier"]["seeds"] == 4
    assert_allclose(lines["classifier"]["mean"], rows.mean(axis=0), atol=1e-5)
    assert_allclose(lines["classifier"]["error"], rows.std(axis=0, ddof=1) / 2, atol=1e-5)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (
            {"pseudo_labels", "classifier"},
            "The most confident half of the pseudo-labels is 96.0% right (classifier 90.0%).",
        ),
        ({"pseudo_labels"}, "The most confident half of the pseudo-labels is 96.0% right."),
        ({"classifier"}, "The most confident half of the classifier’s labels is 90.0% right."),
    ],
)
def test_the_sentence_is_about_the_more_confident_half(kept: set[str], said: str) -> None:
    made = precision()
    some = made.model_copy(update={key: [] for key in {"pseudo_labels", "classifier"} - kept})
    assert precision_sentence([make_run("x", precision=some)]) == said


def test_the_sentence_speaks_of_the_first_strategy_with_pseudo_labels() -> None:
    own = precision().model_copy(update={"pseudo_labels": []})
    runs = [make_run("plain"), make_run("a", precision=own), make_run("b", precision=precision())]
    assert precision_sentence(runs).startswith("With b, the most confident half of the pseudo-l")
    assert precision_sentence(runs[:2]).startswith("With a, the most confident half of the class")
    assert precision_sentence(runs[:1]) == ""
    rare = precision().model_copy(update={"coverages": [0.1, 0.2, 0.3]})
    assert precision_sentence([make_run("a", precision=rare)]) == ""
