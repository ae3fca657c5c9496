"""What a pool of a stranger may bring into a report: its own pictures and sounds, nothing else."""

from __future__ import annotations

import base64
import csv
import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from report_data import png, wav, write_run

from acqkit.errors import PoolError
from acqkit.pool.display_file import DisplayFile
from acqkit.pool.folder import save_pool
from acqkit.pool.open import open_pool
from acqkit.report import collect
from acqkit.report.data import Side
from acqkit.report.media import FORMATS, MediaShelf, thumbnail

from test_report_parts import opened  # isort: skip

SECRET = b"a private key"


@pytest.fixture
def shelf() -> MediaShelf:
    return MediaShelf(budget=1_000_000, largest=500_000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A pool's folder with a picture in it and, beside it, one that is none of its business."""
    folder = tmp_path / "pool"
    (folder / "pics").mkdir(parents=True)
    (folder / "pics" / "own.png").write_bytes(png())
    (tmp_path / "other.png").write_bytes(png())
    (tmp_path / "pool-other").mkdir()
    (tmp_path / "pool-other" / "a.png").write_bytes(png())
    return folder


def shown(shelf: MediaShelf, folder: Path, name: str) -> Side:
    return shelf.side("image", DisplayFile(folder, name))


def test_files_in_the_folder_are_shown_however_they_are_named(
    shelf: MediaShelf, home: Path
) -> None:
    (home / "link.png").symlink_to("pics/own.png")
    names = ["pics/own.png", "pics/../pics/own.png", str(home / "pics/own.png"), "link.png"]
    assert {shown(shelf, home, name).kind for name in names} == {"image"}
    assert shelf.refused == {}
    linked = home.parent / "linked"
    linked.symlink_to(home)
    assert shown(shelf, linked, "pics/own.png").kind == "image"


@pytest.mark.parametrize(
    "name",
    ["../other.png", "pics/../../other.png", "{up}/other.png", "../pool-other/a.png", "out.png",
     "chain.png", "folder/other.png"],
)  # fmt: skip
def test_files_outside_of_the_folder_are_not_read(shelf: MediaShelf, home: Path, name: str) -> None:
    (home / "out.png").symlink_to(home.parent / "other.png")
    (home / "chain.png").symlink_to("out.png")
    (home / "folder").symlink_to(home.parent)
    side = shown(shelf, home, name.replace("{up}", str(home.parent)))
    assert side.kind == "note" and "outside of the pool's folder" in side.content
    assert len(shelf.refused) == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gone.png", "No such file"),
        ("pics", "no regular file"),
        ("circle.png", ""),
        ("a\0b.png", "no name of a file"),
        ("\ud800.png", "no name of a file"),
        ("x" * 300 + ".png", "name too long"),
        ("pics/own.png/x.png", "Not a directory"),
        ("secret.wav", "neither a picture nor a sound"),
        ("text.png", "neither a picture nor a sound"),
        ("cut.png", "a picture that cannot be read"),
        ("drawing.svg", "a drawing (SVG)"),
        ("empty.png", "neither a picture nor a sound"),
        ("huge.png", "has 40 MB, more than the 32 MB"),
    ],
)
def test_what_is_not_shown_says_why(shelf: MediaShelf, home: Path, name: str, why: str) -> None:
    (home / "circle.png").symlink_to("circle.png")
    (home / "secret.wav").write_bytes(SECRET)
    (home / "text.png").write_bytes(SECRET)
    (home / "cut.png").write_bytes(png()[:40])
    (home / "drawing.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (home / "empty.png").touch()
    with (home / "huge.png").open("wb") as file:
        file.truncate(40_000_000)
    side = shown(shelf, home, name)
    assert side.kind == "note" and why in side.content
    assert len(shelf.refused) == 1 and shelf.uris == {}


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices_are_never_opened(
    shelf: MediaShelf, home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "a.wav"
    if kind == "pipe":
        os.mkfifo(file)
    else:
        # A device of the folder's own takes more rights than tests have; the root has one.
        home, file = Path("/dev"), Path("/dev/zero")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    side = shown(shelf, home, file.name)
    assert side.content == f"{file.name} is no regular file"


def test_a_file_that_grows_while_it_is_read_is_refused(home: Path) -> None:
    with pytest.raises(PoolError, match="more than"):
        DisplayFile(home, "pics/own.png").read(most=20)
    size = (home / "pics/own.png").stat().st_size
    assert DisplayFile(home, "pics/own.png").read(size) == png()


def test_content_decides_and_not_the_name(shelf: MediaShelf, home: Path) -> None:
    (home / "picture.wav").write_bytes(png())
    (home / "sound.png").write_bytes(wav())
    assert shown(shelf, home, "picture.wav").kind == "image"
    assert shown(shelf, home, "sound.png").kind == "audio"


def test_text_that_looks_like_a_path_is_text(shelf: MediaShelf, home: Path) -> None:
    path = str(home / "pics/own.png")
    assert shelf.side("text", path) == Side(modality="text", kind="text", content=path)
    assert shelf.side("photo", Path(path)).kind == "image"


def test_what_is_read_of_all_files_is_bounded(
    shelf: MediaShelf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acqkit.report.media.LARGEST_FILE", 400)
    shelf._readable = 400 + 2 * len(png())
    kinds = [shown(shelf, home, "pics/own.png").kind for _ in range(4)]
    assert kinds == ["image", "image", "image", "note"] and shelf.full


def encoded(image: Image.Image, form: str, **more: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_pictures_are_drawn_anew_without_what_else_they_held(form: str) -> None:
    image = Image.new("RGB", (30, 20), (10, 120, 60))
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    more = {} if form == "BMP" else {"exif": exif, "comment": SECRET, "icc_profile": SECRET}
    data = encoded(image, form, **more) + SECRET
    assert SECRET in data
    uri = thumbnail(data)
    assert uri is not None
    drawn = opened(uri)
    assert drawn.size == (30, 20) and SECRET not in base64.b64decode(uri.split(",")[1])
    assert np.abs(np.asarray(drawn.convert("RGB"), int) - (10, 120, 60)).max() <= 4
    assert not drawn.getexif() and "icc_profile" not in drawn.info


@pytest.mark.parametrize("form", ["TIFF", "PPM", "ICO", "PCX", "TGA", "SGI", "PDF"])
def test_other_decoders_are_not_asked(form: str) -> None:
    assert thumbnail(encoded(Image.new("RGB", (20, 20)), form)) is None


def test_a_photo_taken_upright_is_shown_upright() -> None:
    image = Image.new("L", (40, 20))
    image.paste(255, (0, 0, 10, 20))  # the left end is white, which is the top for a camera so held
    exif = Image.Exif()
    exif[0x0112] = 6
    uri = thumbnail(encoded(image, "JPEG", exif=exif))
    assert uri is not None
    drawn = np.asarray(opened(uri).convert("L"))
    assert drawn.shape == (40, 20) and drawn[:8].mean() > 240 and drawn[-8:].mean() < 15


def test_a_picture_that_would_unpack_to_gigabytes_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = png()[12:29]
    vast = head[:4] + (60_000).to_bytes(4, "big") * 2 + head[12:]
    assert thumbnail(png().replace(head + crc(head), vast + crc(vast))) is None
    monkeypatch.setattr("acqkit.report.media.MOST_PIXELS", 100)
    assert thumbnail(png((10, 10))) is not None
    assert thumbnail(png((12, 12))) is None


def crc(chunk: bytes) -> bytes:
    return zlib.crc32(chunk).to_bytes(4, "big")


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 24), dtype=np.uint8))


@given(st.sampled_from(FORMATS), st.data())
def test_damaged_pictures_are_notes_and_never_errors(form: str, data: st.DataObject) -> None:
    content = bytearray(encoded(NOISE, form))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content))) :]
    uri = thumbnail(bytes(content))
    assert uri is None or max(opened(uri).size) <= 112


def stranger(folder: Path, names: list[str]) -> Path:
    n = len(names)
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    np.save(folder / "modality_a.npy", rng.standard_normal((n, 4), dtype=np.float32))
    np.save(folder / "modality_b.npy", rng.standard_normal((n, 4), dtype=np.float32))
    np.save(folder / "labels.npy", np.arange(n) % 2)
    np.save(folder / "split.npy", np.array(["train", "train", "test"] * (n // 3)))
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["photo"], *([name] for name in names)])
    return folder


def test_the_report_says_which_files_are_left_out_and_why(home: Path) -> None:
    pool = open_pool(stranger(home, ["pics/own.png", "../other.png", "gone.png"] * 12))
    data = collect([write_run(home.parent / "run", pool, None, "random")], pool)
    sides = [side for pick in data.runs[0].picks for side in pick.sides]
    assert {side.kind for side in sides} == {"image", "note"}
    (note,) = data.notes
    assert note == (
        f"One file that the pool names is not shown: ../other.png lies outside of the pool's "
        f"folder {home}."
    )


def test_a_column_may_mix_names_of_files_and_bytes(home: Path, shelf: MediaShelf) -> None:
    stranger(home, ["ignored"] * 3)
    (home / "items.csv").unlink()
    values = [{"bytes": None, "path": "pics/own.png"}, {"bytes": png(), "path": None}, None]
    pq.write_table(pa.table({"photo": values}), home / "items.parquet")
    column = open_pool(home).display["photo"]
    assert [shelf.side("photo", column[i]).kind for i in range(3)] == ["image", "image", "note"]
    assert shelf.refused == {}


def test_many_files_left_out_are_counted(home: Path) -> None:
    pool = open_pool(stranger(home, [f"{i}.png" for i in range(45)]))
    data = collect([write_run(home.parent / "run", pool, None, "random")], pool)
    (note,) = data.notes
    assert note.startswith("Files that the pool names are not shown: ")
    assert note.count("No such file") == 5 and note.endswith("; and 10 more.")


@pytest.mark.parametrize("name", ["items.csv", "items.parquet", "modality_a.npy"])
def test_a_pool_made_of_pipes_is_refused_at_once(home: Path, name: str) -> None:
    stranger(home, ["pics/own.png"] * 3)
    (home / name).unlink(missing_ok=True)
    os.mkfifo(home / name)
    with pytest.raises(PoolError, match=rf"{name} is no regular file"):
        open_pool(home)
    for suffix in ("npz", "parquet"):
        os.mkfifo(home.parent / f"pool.{suffix}")
        with pytest.raises(PoolError, match=f"{suffix} is no regular file"):
            open_pool(home.parent / f"pool.{suffix}")


def test_a_saved_pool_holds_the_pictures_that_it_shows(home: Path) -> None:
    pool = open_pool(stranger(home, ["pics/own.png", "pics/own.png", "pics/own.png"]))
    saved = save_pool(pool, home.parent / "saved")
    assert list(open_pool(saved).display["photo"]) == [png()] * 3
    with pytest.raises(PoolError, match=r"other\.png lies outside of .*; a saved pool holds what"):
        save_pool(open_pool(stranger(home, ["../other.png"] * 3)), home.parent / "again")
    assert not (home.parent / "again").exists()
