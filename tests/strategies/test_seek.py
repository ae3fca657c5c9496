"""Seek: what is like the examples, unlike the others, and not alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scenarios import blobs, context_of

from acqkit import PairPool
from acqkit.errors import ConfigError
from acqkit.interfaces import ItemKind, RoundContext
from acqkit.neighbors import unit
from acqkit.pool.built import EncoderAbout
from acqkit.pool.features import ArrayFeatures
from acqkit.selection import select
from acqkit.strategies import MaxHerding, Seek

LETTERS = "import numpy as np\ndef f(items): return [[t.count(c) for c in 'abcdef'] for t in items]"


def test_likeness_is_to_examples_less_half_of_that_to_others() -> None:
    x = blobs(300, 6)
    context = context_of(x, labeled=range(40))
    labels = context.pool.labels
    has = labels.matrix[:40, 2] > 0
    z = unit(x).astype(np.float64)
    selection = select(Seek(class_name="class2"), context, 10)
    wanted = z[selection.positions] @ z[:40].T
    likeness = wanted[:, has].max(axis=1) - 0.5 * wanted[:, ~has].max(axis=1).clip(0)
    assert selection.scores is not None
    np.testing.assert_allclose(selection.scores, likeness, atol=1e-5)
    everywhere = z[40:] @ z[:40].T
    all_of_them = everywhere[:, has].max(axis=1) - 0.5 * everywhere[:, ~has].max(axis=1).clip(0)
    assert likeness.min() > np.median(all_of_them)
    assert selection.positions[0] == 40 + all_of_them.argmax()


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_cluster_is_found_from_one_example(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rare = 8 + rng.standard_normal((12, 6)).astype(np.float32)
    x = np.concatenate([blobs(600, 5, seed=seed), rare])
    picks = select(Seek(examples=(605,)), context_of(x), 8).positions
    assert (picks >= 600).sum() >= 7 and 605 not in picks


def test_copies_of_a_pick_and_of_an_example_come_later() -> None:
    x = blobs(60, 20, d=12)
    copies = np.concatenate([x, np.repeat(x[:1], 30, axis=0)])
    nearest = np.argsort(-(unit(x) @ unit(x)[0]))[1:5]
    picks = select(Seek(examples=(0,)), context_of(copies), 4).positions
    assert set(picks.tolist()) <= set(range(1, 60))
    assert nearest[0] in picks


def test_the_class_with_the_fewest_labels_is_looked_for() -> None:
    x = blobs(200, 4)
    context = context_of(x, labeled=range(30))
    counts = context.pool.labels.matrix.sum(axis=0)
    rarest = context.pool.class_names[int(counts.argmin())]
    assert (counts > 0).all() and (counts == counts.min()).sum() == 1
    picks = select(Seek(), context, 9).positions
    assert picks.tolist() == select(Seek(class_name=rarest), context, 9).positions.tolist()


def test_before_any_example_it_covers() -> None:
    context = context_of(blobs(200, 4))
    for strategy in (Seek(), Seek(class_name="class1")):
        picks = select(strategy, context, 5).positions.tolist()
        assert picks == select(MaxHerding(), context, 5).positions.tolist()


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Seek(examples=(3, 999)), r"example 999, which is no id of a pair"),
        (Seek(class_name="clas1"), r"class_name 'clas1'.*did you mean 'class1'"),
    ],
)
def test_what_the_pool_does_not_have_is_refused(strategy: Seek, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        select(strategy, context_of(blobs(20, 2)), 3)


def with_encoders(context: RoundContext, **kinds: ItemKind) -> RoundContext:
    """The context of a pool whose modalities were encoded by counting letters, `[n, 6]` each."""
    record = {"name": "callable", "params": {"model": "letters_of_seek:f"}}
    encoders = {
        name: EncoderAbout(record=record, version={}, kind=kind, width=6)
        for name, kind in kinds.items()
    }
    pool = context.pool
    assert isinstance(pool, PairPool)
    a = ArrayFeatures(pool.batch(np.arange(len(pool))).a[:, :6])
    return replace(context, pool=replace(pool, features=(a, pool.features[1]), encoders=encoders))


@pytest.mark.filterwarnings("ignore:the encoder callable is not as it was")
def test_a_text_is_compared_with_the_features_of_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("acqkit_encoders", reason="acqkit-encoders is missing")
    (tmp_path / "letters_of_seek.py").write_text(LETTERS)
    monkeypatch.chdir(tmp_path)
    plain = context_of(blobs(200, 5, d=6))
    features = plain.pool.batch(np.arange(200))
    cosines = [unit(x[:, :6])[:, 0] for x in (features.a, features.b)]
    texts = with_encoders(plain, text="text")
    seek = Seek(text="aaa")
    picked = select(seek, texts, 6)
    assert picked.scores is not None and picked.positions[0] == cosines[1].argmax()
    np.testing.assert_allclose(picked.scores, cosines[1][picked.positions], atol=1e-5)
    dual = select(seek, with_encoders(plain, image="image", text="text"), 6)
    both = (cosines[0] + cosines[1]) / 2
    assert dual.scores is not None
    np.testing.assert_allclose(dual.scores, both[dual.positions], atol=1e-5)
    named = Seek(text="aaa", class_name="class1")
    assert select(named, texts, 6).positions.tolist() == picked.positions.tolist()
    labeled = context_of(blobs(200, 5, d=6), labeled=range(40))
    by_class = select(Seek(class_name="class1"), labeled, 6).positions.tolist()
    assert select(named, with_encoders(labeled, text="text"), 6).positions.tolist() == by_class
    with pytest.raises(ConfigError, match=r"no encoder of texts recorded.*give examples or a"):
        select(seek, plain, 6)
