"""Which one should I use, how sure is that, what does it cost: in words."""

from __future__ import annotations

from dataclasses import dataclass

from suite.statistics import ALPHA, Ranks, Versus, versus
from suite.study import Study
from suite.tables import Labels, estimate, largest, p_equals, seconds

_FEW_SEEDS = 5


@dataclass(frozen=True)
class Answer:
    """Three sentences or so, one for each question."""

    use: str
    sure: str
    cost: str


def answer(study: Study, ranks: Ranks | None, labels: Labels) -> Answer:
    """What the suite found."""
    if ranks is None:
        return Answer(
            f"Nothing can be compared yet: fewer than two {_many(study)} have finished in the same "
            f"settings and seeds as {study.reference}.",
            "Look below at what failed or is missing.",
            "",
        )
    best = ranks.rivals[0]
    against = None if best == study.reference else versus(study, best)
    return Answer(
        _use(study, ranks, against), _sure(study, ranks, against), _cost(study, best, labels)
    )


def _many(study: Study) -> str:
    return {"strategy": "strategies"}.get(study.what, f"{study.what}s")


def _use(study: Study, ranks: Ranks, against: Versus | None) -> str:
    best, rank = ranks.rivals[0], f"mean rank ({ranks.mean[0]:.1f} of {len(ranks.rivals)})"
    if against is None:
        return f"Stay with {best}: nothing here has a better {rank}."
    if against.wilcoxon >= ALPHA:
        return (
            f"{best} has the best {rank}, but is not shown to be better than {study.reference}: "
            f"this may be chance."
        )
    return f"Use {best}: it has the best {rank}."


def _sure(study: Study, ranks: Ranks, against: Versus | None) -> str:
    sentences = []
    figure = f"mean {study.metric} along the curve" if study.has_curves else study.metric
    if against is not None:
        blocks = against.wins + against.losses
        sentences.append(
            f"Paired over {ranks.blocks} blocks (settings × seeds), its {figure} is "
            f"{estimate(against.difference, sign=True)} over {study.reference}, higher in "
            f"{against.wins} of {blocks} (Wilcoxon {p_equals(against.wilcoxon)}, sign test "
            f"{p_equals(against.sign)})."
        )
    tied = ranks.tied_first()[1:]
    if tied:
        sentences.append(f"Not told apart from it: {', '.join(tied)}.")
    else:
        sentences.append("It differs significantly from all others.")
    seeds = len({seed for _, seed in study.blocks()})
    if seeds < _FEW_SEEDS:
        sentences.append(
            f"{seeds} {'seed is' if seeds == 1 else 'seeds are'} few: run {_FEW_SEEDS} or more "
            f"before believing it."
        )
    return " ".join(sentences)


def _cost(study: Study, best: str, labels: Labels) -> str:
    setting, pairs = largest(study)
    found = seconds(study, best, setting)
    sentences = []
    ratio = labels.ratio(best) if study.has_curves else None
    if ratio is not None and best != study.reference:
        sentences.append(
            f"It needs {ratio:.2f} labels for each of {study.reference}’s to reach the same "
            f"{study.metric}."
        )
    if found is not None and study.what != "strategy":
        sentences.append(_training(study, best, setting, found["train"]))
    elif found is not None:
        choosing = found["score"] + found["allocate"]
        sentences.append(
            f"Choosing a batch on {setting} ({pairs:,} train pairs) takes {choosing:.2g} s"
            f"{_beside_training(choosing, found['train'])}."
        )
    return " ".join(sentences)


def _beside_training(choosing: float, training: float) -> str:
    if training == 0:
        return ""
    share = choosing / training
    part = f"{share:.0%} of" if share < 2 else f"{share:,.0f} times"
    return f", {part} that round’s training"


def _training(study: Study, best: str, setting: str, own: float) -> str:
    pairs = largest(study)[1]
    sentence = f"A training on {setting} ({pairs:,} train pairs) takes {own:.2g} s"
    reference = seconds(study, study.reference, setting)
    if best == study.reference or reference is None or reference["train"] == 0:
        return f"{sentence}."
    return f"{sentence}, {own / reference['train']:.1f} times that of {study.reference}."
