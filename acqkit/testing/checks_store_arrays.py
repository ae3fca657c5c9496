"""What every `Store` must do with embeddings and trained models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acqkit.embeddings import PairEmbeddings
from acqkit.interfaces import ModelState
from acqkit.store import NewTraining, Store, StoredTraining
from acqkit.testing.pools import make_embeddings, make_pool
from acqkit.testing.store_home import StoreHome, new_batch, refused, same
from acqkit.testing.subject import require


def _embeddings(seed: int) -> PairEmbeddings:
    embeddings = make_embeddings(make_pool(12), seed=seed)
    return replace(embeddings, positions=np.arange(12) * 3)


def keep(store: Store, key: str, seed: int = 0, model: ModelState | None = None) -> StoredTraining:
    found = _embeddings(seed)
    with store.new_embeddings(found.positions) as writer:
        for block in found.blocks(size=5):
            writer.write(block)
        return store.keep_training(NewTraining(key, {"key": key}, model), writer)


def _require_equal(got: PairEmbeddings | None, seed: int) -> None:
    require(got is not None, "embeddings that were kept are gone")
    assert got is not None
    wanted = _embeddings(seed)
    columns, others = got.columns() | got.constants(), wanted.columns() | wanted.constants()
    same(list(columns), list(others), "names of the arrays")
    for name, values in others.items():
        equal = columns[name].dtype == values.dtype and np.array_equal(columns[name], values)
        require(equal, f"the embeddings' {name} is not what was written")
    same(got.positions.tolist(), wanted.positions.tolist(), "positions")
    same(got.manifest(), wanted.manifest(), "what is no array")


def a_training_is_found_again_by_its_key(home: StoreHome) -> None:
    """Model, record and embeddings of the latest training are found by its key, and no other."""
    store = home.create()
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(5), "e": np.empty(0)}
    state = ModelState(arrays, {"knows_classes": True, "words": ["a", None]})
    _require_equal(keep(store, "old", 1, state).embeddings, 1)
    keep(store, "new", 2, state)
    found = home.open().training("new")
    require(found is not None and found.model is not None, "the latest training is not found")
    assert found is not None and found.model is not None
    _require_equal(found.embeddings, 2)
    same((found.record, found.model.data), ({"key": "new"}, state.data), "record and plain data")
    same(sorted(found.model.arrays), sorted(arrays), "names of the model's arrays")
    for name, values in arrays.items():
        got = found.model.arrays[name]
        equal = got.dtype == values.dtype and got.shape == values.shape
        require(equal and np.array_equal(got, values), f"the model's {name} is not what was kept")
    same((store.training("old"), store.training("")), (None, None), "other keys")


def embeddings_are_named_by_their_content(home: StoreHome) -> None:
    """The same embeddings have the same name, others another; a batch's outlive a new training."""
    store = home.create()
    first = keep(store, "first", 1).name
    same(keep(store, "again", 1).name, first, "the name of equal embeddings")
    store.add_batch(new_batch(0, 5, embeddings=first))
    require(keep(store, "second", 2).name != first, "different embeddings have one name")
    _require_equal(home.open().embeddings(), 1)


def embeddings_are_kept_whole_or_not_at_all(home: StoreHome) -> None:
    """Rows that are missing are refused, and what was kept before stays."""
    store = home.create()
    store.add_batch(new_batch(0, 5, embeddings=keep(store, "key", 1, ModelState({})).name))
    found = _embeddings(2)

    def half() -> None:
        with store.new_embeddings(found.positions) as writer:
            writer.write(found.take(slice(0, 5)))
            store.keep_training(NewTraining("half", {}, None), writer)

    refused("a training with half of its embeddings", half)
    with store.new_embeddings(found.positions) as writer:
        writer.write(found)
    require(store.training("key") is not None, "the training before is gone")
    _require_equal(store.embeddings(), 1)


STORE_ARRAYS = (
    a_training_is_found_again_by_its_key,
    embeddings_are_named_by_their_content,
    embeddings_are_kept_whole_or_not_at_all,
)
