"""The lead of the best over each of the others, setting by setting."""

from __future__ import annotations

from suite.statistics import Ranks, versus
from suite.study import Study
from suite.tables import NOTHING, TableText, estimate, p_value


def lead_table(study: Study, ranks: Ranks) -> TableText:
    """The best by mean rank minus every other, paired over seeds, and over all settings.

    Stressed is where the best is behind by more than a standard error.
    """
    best, others = ranks.rivals[0], ranks.rivals[1:]
    rows, behind = [], set()
    for i, other in enumerate(others):
        found = versus(study, best, other)
        assert found is not None  # the ranked ones are in every block
        cells = []
        for j, setting in enumerate(study.settings, start=1):
            lead = found.by_setting.get(setting)
            cells.append(NOTHING if lead is None else estimate(lead, sign=True))
            if lead is not None and lead.mean < -(lead.error or 0.0):
                behind.add((i, j))
        corrected = p_value(float(ranks.against_first[i + 1]))
        row = [other, *cells, estimate(found.difference, sign=True), corrected]
        rows.append([*row, f"{found.wins}–{found.losses}"])
    return TableText(
        f"Lead of {best}",
        f"What {best}, the best by mean rank, has over each of the others: mean difference ± "
        f"standard error, paired over seeds, and over all settings with Wilcoxon’s p, "
        f"Holm-corrected. Bold where {best} is behind by more than a standard error.",
        [study.what.capitalize(), *study.settings, "all", "p", "wins–losses"],
        rows,
        behind,
    )
