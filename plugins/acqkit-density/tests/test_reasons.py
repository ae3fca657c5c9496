from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from acqkit_density import Density
from acqkit_density.constrained import Rule
from acqkit_density.coverage import CoverageForm
from acqkit_density.neighbors import pair_points
from acqkit_density.sample import SampleSizes
from acqkit_density.view import PoolView, ViewParameters
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from acqkit import RoundContext, Scores
from acqkit.embeddings import Float64Array, IntArray
from acqkit.loading import load_pool
from acqkit.models import TwoTower
from acqkit.selection import score_candidates
from acqkit.strategies import Entropy
from acqkit.testing import make_context, make_embeddings, make_pool

PICKS = 30


@pytest.fixture(scope="module")
def glyphs() -> tuple[RoundContext, Scores]:
    """A round on glyphs: fifty labels, ten pairs that wait for an answer, scores with a term."""
    pool = load_pool("glyphs")
    pool = pool.take(pool.train_positions[::3])
    assert pool.truth is not None
    rows = np.random.default_rng(0).permutation(len(pool))
    pool = pool.with_labels(pool.labels.with_answers(rows[:50], pool.truth[rows[:50]], 0))
    model = TwoTower().build(pool, "cpu")
    model.fit(pool, 0)
    embeddings = model.embed(pool.batch(np.arange(len(pool))))
    candidates = np.setdiff1d(pool.labels.unlabeled, rows[50:60])
    context = RoundContext(1, 0, pool, embeddings, candidates, model)
    scores = score_candidates(Entropy(), context)
    return context, Scores(scores.values, {"entropy": scores.values}, {"entropy": "It is unsure."})


def steps(value: Any, rows: IntArray) -> Float64Array:
    """What each pick adds to a value of the picks so far."""
    return np.diff([value(rows[:count]) for count in range(len(rows) + 1)])


@pytest.mark.parametrize(
    "allocator",
    [
        Density(),
        Density(form="both", regions=9),
        Density(constraints=(Rule(by="predicted", at_most=6),)),
    ],
)
def test_on_glyphs_utility_and_coverage_add_up_to_what_a_pick_adds_to_the_objective(
    glyphs: tuple[RoundContext, Scores], allocator: Density
) -> None:
    context, scores = glyphs
    selection = allocator.allocate(scores, context, PICKS)
    gains = selection.record["gains"]
    view = PoolView.of(context, ViewParameters(PICKS, allocator.regions))
    utilities = view.utilities(scores)
    rows = np.argsort(view.order)[selection.positions]
    assert view.kernel is not None
    covers = view.kernel.covers.astype(np.float64)
    weights = np.sqrt(utilities)
    weights *= 16 * PICKS / weights.sum()

    def covered(picks: IntArray) -> Float64Array:
        among = np.concatenate([view.covering, picks])
        return np.asarray(covers[among].max(axis=0).todense()).ravel()

    def objective(picks: IntArray) -> float:
        return float(utilities[picks].sum() + weights @ covered(picks))

    assert_allclose(gains["gain"], steps(objective, rows), atol=1e-6)
    parts = np.array(gains["utility"]) + np.array(gains["coverage"])
    assert_allclose(parts, gains["gain"], atol=1e-6)
    assert_allclose(gains["utility"], utilities[rows])
    near = steps(lambda picks: np.count_nonzero(covered(picks) >= 0.5), rows)
    before = [covered(rows[:count])[row] >= 0.5 for count, row in enumerate(rows)]
    # A pick is no pair that it covers.
    assert gains["newly_covered"] == (near - ~np.array(before)).tolist()


@pytest.mark.parametrize("constraints", [(), (Rule(by="predicted", at_most=6),)])
def test_on_glyphs_utility_and_density_add_up_to_what_a_pick_adds_to_regions(
    glyphs: tuple[RoundContext, Scores], constraints: tuple[Rule, ...]
) -> None:
    context, scores = glyphs
    allocator = Density(form="regions", regions=12, weight=5, constraints=constraints)
    selection = allocator.allocate(scores, context, PICKS)
    gains = selection.record["gains"]
    view = PoolView.of(context, ViewParameters(PICKS, 12))
    utilities, rows = view.utilities(scores), np.argsort(view.order)[selection.positions]
    settled = np.bincount(view.region[view.covering], minlength=len(view.sizes))
    target = view.sizes / view.sizes.sum()

    def objective(picks: IntArray) -> float:
        counts = settled + np.bincount(view.region[picks], minlength=len(view.sizes))
        divergence = ((counts / (settled.sum() + PICKS) - target) ** 2 / target).sum()
        return float(utilities[picks].sum() - 5 * PICKS * divergence)

    assert_allclose(gains["gain"], steps(objective, rows), atol=1e-6)
    parts = np.array(gains["utility"]) + np.array(gains["density"])
    assert_allclose(parts, gains["gain"], atol=1e-6)
    assert "newly_covered" not in gains


def test_reasons_name_the_nearest_labeled_pair_and_differ_as_the_picks_do(
    glyphs: tuple[RoundContext, Scores],
) -> None:
    context, scores = glyphs
    selection = Density().allocate(scores, context, PICKS)
    gains, reasons = selection.record["gains"], selection.record["reasons"]
    labeled = context.pool.labels.labeled
    points = pair_points(context.embeddings.content())
    apart = cdist(points[selection.positions], points[labeled])
    assert_allclose(gains["distance"], apart.min(axis=1), atol=1e-5)
    assert gains["nearest_labeled"] == [
        str(context.pool.ids[labeled[which]]) for which in apart.argmin(axis=1)
    ]
    assert len(set(reasons)) == PICKS
    pattern = re.compile(
        r"(?:Covers ([\d,]+) similar pairs? that no labeled or picked pair covered|All .*)\. "
        r"The nearest labeled pair is (.+) \(distance (\d\.\d\d)\)\. "
        r"(\d+)% of its gain is coverage, (\d+)% its own informativeness\.( It is unsure\.)?"
    )
    for pick, reason in enumerate(reasons):
        found = pattern.fullmatch(reason)
        assert found, reason
        count, name, distance, covering, own, unsure = found.groups()
        assert int((count or "0").replace(",", "")) == gains["newly_covered"][pick]
        assert name == gains["nearest_labeled"][pick]
        assert float(distance) == pytest.approx(gains["distance"][pick], abs=0.006)
        share = gains["coverage"][pick] / gains["gain"][pick]
        assert int(covering) == 100 - int(own) == pytest.approx(100 * share, abs=0.51)
        assert bool(unsure) == (gains["utility"][pick] > gains["coverage"][pick])


def test_before_the_first_label_there_is_no_nearest() -> None:
    pool = make_pool(120)
    context = make_context(pool, make_embeddings(pool))
    scores = Scores(np.random.default_rng(0).random(120).astype(np.float32))
    record = Density().allocate(scores, context, 5).record
    assert set(record["gains"]) == {"gain", "utility", "coverage", "newly_covered"}
    assert all(" No pair has a label yet. " in reason for reason in record["reasons"])


def test_reasons_of_regions_say_what_the_region_has_and_should_have() -> None:
    pool = make_pool(200, labeled=20)
    context = make_context(pool, make_embeddings(pool))
    scores = Scores(np.random.default_rng(0).random(200).astype(np.float32))
    record = Density(form="regions", regions=5).allocate(scores, context, 25).record
    table = {row["region"]: row for row in record["allocation"]}
    for reason in record["reasons"]:
        found = re.match(
            r"One of (\d+) picks from region (\d+) \((\d+) pairs\), whose share of labels is "
            r"(\d+\.\d) and which has (\d+)\. The nearest labeled pair is ",
            reason,
        )
        assert found, reason
        picked, region, size, share, labels = found.groups()
        row = table[int(region)]
        assert [int(picked), int(size), int(labels)] == [row["picked"], row["size"], row["labels"]]
        assert float(share) == pytest.approx(45 * row["target"], abs=0.06)


def test_of_a_sample_what_is_covered_is_an_estimate_for_the_pool() -> None:
    class Sampling(Density):
        sizes: ClassVar[SampleSizes] = SampleSizes(whole=0)

    pool = make_pool(4000, 8, labeled=10)
    context = make_context(pool, make_embeddings(pool))
    scores = score_candidates(Entropy(), context)
    form = Density().objective()
    assert isinstance(form, CoverageForm)
    estimates, counts = [], []
    for seed in range(4):
        drawn = replace(context, seed=seed)
        selection = Sampling().allocate(scores, drawn, 10)
        assert all(reason.startswith("Covers about ") for reason in selection.record["reasons"])
        estimates.append(sum(selection.record["gains"]["newly_covered"]))
        k = 4000 // 40
        view = PoolView.of(drawn, ViewParameters(10, neighbors=k))
        rows = np.argsort(view.order)[selection.positions]
        newly = form.gains(view, view.utilities(scores), rows).newly_covered
        assert newly is not None
        counts.append(newly.sum())
    assert_allclose(sum(estimates), sum(counts), rtol=0.15)


def test_every_allocation_says_as_many_reasons_as_it_picks() -> None:
    pool = make_pool(90, labeled=9)
    context = make_context(pool, make_embeddings(pool))
    scores = score_candidates(Entropy(), context)
    for form, n in itertools.product(("regions", "coverage", "both"), (1, 7)):
        record = Density(form=form).allocate(scores, context, n).record
        assert len(record["reasons"]) == n
        assert {len(column) for column in record["gains"].values()} == {n}
