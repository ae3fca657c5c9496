"""Tiny files as the releases have them, for every layout of every data set.

File names and keys are written out here and not taken from the declarations under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from acqkit.datasets.public import DATA_SETS
from acqkit.embeddings import IntArray

Matrix = NDArray[Any]
WIDTHS = (10, 5)


@dataclass(frozen=True)
class Side:
    """Pairs as a release has them; `classes` are numbers from 0, `labels` a 0/1 matrix."""

    image: Matrix
    text: Matrix
    classes: IntArray
    labels: Matrix


def side(n: int, classes: int, *, seed: int = 0, multi: bool = True, empty: int = 0) -> Side:
    """Random pairs with every class in them; the last `empty` have no label."""
    rng = np.random.default_rng([seed, n, classes])
    numbers = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    labels = np.eye(classes, dtype=np.uint8)[numbers]
    if multi:
        labels |= (rng.random(labels.shape) < 0.1).astype(np.uint8)
    if empty:
        labels[-empty:] = 0
    image, text = (rng.standard_normal((n, width)).astype(np.float32) for width in WIDTHS)
    return Side(image, text, numbers, labels)


def h5(path: Path, **arrays: Matrix) -> None:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value


def mat73(path: Path, **arrays: Matrix) -> None:
    """As MATLAB saves with -v7.3: 512 bytes before, matrices transposed and marked."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for key, value in arrays.items():
            file.create_dataset(key, data=value.T, compression="gzip")
            file[key].attrs["MATLAB_class"] = np.bytes_("double")


Expected = tuple[list[Side], bool | None]
"""Sides in the order of the pool, and whether the second is the test part."""


def rasiwasia(folder: Path) -> Expected:
    train, test = side(40, 10, multi=False), side(20, 10, seed=1, multi=False)
    savemat(
        folder / "raw_features.mat",
        {"I_tr": train.image, "T_tr": train.text, "I_te": test.image, "T_te": test.text},
    )
    for name, part in (("train", train), ("test", test)):
        lines = [f"text-{i}\timage#{i}\t{c + 1}\n" for i, c in enumerate(part.classes)]
        (folder / f"{name}set_txt_img_cat.list").write_text("".join(lines))
    return [train, test], True


def doc2vec(name: str, classes: int, text: str, *, multi: bool, first: int = 0) -> Any:
    def write(folder: Path) -> Expected:
        train, test = side(120, classes, multi=multi), side(100, classes, seed=1, multi=multi)
        arrays: dict[str, Matrix] = {}
        for part, name_of_side in ((train, "train"), (test, "test"), (test, "valid")):
            arrays[f"{name_of_side}_imgs_deep"] = part.image.astype(np.float64)
            arrays[f"{name_of_side}_{text}"] = part.text
            labels = part.labels if multi else part.classes + first
            arrays[f"{name_of_side}_imgs_labels"] = labels
        h5(folder / name, **arrays)
        return [train, test], True

    return write


def wiki_mat(folder: Path) -> Expected:
    train, test = side(40, 10, multi=False), side(20, 10, seed=1, multi=False)
    data: dict[str, Any] = {}
    for part, name in ((train, "train"), (test, "test")):
        data[f"{name}_imgs_deep"] = part.image
        data[f"{name}_texts_doc"] = part.text
        data[f"{name}_imgs_labels"] = part.classes[None, :] + 1
    savemat(folder / "wiki.mat", data)
    return [train, test], True


def separate(classes: int) -> Any:
    def write(folder: Path) -> Expected:
        train, test = side(60, classes, multi=False), side(30, classes, seed=1, multi=False)
        for part, name in ((train, "train"), (test, "test")):
            savemat(folder / f"{name}_img.mat", {f"{name}_img": part.image})
            savemat(folder / f"{name}_txt.mat", {f"{name}_txt": part.text})
            labels = part.classes[:, None]
            savemat(folder / f"{name}_img_lab.mat", {f"{name}_img_lab": labels})
        return [train, test], True

    return write


def pascal_mat(folder: Path) -> Expected:
    train, test = side(60, 20, multi=False), side(30, 20, seed=1, multi=False)
    data: dict[str, Any] = {}
    for part, name in ((train, "train"), (test, "test")):
        data |= {f"img_{name}": part.image, f"text_{name}": part.text}
        data[f"label_{name}"] = part.classes[:, None]
    savemat(folder / "pascal.mat", data)
    return [train, test], True


def dcmh(stem: str, image: str, classes: int, end: str = "") -> Any:
    def write(folder: Path) -> Expected:
        pairs = side(90, classes, empty=5)
        savemat(folder / f"{stem}-{image}{end}.mat", {"XAll": pairs.image.astype(np.float64)})
        # Tags of NUS-WIDE are of version 7.3 in some copies, and labels in a folder of their own.
        mat73(folder / f"{stem}-yall{end}.mat", YAll=pairs.text)
        (folder / "LAll").mkdir()
        savemat(folder / "LAll" / f"{stem}-lall{end}.mat", {"LAll": pairs.labels})
        return [pairs], None

    return write


def one_mat(name: str, keys: tuple[str, str, str], classes: int) -> Any:
    def write(folder: Path) -> Expected:
        pairs = side(90, classes)
        data = zip(keys, (pairs.image, pairs.text, pairs.labels), strict=True)
        savemat(folder / name, dict(data))
        return [pairs], None

    return write


def query_database(name: str, classes: int) -> Any:
    def write(folder: Path) -> Expected:
        database, query = side(100, classes), side(91, classes, seed=1)
        arrays: dict[str, Matrix] = {}
        for part, where in ((database, "DataBase"), (query, "Query"), (query, "Train")):
            arrays[f"Img{where}"] = part.image
            arrays[f"Tag{where}"] = part.text.astype(np.float64)
            arrays[f"Lab{where}"] = part.labels
        h5(folder / name, **arrays)
        return [database, query], True

    return write


def cnn(name: str, classes: int) -> Any:
    def write(folder: Path) -> Expected:
        database, query = side(100, classes), side(91, classes, seed=1)
        arrays: dict[str, Matrix] = {}
        for part, where in ((database, "db"), (query, "te"), (query, "tr")):
            arrays |= {f"I_{where}": part.image, f"T_{where}": part.text, f"L_{where}": part.labels}
        mat73(folder / name, **arrays)
        return [database, query], True

    return write


def coco_whole(folder: Path) -> Expected:
    pairs = side(120, 80)
    h5(
        folder / "MSCOCO_deep_doc2vec_data_rand.h5py",
        XAll=pairs.image,
        YAll=pairs.text,
        LAll=pairs.labels,
    )
    return [pairs], None


def npy(classes: int) -> Any:
    def write(folder: Path) -> Expected:
        pairs = side(120, classes, empty=3)
        np.save(folder / "feature.npy", pairs.image)
        np.save(folder / "bow.npy", pairs.text)
        np.save(folder / "label.npy", pairs.labels.astype(bool))
        return [pairs], None

    return write


def official(classes: int) -> Any:
    def write(folder: Path) -> Expected:
        train, test = side(60, classes, empty=4), side(50, classes, seed=1)
        labels = folder / "Groundtruth" / "TrainTestLabels"
        labels.mkdir(parents=True)
        for part, name in ((train, "Train"), (test, "Test")):
            columns = np.array_split(np.arange(WIDTHS[0]), 5)
            for feature, chosen in zip(["CH", "CM55", "CORR", "EDH", "WT"], columns, strict=True):
                file = folder / f"{name}_Normalized_{feature}.dat"
                np.savetxt(file, part.image[:, chosen], fmt="%.9g", newline=" \n")
            np.savetxt(folder / f"{name}_Tags1k.dat", part.text, "%.9g", "\t", newline="\t\n")
            for c in range(classes):
                np.savetxt(labels / f"Labels_concept{c:02}_{name}.txt", part.labels[:, c], "%d")
            # Rarer than any of the others, so not among the top ones.
            np.savetxt(
                labels / f"Labels_a-rare-one_{name}.txt", np.arange(len(part.text)) < 1, "%d"
            )
        return [train, test], True

    return write


LAYOUTS: dict[tuple[str, str], Callable[[Path], Expected]] = {
    ("wikipedia", "rasiwasia"): rasiwasia,
    ("wikipedia", "doc2vec"): doc2vec(
        "wiki_deep_doc2vec_data_corr_ae.h5py", 10, "text", multi=False, first=1
    ),
    ("wikipedia", "wiki-mat"): wiki_mat,
    ("wikipedia", "separate"): separate(10),
    ("pascal-sentence", "separate"): separate(20),
    ("pascal-sentence", "pascal-mat"): pascal_mat,
    ("nus-wide-tc10", "dcmh"): dcmh("nus-wide-tc10", "xall-vgg", 10),
    ("nus-wide-tc10", "query-database"): query_database("NUS-WIDE.h5", 10),
    ("nus-wide-tc10", "cnn"): cnn("nus_cnn_twt.mat", 10),
    ("nus-wide-tc10", "doc2vec"): doc2vec(
        "nus_wide_deep_doc2vec_data_42941.h5py", 10, "text", multi=False
    ),
    ("nus-wide-tc10", "doc2vec-10k"): doc2vec(
        "nus_wide-10k_deep_doc2vec-corr-ae.h5py", 10, "texts", multi=False
    ),
    ("nus-wide-tc10", "npy"): npy(10),
    ("nus-wide-tc10", "official"): official(10),
    ("nus-wide-tc21", "dcmh"): dcmh("nus-wide-tc21", "xall-vgg", 21),
    ("nus-wide-tc21", "dcmh-clean"): dcmh("nus-wide-tc21", "xall-vgg", 21, "-clean"),
    ("nus-wide-tc21", "dadh"): one_mat("NUS-WIDE-TC21.mat", ("image", "text", "label"), 21),
    ("nus-wide-tc21", "query-database"): query_database("NUS-WIDE.h5", 21),
    ("nus-wide-tc21", "cnn"): cnn("nus_cnn.mat", 21),
    ("nus-wide-tc21", "npy"): npy(21),
    ("nus-wide-tc21", "official"): official(21),
    ("mirflickr25k", "dcmh"): dcmh("mirflickr25k", "iall-vgg", 24),
    ("mirflickr25k", "dcmh-rand"): dcmh("mirflickr25k", "iall-vgg", 24, "-rand"),
    ("mirflickr25k", "dadh"): one_mat("FLICKR-25K.mat", ("images", "YAll", "LAll"), 24),
    ("mirflickr25k", "query-database"): query_database("MIRFlickr.h5", 24),
    ("mirflickr25k", "cnn"): cnn("mir_cnn_twt.mat", 24),
    ("mirflickr25k", "npy"): npy(24),
    ("ms-coco", "ucch"): coco_whole,
    ("ms-coco", "doc2vec"): doc2vec("MSCOCO_deep_doc2vec_data.h5py", 80, "text", multi=True),
    ("ms-coco", "query-database"): query_database("MS-COCO.h5", 80),
    ("ms-coco", "cnn"): cnn("coco_cnn_twt.mat", 91),
    ("ms-coco", "npy"): npy(80),
}


def test_every_declared_layout_is_tested_here() -> None:
    declared = {(name, layout) for name, made in DATA_SETS.items() for layout in made.spec.names()}
    assert declared == set(LAYOUTS)
