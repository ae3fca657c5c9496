"""A text or a picture is looked for through the encoder that made the pool's features."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import TRAINER, answered, shown_pool
from PIL import Image
from test_load_model import of_raw_texts, raw_pool

import acqkit
from acqkit.encoding import build_pool, make_encoder, read_about
from acqkit.encoding.again import modalities_for
from acqkit.errors import AcqkitWarning, ConfigError, ExportError
from acqkit.export import About, Found, Search, export_campaign
from acqkit.models import TwoTower
from acqkit.pool.built import EncoderAbout
from acqkit.pool.features import Places
from acqkit.pool.placed import placed

pytest.importorskip("acqkit_encoders", reason="acqkit-encoders is missing")

CODE = """
import numpy as np

def letters(items):
    return np.array([[item.count(c) for c in "abcdefghijk0123456789"] for item in items], float)

def colors(items):
    return np.stack([np.asarray(item.resize((2, 2)), np.float32).ravel() / 255 for item in items])
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder with the module of encoders, 40 files and an export of what they became."""
    home = tmp_path_factory.mktemp("items")
    (home / "own_encoders_17.py").write_text(CODE)
    rows = ["file,text,kind"]
    for i in range(40):
        Image.new("RGB", (8, 8), (i * 6, 200 - i, i % 7 * 30)).save(home / f"{i:02}.png")
        rows.append(f"{i:02}.png,text {'abcde'[i % 5] * 3} number {i},{('even', 'odd')[i % 2]}")
    (home / "table.csv").write_text("\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        build_pool(
            "table.csv", a="file", b="text", label="kind", multilabel=False, out="pool",
            encode_a="callable:own_encoders_17:colors", encode_b="callable:own_encoders_17:letters",
        )  # fmt: skip
        pool = acqkit.load_pool("pool")
        with answered(home / "c", pool, 10, model=TwoTower(hidden=8, dim=4)) as campaign:
            export_campaign(campaign, home / "out")
        yield home


def ids(found: Found) -> list[Any]:
    return [match.id for match in found.matches]


def test_an_export_says_what_encoded_its_pool(home: Path) -> None:
    about = Search(home / "out").about
    built = read_about(home / "pool")
    assert built is not None and about.encoders == built.encoders
    assert about.encoders["text"].distribution == "acqkit-encoders"
    card = (home / "out" / "README.md").read_text()
    assert 'acqkit search DIR "a text"' in card and "acqkit search DIR --file FILE" in card
    assert "callable(model='own_encoders_17:letters')" in card


def test_raw_items_are_embedded_as_their_features_are(home: Path) -> None:
    pool, model = acqkit.load_pool(home / "pool"), acqkit.load_model(home / "out")
    batch = pool.batch(np.arange(6))
    texts = [pool.display["text"][i] for i in range(6)]
    files = [home / f"{i:02}.png" for i in range(6)]
    pictures = [Image.open(file) for file in files]
    wanted = model.embed(batch.b, "text").mean
    np.testing.assert_allclose(model.embed(texts, "text").mean, wanted, atol=1e-6)
    wanted = model.embed(batch.a, "file").mean
    for items in (files, pictures, [file.read_bytes() for file in files]):
        np.testing.assert_allclose(model.embed(items, "file").mean, wanted, atol=1e-6)
    search = Search(home / "out")
    for i, text in enumerate(texts):
        by_text, by_file = search.of_text(text), search.of_file(files[i])
        assert (by_text.modality, by_text.gallery, by_file.gallery) == ("text", "file", "text")
        assert ids(by_text) == ids(search.of_pair(pool.ids[i], modality="text"))
        assert ids(by_file) == ids(search.of_pair(pool.ids[i], modality="file"))
        assert by_text.shown[0].text == text and by_file.shown[0].picture is not None


def test_what_cannot_be_looked_for_is_one_sentence(home: Path, tmp_path: Path) -> None:
    search = Search(home / "out")
    (tmp_path / "note.txt").write_text("a note")
    (tmp_path / "half.png").write_bytes((home / "00.png").read_bytes()[:40])
    for name, why in {
        "note.txt": "is neither a picture nor a sound",
        "half.png": "is no picture that can be read",
        "none.png": "cannot be read",
    }.items():
        with pytest.raises(ExportError, match=rf"{name} {why}"):
            search.of_file(tmp_path / name)
    with pytest.raises(ExportError, match="text is encoded from texts, got pictures"):
        search.of_file(home / "00.png", modality="text")
    with pytest.raises(ExportError, match="no modality 'txt'; did you mean 'text'"):
        search.of_text("x", modality="txt")
    with answered(tmp_path / "c", shown_pool(40), model="sklearn") as campaign:
        export_campaign(campaign, tmp_path / "features")
    with pytest.raises(ExportError, match="pool was given as features; search with --features or"):
        Search(tmp_path / "features").of_text("a text")


def changed(home: Path, tmp_path: Path, **fields: Any) -> Search:
    """An export whose encoder of texts has other fields."""
    out = Path(shutil.copytree(home / "out", tmp_path / "changed", dirs_exist_ok=True))
    data = json.loads((out / "export.json").read_text())
    data["encoders"]["text"] |= fields
    (out / "export.json").write_text(json.dumps(data))
    return Search(out)


def test_an_encoder_that_cannot_be_made_says_what_is_missing(home: Path, tmp_path: Path) -> None:
    record = {"name": "callable", "params": {"model": "gone_17:letters"}}
    wanted: dict[str, dict[str, Any]] = {
        "module 'gone_17', which is neither installed nor in": {"record": record},
        "encoder nobodys is not installed; pip install acqkit-nobodys": {
            "record": record | {"name": "nobodys"},
            "distribution": "acqkit-nobodys",
        },
        "an object of mine.Own, which no plugin registers": {
            "record": {"class": "mine.Own", "params": {}}
        },
        "minilm, from which the encoder callable was loaded, is gone": {
            "record": {"name": "callable", "params": {"model": "minilm"}},
            "paths": ["model"],
        },
        "vectors of shape (1, 21), wanted (1, 9)": {"width": 9},
    }
    for why, fields in wanted.items():
        search = changed(home, tmp_path, **fields)
        with pytest.raises(ExportError) as error:
            search.of_text("abc")
        assert why in str(error.value) and str(error.value).startswith("text cannot be encoded: ")
        assert "\n" not in str(error.value)
        assert len(search.of_pair("00.png").matches) == 10  # which needs no encoder


def test_an_encoder_that_changed_is_noted(home: Path, tmp_path: Path) -> None:
    with pytest.warns(AcqkitWarning, match=r"not as it was .* file \w+ \(then 1234\)"):
        changed(home, tmp_path, version={"file": "1234"}).of_text("abc")


def test_paths_are_found_from_where_the_pool_was_built(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    about = EncoderAbout(
        record={"name": "callable", "params": {"model": "m"}}, version={}, kind="text", width=3,
        folder=str(tmp_path), paths=("model",),
    )  # fmt: skip
    with pytest.raises(ConfigError, match=f"the encoder is '{tmp_path / 'm'}'"):
        make_encoder(about)


def test_code_beside_the_model_is_not_run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {"name": "callable", "params": {"model": "poison_17:f"}}
    folder = changed(home, tmp_path, record=record).folder
    (folder / "poison_17.py").write_text("open('run', 'w')\ndef f(items): return items\n")
    (folder / "deep").mkdir()
    for place in (folder, folder / "deep"):
        monkeypatch.chdir(place)
        with pytest.raises(ExportError, match="encoders are not made from within"):
            Search(folder).of_text("abc")
        with pytest.raises(ExportError, match="encoders are not made from within"):
            Search(folder)._queries.modality_of("audio")
        assert not (place / "run").exists()


def test_a_query_is_of_the_modality_that_takes_it(home: Path, tmp_path: Path) -> None:
    found = read_about(home / "pool")
    assert found is not None
    both = {"x": found.encoders["text"], "y": found.encoders["text"]}
    assert modalities_for(found.encoders, "text") == ["text"]
    assert modalities_for(both, "text") == ["x", "y"] and modalities_for(both, "image") == []
    search = changed(home, tmp_path)
    search.about.encoders["file"] = found.encoders["text"]
    with pytest.raises(ExportError, match=r"file and text both take texts; say .* --modality file"):
        search.of_text("abc")


def test_a_model_of_raw_items_needs_no_encoder(tmp_path: Path) -> None:
    pool = raw_pool()
    with answered(tmp_path / "c", pool, 10, model=of_raw_texts(), trainer=TRAINER) as campaign:
        about: About = export_campaign(campaign, tmp_path / "out")
    assert about.pool.items == ("text", "text") and about.encoders == {}
    search = Search(tmp_path / "out", model=of_raw_texts())
    with pytest.raises(ExportError, match="image and text both take texts"):
        search.of_text("text 7")
    by_text = search.of_text("text 7", 5, "text")
    assert ids(by_text) == ids(search.of_pair(1, 5, "text"))
    with pytest.raises(ExportError, match="no modality takes pictures: the model reads other raw"):
        Image.new("RGB", (4, 4)).save(tmp_path / "p.png")
        search.of_file(tmp_path / "p.png")
    with pytest.raises(ExportError, match="text are no pictures to the model"):
        search.of_file(tmp_path / "p.png", modality="text")


def test_encoders_stay_with_a_part_of_a_pool(home: Path) -> None:
    pool = acqkit.load_pool(home / "pool")
    assert list(pool.take(np.arange(3)).encoders) == ["file", "text"]
    assert replace(pool, name="x").encoders == pool.encoders
    named = acqkit.load_pool(home / "pool", modalities=("picture", "words"))
    assert named.encoders["words"] == pool.encoders["text"]
    of_texts = pool.encoders["text"].model_copy(update={"version": {"file": "1234"}})
    other = replace(pool, encoders={**pool.encoders, "text": of_texts})
    both = Places(np.array([0, 1]), np.array([0, 1]))
    assert list(placed([pool, other], both, ["x", "y"], np.zeros(2, bool)).encoders) == ["file"]
