"""The ceiling of selection: what it is chosen by, what it is reported on, and its arithmetic."""

from __future__ import annotations

import sys
from pathlib import Path

import headroom
import numpy as np
import pytest
from numpy.testing import assert_allclose

from acqkit.loading import load_pool
from acqkit.testing import make_pool
from suite.headroom.candidates import Batch, first_candidates, swapped
from suite.headroom.curves import Effort, Round, Search, search
from suite.headroom.scene import Scene, retrieval
from suite.headroom.tables import Findings, jackknife


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    pool = make_pool(200, 3, seed=1)
    batch = pool.batch(np.arange(len(pool)))
    path = tmp_path_factory.mktemp("pool") / "tiny.npz"
    np.savez(
        path,
        modality_a=batch.a,
        modality_b=batch.b,
        labels=pool.truth,  # type: ignore[arg-type] # a made pool has truth
        split=np.where(np.arange(200) % 4 == 0, "test", "train"),
        class_names=np.array(pool.class_names),
    )
    return str(path)


@pytest.fixture(scope="module")
def scene(source: str) -> Scene:
    return Scene.of(source, seed=0, most=100, steps=5)


def test_a_draw_has_three_parts_of_the_train_pairs_and_no_test_pair(source: str) -> None:
    train = set(load_pool(source).ids[load_pool(source).train_positions].tolist())
    drawn = [Scene.of(source, seed, 100, 5) for seed in (0, 0, 1)]
    parts = [[set(p.ids.tolist()) for p in (s.pool, s.choosing, s.reporting)] for s in drawn]
    assert parts[0] == parts[1] != parts[2]
    assert [len(part) for part in parts[0]] == [60, 20, 20]
    assert len(set.union(*parts[0])) == 100
    assert set.union(*parts[0]) <= train


def test_candidates_can_be_asked_for_and_plain_coverage_comes_first(scene: Scene) -> None:
    before = [np.array([3, 8, 40])]
    context = scene.context(scene.trained(before, "train"), before)
    found = list(first_candidates(scene, context, 6, 2, np.random.default_rng(0)))
    for batch in found:
        assert len(np.unique(batch.positions)) == 6
        assert set(batch.positions) <= set(context.candidates)
    assert found[0].kind == "coverage"
    assert {batch.kind for batch in found} >= {"perturbed coverage", "random", "ascmr+density"}


def test_a_swap_keeps_three_quarters_of_a_batch() -> None:
    best, donor = np.arange(8), np.arange(6, 14)
    new = swapped(best, donor, np.random.default_rng(0))
    assert len(np.unique(new)) == 8
    assert len(np.intersect1d(new, best)) == 6
    assert set(new) <= {*best.tolist(), *donor.tolist()}


def test_the_best_of_all_that_was_tried_is_taken(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = [Batch(f"kind {i}", np.arange(4 * i, 4 * i + 4)) for i in range(4)]
    monkeypatch.setattr("suite.headroom.curves.first_candidates", lambda *_: iter(batches))
    picked, how = search(scene, scene.unlabeled_model, [], 4, Effort(swaps=0, finalists=4))
    assert how is not None
    means = [
        np.mean(
            [
                retrieval(scene.trained([batch.positions], purpose), scene.choosing)
                for purpose in ("choose", "choose again")
            ]
        )
        for batch in batches
    ]
    best = int(np.argmax(means))
    assert picked.tolist() == batches[best].positions.tolist()
    assert (how.kind, how.tried) == (f"kind {best}", 4)
    assert_allclose([how.chosen, how.plain], [means[best], means[0]])
    plain = scene.trained([batches[0].positions], "train")
    assert_allclose(how.plain_reported, retrieval(plain, scene.reporting))


def test_a_share_is_of_the_sums_and_its_error_is_the_jackknifes() -> None:
    def rounds(*values: float) -> list[Round]:
        how = Search(tried=9, kind="swaps", chosen=0.6, plain=0.5, plain_reported=0.5)
        return [Round(labels=i, map=v, picked=[], search=how) for i, v in enumerate(values)]

    block = {
        "random": rounds(0.1, 0.2, 0.3),
        "random 2": rounds(0.1, 0.4, 0.5),
        "ceiling": rounds(0.1, 0.5, 0.8),
        "half": rounds(0.1, 0.4, 0.6),
        "all labels": rounds(0.9),
    }
    other = block | {"half": rounds(0.1, 0.5, 0.8)}
    done = {("p", 0): block, ("p", 1): other, ("q", 0): {"random": rounds(0.0, 0.0, 0.0)}}
    found = Findings.of(done, list(block), (0.1, 0.2))
    assert found.blocks == [("p", 0), ("p", 1)]
    assert_allclose(found.maps["random"], [[0.3, 0.4]] * 2)
    share = found.share("half")
    # (0.1 + 0.2 + 0.2 + 0.4) / (2 · 0.6), and leaving one block out gives 0.5 and 1.
    assert_allclose(share.mean, 0.75)
    assert share.error is not None
    assert_allclose(share.error, np.sqrt(0.5 * (0.25**2 + 0.25**2)))
    assert_allclose(found.share("half", rows=[0], budgets=[1]).mean, 0.5)
    assert jackknife(np.array([1.0]), np.array([4.0])).error is None


def run_quick(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    out = folder / "table.md"
    flags = ["--quick", "--pools", source, "--strategies", "coverage,margin+top"]
    places = ["--pieces", str(folder / "pieces"), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["headroom.py", *flags, *places])
    headroom.main()
    return out.read_text(encoding="utf-8")


def test_an_interrupted_study_goes_on_and_ends_with_the_same_table(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_quick(source, tmp_path, monkeypatch)
    assert "| margin+top |" in whole and "| tiny, 20% |" in whole
    (file,) = (tmp_path / "pieces").glob("tiny-0-ceiling-*.json")
    piece = headroom.Piece.model_validate_json(file.read_text(encoding="utf-8"))
    assert [done.labels for done in piece.rounds] == [0, 4, 18]
    begun = piece.model_copy(update={"rounds": piece.rounds[:1], "seconds": None})
    file.write_text(begun.model_dump_json(), encoding="utf-8")
    trained: list[int] = []
    plain = Scene.trained
    monkeypatch.setattr(Scene, "trained", lambda *a: trained.append(len(a[1])) or plain(*a))  # type: ignore[func-returns-value]
    assert run_quick(source, tmp_path, monkeypatch) == whole
    assert trained.count(0) == 0 and len(trained) > 5
    trained.clear()
    assert run_quick(source, tmp_path, monkeypatch) == whole
    assert not trained
