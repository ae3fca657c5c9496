"""One array out of each format, in MATLAB's shape, mapped where it can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from acqkit.datasets.public.arrays import read_array
from acqkit.errors import PoolError

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_mat_5_comes_as_float32(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"other": 1, "x": VALUES.astype(np.float64)}, do_compression=True)
    read = read_array(tmp_path / "a.mat", ("y", "x"))
    assert read.dtype == np.float32 and read.flags.c_contiguous
    assert_array_equal(read, VALUES)


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("userblock", [0, 512])
def test_mat_7_is_turned_and_hdf5_is_not(
    compression: str | None, userblock: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.mat"
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file.create_dataset("matlab", data=VALUES.T, compression=compression)
        file["matlab"].attrs["MATLAB_class"] = np.bytes_("single")
        file.create_dataset("python", data=VALUES, compression=compression)
    for key in ("matlab", "python"):
        read = read_array(path, (key,))
        assert_array_equal(read, VALUES)
        assert read.flags.c_contiguous
        assert isinstance(read, np.memmap) == (compression is None and key == "python")


def test_words_in_hdf5_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = ["some", "words"]
    with pytest.raises(PoolError, match="holds object values under 'x', wanted numbers"):
        read_array(tmp_path / "a.h5", ("x",))


def test_npy_is_mapped_and_pickles_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    assert isinstance(read_array(tmp_path / "a.npy"), np.memmap)
    np.save(tmp_path / "b.npy", np.array([{}], dtype=object))
    with pytest.raises(PoolError, match=r"b\.npy cannot be read"):
        read_array(tmp_path / "b.npy")


def test_text_by_column_with_words_in_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes("caf\xe9\timage#1\t3\nb\tc\t10\n".encode("latin-1"))
    assert_array_equal(read_array(path, column=-1), [3, 10])
    with pytest.raises(PoolError, match=r"a\.list cannot be read"):
        read_array(path)


def test_listing_data_sets_loads_no_reader() -> None:
    code = "import sys, acqkit.datasets; print('h5py' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "False"
