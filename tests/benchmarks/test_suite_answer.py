from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studies import SECONDS, flat_study
from suite.answer import Answer, answer
from suite.figures import difference_diagram
from suite.lead import lead_table
from suite.statistics import mean_ranks
from suite.study import Study
from suite.tables import labels_needed


def said(study: Study) -> Answer:
    return answer(study, mean_ranks(study), labels_needed(study))


def ups_and_downs(shift: float) -> list[float]:
    return list(0.4 + shift + 0.01 * np.sin(np.arange(20.0)))


def test_a_clear_winner_is_recommended_with_its_price() -> None:
    words = said(flat_study({"random": ups_and_downs(0), "ours": ups_and_downs(0.1)}))
    assert words.use == "Use ours: it has the best mean rank (1.0 of 2)."
    assert (
        "+0.100 ± 0.000 over random, higher in 20 of 20 (Wilcoxon p < 0.0001, sign test p < 0.0001)"
        in words.sure
    )
    assert "It differs significantly from all others." in words.sure
    assert "takes 0.5 s, 25% of that round’s training" in words.cost


@pytest.mark.parametrize(
    ("training", "said_of_it"),
    [(2.0, "25% of that round’s training."), (0.0125, "40 times that round’s training."), (0, ".")],
)
def test_choosing_may_take_longer_than_training(
    training: float, said_of_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECONDS, "train", training)
    words = said(flat_study({"random": ups_and_downs(0), "ours": ups_and_downs(0.1)}))
    after = words.cost.split("takes 0.5 s")[1]
    assert after.removeprefix(", ") == said_of_it


def test_a_lead_that_may_be_chance_is_called_so() -> None:
    words = said(flat_study({"random": [0.3, 0.4], "ours": [0.35, 0.41]}))
    assert "not shown to be better than random" in words.use
    assert "Not told apart from it: random." in words.sure
    assert "2 seeds are few: run 5 or more" in words.sure


def test_where_the_reference_wins_it_is_recommended() -> None:
    words = said(flat_study({"random": ups_and_downs(0.1), "ours": ups_and_downs(0)}))
    assert words.use == "Stay with random: nothing here has a better mean rank (1.0 of 2)."


def test_a_trainer_s_price_is_its_training() -> None:
    study = flat_study({"random": ups_and_downs(0), "ours": ups_and_downs(0.1)})
    words = said(replace(study, what="trainer", metric="MAP@50"))
    assert "its mean MAP@50 along the curve is +0.100" in words.sure
    assert "1,000 train pairs) takes 2 s, 1.0 times that of random." in words.cost


def test_the_lead_over_each_is_shown_by_pool() -> None:
    ours = [0.5] * 5 + [0.4] * 5
    study = flat_study({"random": [0.3] * 10, "ours": ours, "other": [0.2] * 5 + [0.45] * 5})
    ranks = mean_ranks(study)
    assert ranks is not None and ranks.rivals[0] == "ours"
    table = lead_table(study, ranks)
    assert table.title == "Lead of ours"
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["random"][:3] == ["+0.200 ± 0.000", "+0.100 ± 0.000", "+0.150 ± 0.017"]
    assert rows["random"][-1] == "10–0" and rows["other"][-1] == "5–5"
    assert {(table.rows[i][0], table.columns[j]) for i, j in table.best} == {("other", "pool1")}


def test_nothing_to_compare_is_said() -> None:
    assert said(flat_study({"random": [0.1], "ours": []})).use.startswith("Nothing can be compared")


def test_the_diagram_names_every_rival_safely() -> None:
    ranks = mean_ranks(flat_study({"random": [0.1, 0.2], "<b>": [0.3, 0.4], "c&d": [0.2, 0.3]}))
    assert ranks is not None
    drawn = difference_diagram(ranks)
    assert all(name in drawn for name in ("random (", "&lt;b&gt; (", "c&amp;d ("))
    assert drawn.count('class="group"') == len(ranks.groups)
