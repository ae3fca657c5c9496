"""Thumbnails and the layout of the map."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from report_data import png, wav
from sklearn.neighbors import NearestNeighbors

from acqkit.report.layout import MOST_PICKS, MOST_POINTS, choose_points, layout
from acqkit.report.media import THUMBNAIL, MediaShelf, shorten


@pytest.fixture
def shelf() -> MediaShelf:
    return MediaShelf(budget=100_000, largest=50_000)


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


@pytest.mark.parametrize(("mode", "form"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("I;16", "JPEG")])
def test_large_pictures_become_thumbnails(shelf: MediaShelf, mode: str, form: str) -> None:
    side = shelf.side("photo", png((800, 400), mode))
    image = opened(shelf.uris[side.content])
    assert image.size == (THUMBNAIL, THUMBNAIL // 2)
    assert image.format == form


def test_what_is_small_and_lossless_stays_so_and_is_stored_once(shelf: MediaShelf) -> None:
    small = Image.fromarray(np.arange(400, dtype=np.uint8).reshape(20, 20))
    buffer = io.BytesIO()
    small.save(buffer, "BMP")
    first, second = shelf.side("a", buffer.getvalue()), shelf.side("b", buffer.getvalue())
    assert first.content == second.content and len(shelf.uris) == 1
    assert_array_equal(np.asarray(opened(shelf.uris[first.content])), np.asarray(small))


@pytest.mark.parametrize("value", [None, "", b"", png()[:30], b"GIF89a" + bytes(20)])
def test_bad_content_becomes_a_note(shelf: MediaShelf, value: object) -> None:
    assert shelf.side("a", value).kind == "note"


def test_what_is_too_large_is_left_out_and_the_budget_kept(shelf: MediaShelf) -> None:
    large = shelf.side("sound", wav(40_000))
    assert large.kind == "note" and "0.1 MB" in large.content and not shelf.full
    for length in range(30_000, 30_004):
        shelf.side("sound", wav(length))
    assert shelf.full and sum(map(len, shelf.uris.values())) <= 100_000


def test_text_is_cut_with_an_ellipsis() -> None:
    assert shorten("a\n  b") == "a b"
    assert shorten("ab cd", 4) == "ab…"
    assert shorten("ä".encode()) == "ä"


def test_points_are_the_picks_and_a_sample_of_the_rest() -> None:
    picked = np.array([5, 17, 9_999])
    rows = choose_points(10_000, picked)
    assert len(rows) == MOST_POINTS and set(picked) <= set(rows.tolist())
    assert_array_equal(rows, np.unique(rows))
    assert_array_equal(rows, choose_points(10_000, picked))
    assert_array_equal(choose_points(4, np.array([], dtype=np.int64)), np.arange(4))
    many = choose_points(20_000, np.arange(10_000))
    assert len(many) == MOST_PICKS + MOST_POINTS // 5


def test_near_pairs_stay_near() -> None:
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((4, 12))
    group = rng.integers(4, size=200)
    means = (centers[group] + 0.1 * rng.standard_normal((200, 12))).astype(np.float32)
    points, method = layout(means * rng.uniform(0.5, 2, (200, 1)).astype(np.float32))
    assert method == "t-SNE" and points.shape == (200, 2)
    assert np.abs(points).max() <= 1 + 1e-9
    neighbors = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(return_distance=False)
    assert (group[neighbors] == group[:, None]).mean() > 0.95


@pytest.mark.parametrize(
    "means",
    [
        np.ones((5, 3)),
        np.ones((200, 3)),
        np.zeros((60, 2)),
        np.eye(1, 4),
        np.zeros((0, 3)),
        np.arange(70.0)[:, None] - 30,
        np.repeat(np.eye(3), 40, axis=0),
    ],
    ids=["few", "constant", "zero", "one", "none", "line", "duplicates"],
)
def test_maps_of_what_can_hardly_be_mapped(means: np.ndarray) -> None:
    points, method = layout(means.astype(np.float32))
    assert points.shape == (len(means), 2) and method == "PCA"
    assert np.isfinite(points).all()
