"""The built-in pool: what is in it, that its pictures and texts are what they say, its split."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from pydantic import ValidationError
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score

from acqkit.components.registry import registry
from acqkit.datasets.glyphs import Glyphs
from acqkit.datasets.glyphs.classes import CLASSES, base_of, classes_of, text_of
from acqkit.datasets.glyphs.images import picture_features
from acqkit.datasets.glyphs.texts import text_features
from acqkit.interfaces import PoolSource
from acqkit.pool import PairPool


@pytest.fixture(scope="module")
def pool() -> PairPool:
    return Glyphs().load()


def truth_of(pool: PairPool) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    assert pool.truth is not None
    return pool.truth


def test_is_registered_through_the_public_door() -> None:
    source = registry().make("dataset", "glyphs", {"test_share": 0.3})
    assert isinstance(source, Glyphs)
    assert isinstance(source, PoolSource)
    assert source.test_share == 0.3


def test_size_and_columns(pool: PairPool) -> None:
    assert 5_500 < len(pool) < 6_000
    assert pool.name == "glyphs"
    assert pool.modalities == ("image", "text")
    assert pool.dims == (264, 256)
    assert pool.multilabel
    assert pool.ids[pool.position_of(["U+0041"])[0]] == "U+0041"
    assert set(pool.display) == {"image", "text", "name"}


def test_classes_are_many_long_tailed_and_overlap(pool: PairPool) -> None:
    truth = truth_of(pool)
    counts = truth.sum(axis=0)
    assert pool.class_names == CLASSES
    assert counts.min() >= 5
    assert np.count_nonzero(counts >= 20) >= 25
    assert counts.max() > 50 * counts.min()
    assert truth.any(axis=1).all()
    assert 1.3 < truth.sum(axis=1).mean() < 3


@pytest.mark.parametrize(
    ("character", "classes", "text"),
    [
        ("A", {"Latin", "uppercase"}, "CAPITAL LETTER A"),
        ("Α", {"Greek", "uppercase"}, "CAPITAL LETTER ALPHA"),
        ("ё", {"Cyrillic", "lowercase"}, "SMALL LETTER IO"),
        ("ﺙ", {"Arabic", "positional form"}, "LETTER THEH ISOLATED FORM"),
        ("٣", {"Arabic", "number"}, "DIGIT THREE"),
        ("ᒉ", {"Canadian syllabics"}, "CE"),
        ("⠓", {"Braille"}, "DOTS-125"),
        ("≠", {"mathematical", "negated", "relation"}, "NOT EQUAL TO"),
        ("⊏", {"mathematical"}, "SQUARE IMAGE OF"),
        ("⇏", {"mathematical", "arrow"}, "RIGHTWARDS DOUBLE ARROW WITH STROKE"),
        ("🂡", {"playing card"}, "ACE OF SPADES"),
        ("𝔸", {"mathematical", "double-struck", "uppercase"}, "DOUBLE-STRUCK CAPITAL A"),
        ("Ⓜ", {"circled", "Latin", "uppercase"}, "CIRCLED CAPITAL LETTER M"),
        ("☃", {"symbol"}, "SNOWMAN"),
        ("€", {"currency"}, "EURO SIGN"),
    ],
)
def test_classes_and_texts_of_characters(character: str, classes: set[str], text: str) -> None:
    assert set(classes_of(character)) == classes
    assert text_of(character) == text


def test_every_text_says_something_but_not_the_script(pool: PairPool) -> None:
    texts = pool.display["text"]
    assert all(texts)
    words = {word for text in texts for word in text.split()}
    assert not words & {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "BRAILLE", "HEXAGRAM", "CANADIAN"}
    assert {unicodedata.lookup(name) for name in pool.display["name"]} == {
        chr(int(value[2:], 16)) for value in pool.ids
    }


def picture_of(pool: PairPool, character: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    position = pool.position_of([f"U+{ord(character):04X}"])[0]
    return np.asarray(Image.open(io.BytesIO(pool.display["image"][position])))


def test_pictures_show_the_glyphs(pool: PairPool) -> None:
    picture = picture_of(pool, "L")
    assert picture.shape == (32, 32)
    rows, columns = np.nonzero(picture < 128)
    # The stem is the leftmost ink from top to bottom, the foot the lowest from left to right.
    assert np.all(picture[rows.min() : rows.max(), columns.min()] < 128)
    assert np.all(picture[rows.max(), columns.min() : columns.max()] < 128)
    assert np.all(picture[rows.min() : rows.max() - 3, columns.min() + 5 :] == 255)


def test_pictures_keep_size_and_height_of_letters(pool: PairPool) -> None:
    ink = {c: np.nonzero(picture_of(pool, c) < 128)[0] for c in "Ccₒ²."}
    assert ink["C"].min() < ink["c"].min()
    assert abs(int(ink["C"].max()) - int(ink["c"].max())) <= 1
    assert ink["²"].max() < ink["."].min() <= ink["ₒ"].max()


def test_letters_that_look_alike_can_be_told_by_text_alone(pool: PairPool) -> None:
    latin, greek = pool.position_of(["U+0041", "U+0391"])
    batch = pool.batch(np.array([latin, greek]))
    assert_array_equal(batch.a[0], batch.a[1])
    assert batch.b[0] @ batch.b[1] < 0.8


def test_no_picture_is_empty_and_features_are_bounded(pool: PairPool) -> None:
    batch = pool.batch(np.arange(len(pool)))
    for features in (batch.a, batch.b):
        assert features.dtype == np.float32
        assert np.isfinite(features).all()
        assert np.linalg.norm(features, axis=1).min() > 0.1
    assert np.abs(np.linalg.norm(batch.b, axis=1) - 1).max() < 1e-5


def test_both_modalities_tell_the_classes_and_together_more(pool: PairPool) -> None:
    batch, truth = pool.batch(np.arange(len(pool))), truth_of(pool)
    train, test = pool.train_positions, pool.test_positions
    columns = np.flatnonzero((truth[test].sum(axis=0) >= 3) & (truth[train].sum(axis=0) >= 10))

    def quality(features: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
        scores = Ridge(0.3).fit(features[train], truth[train]).predict(features[test])
        return float(
            np.mean([average_precision_score(truth[test, c], scores[:, c]) for c in columns])
        )

    image, text = quality(batch.a), quality(batch.b)
    both = quality(np.concatenate([batch.a, batch.b], axis=1))
    assert 0.4 < image < text < both < 0.95


def test_variants_of_a_letter_are_on_one_side(pool: PairPool) -> None:
    assert pool.test is not None
    assert base_of("Ấ") == base_of("A") == base_of("𝔸") == "A"
    sides: dict[str, set[bool]] = {}
    for value, test in zip(pool.ids, pool.test, strict=True):
        sides.setdefault(base_of(chr(int(value[2:], 16))), set()).add(bool(test))
    assert all(len(both) == 1 for both in sides.values())


def test_split_is_about_a_fifth_of_every_class(pool: PairPool) -> None:
    truth = truth_of(pool)
    share = truth[pool.test_positions].sum(axis=0) / truth.sum(axis=0)
    assert 0.18 < len(pool.test_positions) / len(pool) < 0.22
    assert (np.abs(share - 0.2) < 0.15)[truth.sum(axis=0) >= 20].all()


def test_another_seed_and_share_are_another_split_of_the_same_pairs(pool: PairPool) -> None:
    other = Glyphs(test_share=0.5, split_seed=3).load()
    assert_array_equal(other.ids, pool.ids)
    assert 0.42 < len(other.test_positions) / len(pool) < 0.58
    assert not np.isin(pool.test_positions, other.test_positions).all()


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_share_that_leaves_a_part_empty_is_refused(share: float) -> None:
    with pytest.raises(ValidationError):
        Glyphs(test_share=share)


PRINT = """
import sys, numpy as np
from acqkit.datasets.glyphs import Glyphs
pool = Glyphs().load()
batch = pool.batch(np.arange(len(pool)))
np.savez(sys.argv[1], batch.a, batch.b, pool.truth, pool.test)
"""


def test_every_process_makes_the_same_pool(pool: PairPool, tmp_path: Path) -> None:
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"  # another one than here
    subprocess.run(
        [sys.executable, "-c", PRINT, tmp_path / "made.npz"],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    batch = pool.batch(np.arange(len(pool)))
    with np.load(tmp_path / "made.npz") as made:
        for name, part in zip(made, (batch.a, batch.b, pool.truth, pool.test), strict=True):
            assert_array_equal(made[name], part)


def test_a_picture_moved_is_other_features_and_a_blank_one_is_zero() -> None:
    pictures = np.zeros((3, 32, 32), dtype=np.uint8)
    pictures[1, 8:12, 8:24] = 255
    pictures[2] = pictures[1].T
    blank, bar, turned = picture_features(pictures)
    assert not blank.any()
    assert np.linalg.norm(bar - turned) > 0.5
    # Turned by 90 degrees, the thumbnail is transposed.
    np.testing.assert_allclose(bar[200:].reshape(8, 8), turned[200:].reshape(8, 8).T, atol=1e-6)


def test_texts_that_share_words_or_parts_of_words_are_alike() -> None:
    texts = ["SMALL LETTER A WITH ACUTE", "SMALL LETTER A WITH GRAVE", "SNOWMAN", "SNOWMEN", ""]
    features = text_features(texts)
    similar = features @ features.T
    assert similar[0, 1] > 0.5 > similar[0, 2]
    assert similar[2, 3] > 0.15
    assert not features[4].any()
    assert_array_equal(text_features(texts[::-1])[::-1], features)
