"""Every layout of every data set is found, read, split and selected from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from test_public_files import LAYOUTS, dcmh, npy, official, rasiwasia

import acqkit
from acqkit.components.registry import registry
from acqkit.datasets.public import DATA_SETS
from acqkit.errors import ConfigError, PoolError
from acqkit.interfaces import PoolSource, Selection, Strategy
from acqkit.pool import PairPool
from acqkit.testing import make_context, make_embeddings

QUERIES = 30


def source(name: str, folder: Path, **params: Any) -> PoolSource:
    if "queries" in DATA_SETS[name].model_fields:
        params = {"queries": QUERIES} | params
    made = registry().make("dataset", name, {"folder": folder, **params})
    assert isinstance(made, PoolSource)
    return made


def load(name: str, folder: Path, **params: Any) -> PairPool:
    pool = source(name, folder, **params).load()
    assert isinstance(pool, PairPool)
    return pool


@pytest.mark.parametrize(("name", "layout"), LAYOUTS, ids=map("-".join, LAYOUTS))
def test_layout_is_found_and_read(name: str, layout: str, tmp_path: Path) -> None:
    sides, split = LAYOUTS[name, layout](tmp_path)
    pool = load(name, tmp_path)
    kept = np.concatenate([part.labels.any(axis=1) for part in sides])
    image, text, labels = (
        np.concatenate([getattr(part, column) for part in sides])[kept]
        for column in ("image", "text", "labels")
    )
    batch = pool.batch(np.arange(len(pool)))
    assert pool.name == name and pool.modalities == ("image", "text")
    assert_array_equal(pool.ids, np.flatnonzero(kept))
    np.testing.assert_allclose(batch.a, image, rtol=1e-6)
    np.testing.assert_allclose(batch.b, text, rtol=1e-6)
    assert pool.truth is not None
    assert_array_equal(pool.truth, labels)
    assert pool.multilabel == bool((labels.sum(axis=1) != 1).any())
    if split:
        expected = np.repeat([False, True], [len(part.text) for part in sides])[kept]
        assert_array_equal(pool.test, expected)
    else:
        assert len(pool.test_positions) == QUERIES


def first_layout(name: str, folder: Path) -> PairPool:
    LAYOUTS[name, next(layout for found, layout in LAYOUTS if found == name)](folder)
    return load(name, folder)


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_pool_is_selected_from(name: str, tmp_path: Path) -> None:
    pool = first_layout(name, tmp_path)
    train = pool.take(pool.train_positions)
    train = train.with_labels(train.labels)
    strategy = cast(Strategy, registry().make("strategy", "badge"))
    picks = strategy.select(make_context(train, make_embeddings(train)), 5)
    positions = picks.positions if isinstance(picks, Selection) else picks
    assert len(set(train.ids[positions].tolist())) == 5


@pytest.mark.parametrize("name", ["wikipedia", "ms-coco"])
def test_a_pool_is_trained_on_and_evaluated(name: str, tmp_path: Path) -> None:
    results = acqkit.run(
        first_layout(name, tmp_path),
        strategy="typiclust",
        initial=10,
        per_round=5,
        rounds=1,
        seeds=1,
        trainer={"name": "supervised", "min_steps": 3, "max_steps": 3},
        out=tmp_path / "run",
    )
    assert len(results.rounds) == 2


def test_class_names_are_given_where_the_release_says_them(tmp_path: Path) -> None:
    rasiwasia(tmp_path)
    assert load("wikipedia", tmp_path).class_names[:2] == ("art", "biology")
    folder = tmp_path / "nus"
    folder.mkdir()
    official(10)(folder)
    names = load("nus-wide-tc10", folder).class_names
    assert names == tuple(f"concept{c:02}" for c in range(10))


def test_the_same_seed_draws_the_same_queries_and_another_others(tmp_path: Path) -> None:
    npy(24)(tmp_path)
    first, again = (load("mirflickr25k", tmp_path).test_positions for _ in range(2))
    other = load("mirflickr25k", tmp_path, split_seed=1).test_positions
    assert_array_equal(first, again)
    assert not np.isin(first, other).all()


def test_rows_of_test_pairs_are_used_where_they_are_published(tmp_path: Path) -> None:
    npy(24)(tmp_path)
    np.save(tmp_path / "test_data_list.npy", np.array([7, 3, 50]))
    assert_array_equal(load("mirflickr25k", tmp_path).test_positions, [3, 7, 50])
    np.save(tmp_path / "test_data_list.npy", np.array([7, 120]))
    with pytest.raises(PoolError, match="rows that are not there, wanted rows from 0 to 119"):
        load("mirflickr25k", tmp_path)


def test_npy_features_stay_in_their_file(tmp_path: Path) -> None:
    npy(24)(tmp_path)
    pool = load("mirflickr25k", tmp_path)
    base = pool.features[0].base  # type: ignore[attr-defined]
    assert isinstance(base.array, np.memmap)


def test_a_layout_may_be_chosen_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    dcmh("mirflickr25k", "iall-vgg", 24)(tmp_path)
    npy(24)(tmp_path)
    assert len(load("mirflickr25k", tmp_path)) == 85
    assert len(load("mirflickr25k", tmp_path, layout="npy")) == 117
    with pytest.raises(ConfigError, match="unknown layout; did you mean 'dcmh'"):
        load("mirflickr25k", tmp_path, layout="dcmx")
    with pytest.raises(PoolError, match=r"'cnn': mir_cnn_twt\.mat or mir_cnn\.mat"):
        load("mirflickr25k", tmp_path, layout="cnn")
