"""What is said when files are missing, damaged, of another release or not what they seem."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from acqkit.cli import main
from acqkit.datasets.public import DATA_SETS, MirFlickr25k, MsCoco, NusWideTC10, Wikipedia, arrays
from acqkit.errors import PoolError

LABELS = np.eye(24, dtype=np.uint8)[np.arange(40) % 24]
IMAGE = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
TEXT = np.random.default_rng(1).standard_normal((40, 5)).astype(np.float32)
IMAGE_FILE, TEXT_FILE, LABEL_FILE = (
    f"mirflickr25k-{part}.mat" for part in ("iall-vgg", "yall", "lall")
)


def write(folder: Path, *, image: Any = IMAGE, text: Any = TEXT, labels: Any = LABELS) -> None:
    savemat(folder / IMAGE_FILE, {"XAll": image})
    savemat(folder / TEXT_FILE, {"YAll": text})
    savemat(folder / LABEL_FILE, {"LAll": labels})


def refused(folder: Path, pattern: str, **params: Any) -> str:
    with pytest.raises(PoolError, match=pattern) as caught:
        MirFlickr25k(**{"folder": folder, "queries": 10} | params).load()
    return str(caught.value)


@pytest.mark.parametrize("name", DATA_SETS)
def test_missing_files_are_listed_with_where_from_and_where_to(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACQKIT_DATA", str(tmp_path))
    made = DATA_SETS[name]
    with pytest.raises(PoolError) as caught:
        made().load()
    message = str(caught.value)
    assert str(tmp_path / name) in message and "there is no such folder" in message
    assert made.spec.home in message and made.spec.features in message
    assert "ACQKIT_DATA" in message and "\n" not in message
    for layout in made.spec.layouts:
        assert layout.name in message
        assert all(file in message for names in layout.files() for file in names)


def test_the_default_folder_is_in_the_cache_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACQKIT_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".cache" / "acqkit" / "mirflickr25k"
    with pytest.raises(PoolError, match=re.escape("~/.cache/acqkit/mirflickr25k")):
        MirFlickr25k().load()
    folder.mkdir(parents=True)
    write(folder)
    assert len(MirFlickr25k(queries=10).load()) == 40


def test_the_command_line_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACQKIT_DATA", str(tmp_path))
    out = str(tmp_path / "run")
    monkeypatch.setattr("sys.argv", ["acqkit", "run", "--pool", "wikipedia", "--out", out])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: data set 'wikipedia' has no files in")
    assert message.count("\n") == 1


def test_what_is_lacking_of_the_layout_that_is_nearly_there(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / TEXT_FILE).unlink()
    refused(tmp_path, f"'dcmh' lacks {re.escape(TEXT_FILE)}")


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "copy").mkdir()
    savemat(tmp_path / "copy" / LABEL_FILE, {"LAll": LABELS})
    refused(tmp_path, "is there 2 times.*which one is meant")


def test_checksums_are_compared(tmp_path: Path) -> None:
    write(tmp_path)
    digest = hashlib.sha256((tmp_path / TEXT_FILE).read_bytes()).hexdigest()
    right = MirFlickr25k(folder=tmp_path, queries=10, checksum={TEXT_FILE: digest.upper()})
    assert len(right.load()) == 40
    wrong = "0" * 64
    message = refused(tmp_path, "another release", checksum={TEXT_FILE: wrong})
    assert digest in message and wrong in message and TEXT_FILE in message
    near = "did you mean 'mirflickr25k-yall.mat'"
    refused(tmp_path, near, checksum={"mirflickr25k-yal.mat": wrong})


@pytest.mark.parametrize(
    ("changed", "pattern"),
    [
        ({"text": TEXT[:30]}, r"yall\.mat: YAll has shape \(30, 5\) but .*lall\.mat.* 40 pairs"),
        ({"labels": LABELS[:, :21]}, r"has shape \(40, 21\), wanted one column for each of 24"),
        ({"labels": LABELS * 2}, "has the value 2"),
        ({"labels": np.zeros_like(LABELS)}, "no pair with a label"),
        ({"labels": np.full(40, 0.5)}, "not class numbers"),
        ({"labels": np.arange(40)}, "class numbers from 0 to 39, wanted 24 classes"),
        ({"image": np.zeros((40, 3, 8, 8), np.uint8)}, "looks like pixels; wanted features"),
        ({"image": np.array(["a", "b"], dtype=object)}, "values under 'XAll', wanted numbers"),
        ({"image": IMAGE + np.where(np.arange(40) == 7, np.nan, 0)[:, None]}, "NaN .* row 7"),
    ],
)
def test_arrays_of_another_shape_or_kind(
    changed: dict[str, Any], pattern: str, tmp_path: Path
) -> None:
    write(tmp_path, **changed)
    refused(tmp_path, pattern)


def test_a_missing_key_names_what_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    savemat(tmp_path / IMAGE_FILE, {"IAll": IMAGE, "more": IMAGE})
    refused(tmp_path, r"iall-vgg\.mat has no 'XAll'; it holds 'IAll', 'more'")


@pytest.mark.parametrize("content", [b"", b"not a matrix" * 100, b"\x89HDF\r\n\x1a\n broken"])
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / IMAGE_FILE).write_bytes(content)
    refused(tmp_path, r"iall-vgg\.mat cannot be read .*it may be truncated")


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    content = (tmp_path / IMAGE_FILE).read_bytes()
    (tmp_path / IMAGE_FILE).write_bytes(content[: len(content) // 2])
    refused(tmp_path, r"iall-vgg\.mat cannot be read")


def test_too_few_pairs_to_draw_from(tmp_path: Path) -> None:
    write(tmp_path)
    refused(tmp_path, "40 labeled pairs, too few to draw 40 test pairs", queries=40)


def test_transposed_arrays_are_turned(tmp_path: Path) -> None:
    write(tmp_path)
    plain = MirFlickr25k(folder=tmp_path, queries=10).load()
    write(tmp_path, image=IMAGE.T, text=csc_matrix(TEXT.astype(np.float64)), labels=LABELS.T)
    turned = MirFlickr25k(folder=tmp_path, queries=10).load()
    rows = np.arange(40)
    np.testing.assert_array_equal(plain.batch(rows).a, turned.batch(rows).a)
    np.testing.assert_array_equal(plain.batch(rows).b, turned.batch(rows).b)
    np.testing.assert_array_equal(plain.truth, turned.truth)


def test_without_h5py_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    with h5py.File(tmp_path / "MS-COCO.h5", "w") as file:
        file["LabDataBase"] = LABELS
    monkeypatch.setattr(arrays, "import_module", absent)
    with pytest.raises(PoolError, match=r"needs h5py; run `pip install h5py`"):
        MsCoco(folder=tmp_path).load()


def test_hdf5_groups_are_not_matrices(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "MS-COCO.h5", "w") as file:
        file.create_group("LabDataBase")["data"] = LABELS
    with pytest.raises(PoolError, match="struct or a sparse matrix under 'LabDataBase'"):
        MsCoco(folder=tmp_path).load()


def test_parts_of_different_widths_or_forms(tmp_path: Path) -> None:
    for side, width in (("train", 6), ("test", 7)):
        numbers = np.arange(20) % 10
        savemat(tmp_path / f"{side}_img.mat", {f"{side}_img": np.ones((20, width))})
        savemat(tmp_path / f"{side}_txt.mat", {f"{side}_txt": np.ones((20, 4))})
        savemat(tmp_path / f"{side}_img_lab.mat", {f"{side}_img_lab": numbers})
    with pytest.raises(PoolError, match="6 columns in one part and 7 in another"):
        Wikipedia(folder=tmp_path).load()
    savemat(tmp_path / "test_img.mat", {"test_img": np.ones((20, 6))})
    savemat(tmp_path / "test_img_lab.mat", {"test_img_lab": np.eye(10)[numbers]})
    with pytest.raises(PoolError, match="class numbers in one part and a 0/1 matrix in another"):
        Wikipedia(folder=tmp_path).load()


def test_nus_wide_needs_both_sides_of_each_concept(tmp_path: Path) -> None:
    for side in ("Train", "Test"):
        np.savetxt(tmp_path / f"{side}_Tags1k.dat", np.ones((8, 3)))
        for feature in ("CH", "CM55", "CORR", "EDH", "WT"):
            np.savetxt(tmp_path / f"{side}_Normalized_{feature}.dat", np.ones((8, 2)))
        for c in range(10):
            np.savetxt(tmp_path / f"Labels_c{c}_{side}.txt", np.arange(8) == c % 8, "%d")
    assert len(NusWideTC10(folder=tmp_path).load()) == 16
    (tmp_path / "Labels_c3_Test.txt").unlink()
    with pytest.raises(PoolError, match=r"for 10 concepts and Labels_\*_Test\.txt for 9"):
        NusWideTC10(folder=tmp_path).load()
    np.savetxt(tmp_path / "Labels_c3_Test.txt", np.zeros(7), "%d")
    with pytest.raises(PoolError, match=r"wanted \(8,\) as the other concepts have"):
        NusWideTC10(folder=tmp_path).load()
