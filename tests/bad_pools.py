"""Pools that must be refused: how each is made, and what the refusal must say."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pool_builders import Builder, N, folder, good_arrays, npz, parquet, with_value


def _empty_file(name: str) -> Builder:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(b"")
        return folder / name

    return build


def _cut(build_whole: Builder, name: str, share: float) -> Builder:
    """A pool of which one file lost its end."""

    def build(folder: Path) -> Path:
        path = build_whole(folder)
        file = folder / name
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * share)])
        return path

    return build


def _flipped(folder: Path) -> Path:
    path = npz(dict)(folder)
    data = bytearray(path.read_bytes())
    data[200] ^= 0xFF  # within the first array, whose checksum no longer holds
    path.write_bytes(bytes(data))
    return path


def _single_array(folder: Path) -> Path:
    with (folder / "pool.npz").open("wb") as file:
        np.save(file, good_arrays()["modality_a"])
    return folder / "pool.npz"


def _text_file(folder: Path) -> Path:
    (folder / "pool.csv").write_text("a,b\n1,2\n")
    return folder / "pool.csv"


def _folder_of_notes(folder: Path) -> Path:
    (folder / "notes.txt").write_text("nothing here")
    return folder


def _misspelled(folder: Path) -> Path:
    npz(dict)(folder)
    return folder / "pol.npz"


def _no_parent(folder: Path) -> Path:
    return folder / "missing" / "pool.npz"


def _short_sidecar(folder: Path) -> Path:
    pq.write_table(pa.table({"image": [b"\x89PNG"] * (N - 1)}), folder / "items.parquet")
    return npz(dict)(folder)


def _broken_sidecar(folder: Path) -> Path:
    (folder / "items.parquet").write_bytes(b"PAR1 and no more")
    return npz(dict)(folder)


def _short_captions(folder: Path) -> Path:
    with (folder / "captions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], ["a cat"], ["a dog"]])
    return npz(dict)(folder)


def _ragged_captions(folder: Path) -> Path:
    (folder / "captions.csv").write_text("text,more\na cat,1\na dog\n")
    return npz(dict)(folder)


def _repeated_captions(folder: Path) -> Path:
    (folder / "captions.csv").write_text("text,text\n" + "a,b\n" * N)
    return npz(dict)(folder)


def _text_ids() -> Any:
    ids = np.array([f"pair{i}" for i in range(N)])
    ids[7] = ids[2]
    return ids


def _nan_float16() -> Any:
    return with_value("modality_a", (3, 1), np.nan, np.float16)


def _masks_both_false() -> dict[str, Any]:
    mask_a, mask_b = np.ones(N, bool), np.ones(N, bool)
    mask_a[[1, 4]] = False
    mask_b[[4, 6]] = False
    return {"modality_a_present": mask_a, "modality_b_present": mask_b}


def _null_vector_element() -> Any:
    rows = good_arrays()["modality_a"].tolist()
    rows[5][2] = None
    return pa.array(rows, type=pa.list_(pa.float32(), 4))


def _ragged_vectors() -> Any:
    rows = good_arrays()["modality_a"].tolist()
    rows[6] = rows[6][:3]
    return pa.array(rows, type=pa.list_(pa.float32()))


def _labels(value: Any, index: int = 4) -> Any:
    labels: list[Any] = ["cat", "dog", "emu"] * (N // 3)
    labels[index] = value
    return labels


_CLASS_META = json.dumps({"class_names": ["cat", "dog", "emu"]})
_EMPTY = np.zeros((0, 4), np.float32)

TABLE: list[tuple[str, Builder, tuple[str, ...]]] = [
    # Lengths.
    ("modality_b short", npz(lambda: {"modality_b": good_arrays()["modality_b"][:-1]}),
     ("pool.npz: modality_b", "11 rows", "modality_a has 12")),
    ("labels short", npz(lambda: {"labels": good_arrays()["labels"][:10]}),
     ("pool.npz: labels", "10 rows")),
    ("split long", npz(lambda: {"split": np.array(["train"] * 13)}), ("split", "13 rows")),
    ("ids short", npz(lambda: {"ids": np.arange(3)}), ("ids", "3 rows")),
    ("cost short", npz(lambda: {"cost": np.ones(5)}), ("cost", "5 rows")),
    ("group short", npz(lambda: {"group": np.ones(5, int)}), ("group", "5 rows")),
    ("mask short", npz(lambda: {"modality_a_present": np.ones(5, bool)}),
     ("modality_a_present", "5 rows")),
    ("rounds short", npz(lambda: {"labeled_round": np.zeros(5, int)}),
     ("labeled_round", "5 rows")),
    ("folder labels short", folder(lambda: {"labels": good_arrays()["labels"][:10]}),
     ("labels.npy", "10 rows", "modality_a.npy has 12")),
    ("sidecar short", _short_sidecar, ("items.parquet", "11 rows", "12 pairs")),
    ("captions short", _short_captions, ("captions.csv", "2 rows", "12 pairs")),
    # Features.
    ("NaN feature", npz(lambda: {"modality_a": with_value("modality_a", (3, 1), np.nan)}),
     ("pool.npz: modality_a", "NaN", "row 3")),
    ("infinite feature", npz(lambda: {"modality_b": with_value("modality_b", (8, 0), -np.inf)}),
     ("modality_b", "infinite", "row 8")),
    ("NaN float16", npz(lambda: {"modality_a": _nan_float16()}), ("modality_a", "row 3")),
    ("too large for float32",
     npz(lambda: {"modality_a": with_value("modality_a", (5, 0), 1e300, np.float64)}),
     ("modality_a", "float32", "row 5")),
    ("folder NaN", folder(lambda: {"modality_b": with_value("modality_b", (11, 2), np.nan)}),
     ("modality_b.npy", "row 11")),
    ("flat features", npz(lambda: {"modality_a": np.ones(N)}), ("modality_a", "(12,)", "[n,")),
    ("text features", npz(lambda: {"modality_a": np.full((N, 2), "x")}),
     ("modality_a", "<U1", "numbers")),
    ("complex features", npz(lambda: {"modality_b": np.ones((N, 2), complex)}),
     ("modality_b", "complex128", "numbers")),
    ("pickled features",
     npz(lambda: {"modality_a": np.array([[1], [1, 2]] * 6, dtype=object)}),
     ("modality_a", "Python objects", "float32")),
    ("no pairs", npz(lambda: {"modality_a": _EMPTY, "modality_b": _EMPTY, "labels": _EMPTY}),
     ("modality_a", "no rows", "at least one pair")),
    ("no width", npz(lambda: {"modality_a": np.ones((N, 0))}), ("modality_a", "no features")),
    ("modality_b missing", npz(lambda: {"modality_b": None}), ("pool.npz", "'modality_b'")),
    ("folder modality_a missing", folder(lambda: {"modality_a": None}), ("'modality_a'",)),
    # Modalities and masks.
    ("unknown modality", npz(lambda: {"modality_c_present": np.ones(N, bool)}),
     ("modality_c_present", "unknown modality")),
    ("modality names equal", npz(lambda: {"modality_names": np.array(["image", "image"])}),
     ("modality_names", "two different names")),
    ("three modality names", npz(lambda: {"modality_names": np.array(["a", "b", "c"])}),
     ("modality_names", "two different names")),
    ("mask of numbers", npz(lambda: {"modality_b_present": np.ones(N)}),
     ("modality_b_present", "float64", "bool")),
    ("both modalities lacking", npz(_masks_both_false), ("row 4", "at least one modality")),
    # Ids.
    ("duplicate numbers", npz(lambda: {"ids": np.array([*range(11), 5])}),
     ("ids is 5", "row 11", "row 5", "unique")),
    ("duplicate texts", npz(lambda: {"ids": _text_ids()}), ("'pair2'", "row 7", "row 2")),
    ("folder duplicate ids", folder(lambda: {"ids": _text_ids()}), ("ids.npy", "row 7")),
    ("float ids", npz(lambda: {"ids": np.arange(N) / 2}), ("ids", "float64", "integers")),
    # Labels.
    ("class number too high", npz(lambda: {"labels": np.array([0, 1, 2, 3] * 3)}),
     ("labels is 3", "row 3", "0 to 2")),
    ("class number negative", npz(lambda: {"labels": np.array([0, 1, -1, 2] * 3)}),
     ("labels is -1", "row 2", "labeled_round")),
    ("label matrix with 2", npz(lambda: {"labels": with_value("labels", (6, 1), 2)}),
     ("labels", "value 2", "row 6", "0 or 1")),
    ("label matrix with one half",
     npz(lambda: {"labels": with_value("labels", (6, 1), 0.5, np.float32)}),
     ("labels", "value 0.5", "row 6")),
    ("folder label matrix with 7", folder(lambda: {"labels": with_value("labels", (9, 0), 7)}),
     ("labels.npy", "value 7", "row 9")),
    ("label matrix too narrow", npz(lambda: {"labels": good_arrays()["labels"][:, :2]}),
     ("labels", "2 columns", "3 names")),
    ("labels of three axes", npz(lambda: {"labels": np.zeros((N, 3, 1), np.uint8)}),
     ("labels", "(12, 3, 1)")),
    ("float labels", npz(lambda: {"labels": np.zeros(N)}), ("labels", "float64")),
    ("unknown class", npz(lambda: {"labels": np.array(_labels("dgo"))}),
     ("labels", "'dgo'", "row 4", "did you mean 'dog'")),
    ("empty label", npz(lambda: {"labels": np.array(_labels(""))}), ("labels", "row 4")),
    ("single class", npz(lambda: {"labels": np.full(N, "cat"), "class_names": None}),
     ("class_names", "'cat'", "at least two")),
    ("class names twice", npz(lambda: {"class_names": np.array(["cat", "dog", "cat"])}),
     ("class_names", "'cat'", "row 2")),
    ("empty class name", npz(lambda: {"class_names": np.array(["cat", " ", "dog"])}),
     ("class_names", "empty", "row 1")),
    ("no labels and no classes", npz(lambda: {"labels": None, "class_names": None}),
     ("pool.npz", "class_names")),
    ("one label too many", npz(lambda: {"labels": with_value("labels", (2, 0), 1),
                                        "multilabel": np.array(False)}),
     ("labels", "2 labels", "row 2", "multilabel=True")),
    ("no label where one is wanted", npz(lambda: {"labels": with_value("labels", 5, 0),
                                                  "multilabel": np.array(False)}),
     ("labels", "0 labels", "row 5")),
    ("round below -2", npz(lambda: {"labeled_round": np.array([0] * 11 + [-3])}),
     ("labeled_round is -3", "row 11")),
    ("rounds as floats", npz(lambda: {"labeled_round": np.zeros(N)}),
     ("labeled_round", "float64", "integers")),
    ("rounds without labels", npz(lambda: {"labels": None, "labeled_round": np.zeros(N, int)}),
     ("labeled_round is 0", "row 0", "no column labels")),
    # Split, cost, group.
    ("unknown split", npz(lambda: {"split": np.array(["train"] * 11 + ["valid"])}),
     ("split is 'valid'", "row 11", "'train' or 'test'")),
    ("all test", npz(lambda: {"split": np.array(["test"] * N)}), ("split", "every row")),
    ("negative cost", npz(lambda: {"cost": np.array([1.0] * 11 + [-2.0])}),
     ("cost is -2.0", "row 11", "not negative")),
    ("NaN cost", npz(lambda: {"cost": np.array([1.0, np.nan] * 6)}), ("cost is nan", "row 1")),
    ("text cost", npz(lambda: {"cost": np.array(["a"] * N)}), ("cost", "<U1", "numbers")),
    ("float group", npz(lambda: {"group": np.ones(N)}), ("group", "float64", "strings")),
    ("split of two axes", npz(lambda: {"split": np.full((N, 2), "train")}), ("split", "(12, 2)")),
    ("names of two axes", npz(lambda: {"class_names": np.full((2, 3), "x")}),
     ("class_names", "(2, 3)")),
    ("multilabel as a number", npz(lambda: {"multilabel": np.array(3)}), ("multilabel is 3",)),
    ("names in another encoding", npz(lambda: {"class_names": np.array([b"\xe9", b"a", b"b"])}),
     ("class_names", "UTF-8")),
    # Files.
    ("truncated npz", _cut(npz(dict), "pool.npz", 0.6), ("pool.npz", "truncated")),
    ("damaged npz", _flipped, ("pool.npz", "cannot be read")),
    ("empty npz", _empty_file("pool.npz"), ("pool.npz", "truncated")),
    ("one array called npz", _single_array, ("pool.npz", "single array")),
    ("truncated npy", _cut(folder(dict), "modality_b.npy", 0.7), ("modality_b.npy", "truncated")),
    ("npy without a header", _cut(folder(dict), "labels.npy", 0.02), ("labels.npy", "truncated")),
    ("truncated parquet", _cut(parquet(dict), "pool.parquet", 0.6), ("pool.parquet", "truncated")),
    ("empty parquet", _empty_file("pool.parquet"), ("pool.parquet", "truncated")),
    ("broken sidecar", _broken_sidecar, ("items.parquet", "truncated")),
    ("ragged captions", _ragged_captions, ("captions.csv", "cannot be read as CSV")),
    ("captions with a column twice", _repeated_captions, ("captions.csv", "'text'")),
    ("another suffix", _text_file, ("pool.csv", "no pool", "pool build")),
    ("folder of other things", _folder_of_notes, ("modality_a.npy", "notes.txt")),
    ("misspelled path", _misspelled, ("pol.npz",)),
    ("missing folder", _no_parent, ("missing",)),
    # Parquet.
    ("parquet without a modality", parquet(lambda: {"modality_b": None}),
     ("pool.parquet", "'modality_b'")),
    ("parquet column that is not there",
     parquet(dict, json.dumps({"columns": ["modality_a", "modality_bb"]})),
     ("'modality_bb'", "did you mean 'modality_b'")),
    ("parquet metadata", parquet(dict, "["), ("metadata", "JSON object")),
    ("parquet scalar features", parquet(lambda: {"modality_a": pa.array([1.0] * N)}),
     ("pool.parquet: modality_a", "double", "fixed-size lists")),
    ("parquet ragged features", parquet(lambda: {"modality_a": _ragged_vectors()}),
     ("modality_a", "3 numbers", "row 6", "wanted 4")),
    ("parquet null number", parquet(lambda: {"modality_a": _null_vector_element()}),
     ("modality_a", "a null", "row 5")),
    ("parquet null label", parquet(lambda: {"labels": pa.array(_labels(None))}),
     ("labels is None", "row 4", "labeled_round")),
    ("parquet null cost", parquet(lambda: {"cost": pa.array([1.0, None] * 6)}),
     ("cost is null", "row 1")),
    ("parquet unknown class", parquet(lambda: {"labels": pa.array(_labels("owl"))}, _CLASS_META),
     ("'owl'", "row 4")),
    ("parquet duplicate ids", parquet(lambda: {"ids": pa.array([*range(11), 0])}),
     ("ids is 0", "row 11")),
    ("parquet nested split", parquet(lambda: {"split": pa.array([["train"]] * N)}),
     ("split", "list", "one value per pair")),
]  # fmt: skip

BAD_POOLS: list[tuple[str, Builder]] = [(name, build) for name, build, _ in TABLE]
