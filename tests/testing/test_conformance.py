"""The kit catches what is broken on purpose, by the right check, and passes what is sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import broken
import numpy as np
import pytest

from acqkit.embeddings import PairEmbeddings
from acqkit.interfaces import Component, PairBatch, Pool
from acqkit.testing import (
    Check,
    ConformanceError,
    LinearPairModel,
    checks,
    conformance_test,
    parametrize_with_checks,
)

test_sound = conformance_test(broken.Sound())
test_sound_random = conformance_test(broken.SoundRandom())

# (component, the check that must catch it, words of the message)
CAUGHT: list[tuple[Component, str, str]] = [
    # The six of the project's promise.
    (broken.SubsetPositions(), "index_space", "positions in the pool"),
    (broken.Repeats(), "distinct_picks", "must be distinct"),
    (broken.GlobalSeed(), "global_random_state_untouched", "numpy.random"),
    (broken.NaNScorer(), "no_nan", "probabilities of exactly 0"),
    (broken.PadsWithRepeats(), "over_asking", "made up 3 picks"),
    (broken.ConstantSeed(), "seed_is_honored", "blind to the seed"),
    # Variants of these.
    (broken.PicksIds(), "index_space", "in a pool of 90 pairs"),
    (broken.GlobalDraw(), "global_random_state_untouched", "torch"),
    (broken.GlobalDraw(), "global_random_state_unused", "depends on the global random state"),
    (broken.SilentNaN(), "zero_is_the_limit", "becomes 0"),
    (broken.ZeroVectorNaN(), "no_nan", "zero vectors"),
    (broken.WholeClusters(), "exact_count", "when asked for"),
    (broken.StopsShort(), "exact_count", "when asked for"),
    (broken.ConstantHash(), "seed_is_honored", "renaming the pairs"),
    (broken.FreshEntropy(), "same_seed_same_picks", "context.rng()"),
    # And more.
    (broken.Silences(), "global_settings_untouched", "numpy.seterr"),
    (broken.ClaimsToNeedNothing(), "nothing_embedded", "yet"),
    (broken.Remembers(), "no_memory", "remembers earlier calls"),
    (broken.FirstCome(), "permuting_the_pool", "order of the pool"),
    (broken.FirstOffered(), "order_of_candidates", "order of context.candidates"),
    (broken.OneSided(), "swapping_the_modalities", "treats the modalities differently"),
    (broken.OneSided(), "missing_modality", "rows of absent pairs"),
    (broken.BlockRank(), "block_size", "depend on the block size"),
    (broken.Writes(), "inputs_not_mutated", "changed context.embeddings.a.mean"),
    (broken.EveryUnlabeled(), "candidates_only", "not in context.candidates"),
    (broken.NeedsModel(), "no_model", "AssertionError"),
    (broken.NumpyRecord(), "plain_record", "not JSON"),
    (broken.WrongLength(), "score_shape", "finite numbers"),
    (broken.Forgets(), "parameters_roundtrip", "through JSON"),
    (broken.WorstAllocator(), "index_space", "labeled pairs"),
]


@pytest.mark.parametrize(
    ("component", "name", "words"),
    CAUGHT,
    ids=[f"{type(component).__name__}-{name}" for component, name, _ in CAUGHT],
)
def test_broken_component_is_caught_by_the_right_check(
    component: Component, name: str, words: str
) -> None:
    with np.errstate(), pytest.raises(ConformanceError) as caught:
        _check(component, name)(component)
    assert words in str(caught.value)
    assert type(component).__name__ in str(caught.value)


def _check(component: Component, name: str) -> Check:
    (check,) = [check for check in checks(component) if check.name == name]
    return check


def test_seed_blindness_alone_is_what_is_wrong_with_a_constant_hash() -> None:
    """The subtle case: nothing but the seed check can see it."""
    failed = _failing(broken.ConstantHash())
    assert failed == {"seed_is_honored"}


def _failing(component: Component) -> set[str]:
    failed = set()
    for check in checks(component):
        try:
            check(component)
        except AssertionError:
            failed.add(check.name)
    return failed


def test_asymmetric_component_is_spared_the_swap() -> None:
    names = {check.name for check in checks(broken.OneSidedAndSaysSo())}
    assert "swapping_the_modalities" not in names
    assert "permuting_the_pool" in names


def test_component_without_need_of_embeddings_is_tried_without() -> None:
    names = {check.name for check in checks(broken.ClaimsToNeedNothing())}
    assert names - {check.name for check in checks(broken.Sound())} == {"nothing_embedded"}


def test_every_check_says_what_it_is_about() -> None:
    for check in checks(broken.NaNScorer()):
        assert check.about.endswith("."), check.name


def _cases(mark: pytest.MarkDecorator) -> Sequence[object]:
    cases = mark.args[1]
    assert isinstance(cases, list)
    return cases


def test_ids_name_component_and_check() -> None:
    ids = [getattr(case, "id", None) for case in _cases(parametrize_with_checks([broken.Sound()]))]
    assert "Sound-permuting_the_pool" in ids
    named = parametrize_with_checks({"mine": broken.Sound()})
    assert getattr(_cases(named)[0], "id", None) == "mine-exact_count"


def test_expected_failure_is_strict_and_carries_its_reason() -> None:
    reason = "looks at the image alone, by design"
    mark = parametrize_with_checks(
        {"one": broken.OneSided()},
        expected_failures={"one": {"swapping_the_modalities": reason}},
    )
    (marks,) = [
        getattr(case, "marks", ())
        for case in _cases(mark)
        if getattr(case, "id", "") == "one-swapping_the_modalities"
    ]
    assert [(m.name, m.kwargs) for m in marks] == [("xfail", {"reason": reason, "strict": True})]


test_one_sided_with_reasons = conformance_test(
    broken.OneSided(),
    expected_failures={
        "swapping_the_modalities": "looks at modality a alone",
        "missing_modality": "reads absent rows",
    },
)


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"swapping_the_modalitys": "why"}, "did you mean 'swapping_the_modalities'?"),
        ({"no_nan": " "}, "needs a reason"),
    ],
)
def test_expected_failure_must_be_known_and_have_a_reason(
    expected: dict[str, str], words: str
) -> None:
    with pytest.raises(TypeError) as caught:
        conformance_test(broken.Sound(), expected_failures=expected)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (broken.Sound, "write Sound()"),
        (object(), "subclass of acqkit.Component"),
        (Component(), "has 0 of the methods"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_words(subject: Component, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        conformance_test(subject)
    assert words in str(caught.value)


class StepModel:
    """A model that moves by the labels it sees; with a negative seed it starts from where it is."""

    def __init__(self, pool: Pool) -> None:
        self.base = LinearPairModel.for_pool(pool)
        self.shift = np.float32(0)

    def fit(self, pool: Pool, seed: int) -> None:
        start = self.shift if seed < 0 else np.float32(0)
        self.shift = start + np.float32(len(pool.labels.labeled) + 1)

    def embed(self, batch: PairBatch) -> PairEmbeddings:
        embeddings = self.base.embed(batch)
        return replace(embeddings, a=replace(embeddings.a, mean=embeddings.a.mean + self.shift))


class StepFactory(Component):
    """Builds a `StepModel`."""

    def build(self, pool: Pool, device: str) -> StepModel:
        return StepModel(pool)


class PlainTrainer(Component):
    """Nothing wrong here."""

    def fit(self, model: StepModel, pool: Pool, seed: int) -> None:
        model.fit(pool, seed)


test_plain_trainer = conformance_test(PlainTrainer(), model=StepFactory())


@pytest.mark.parametrize(
    ("trainer", "name"),
    [
        (broken.GlobalTrainer(), "global_random_state_untouched"),
        (broken.WarmTrainer(), "trains_from_scratch"),
    ],
)
def test_broken_trainer_is_caught(trainer: Component, name: str) -> None:
    (check,) = [check for check in checks(trainer, model=StepFactory()) if check.name == name]
    with pytest.raises(ConformanceError):
        check(trainer)
