"""Loading executes nothing, and what is loaded is what was exported or an error in one sentence."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported import answered, shown_pool, with_encoder_of_texts
from sklearn.ensemble import RandomForestClassifier
from torch import nn

import acqkit
from acqkit import PairPool
from acqkit.errors import AcqkitError, EmbeddingError, ExportError
from acqkit.export import About, Search, export_campaign
from acqkit.interfaces import PairBatch
from acqkit.models import SklearnPairModel, TorchPairModel, TwoTower

RUN: list[str] = []


def executed(what: str) -> None:
    RUN.append(what)


class Poison:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return (executed, ("a pickle",))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("acqkit_encoders", reason="acqkit-encoders is missing")
    home = tmp_path_factory.mktemp("load")
    pool = with_encoder_of_texts(shown_pool(60), home)
    with answered(home / "c", pool, model=TwoTower(hidden=8, dim=4)) as campaign:
        export_campaign(campaign, home / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        Search(home / "out").of_text("found here, and kept from now on")
    return home / "out"


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "out"))


def use(folder: Path) -> None:
    """Everything that reads an exported folder."""
    acqkit.load_model(folder)
    search = Search(folder)
    search.of_pair("p003", 3)
    search.of_features(np.zeros(8, np.float32), 3)
    search.of_text("a text", 3)


def signed(folder: Path) -> None:
    """Let `export.json` say that the files are as they are: whoever poisons may do that too."""
    from acqkit.export.about import file_digests  # noqa: PLC0415

    about = json.loads((folder / "export.json").read_text())
    (folder / "export.json").unlink()
    about["files"] = file_digests(folder)
    (folder / "export.json").write_text(json.dumps(about))


def poisoned(kind: str, path: Path) -> None:
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Poison()))
    elif kind == "torch":
        torch.save({"x": Poison()}, path)
    else:
        with path.open("wb") as file:
            np.save(file, np.array([Poison()], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("kind", ["pickle", "torch", "npy"])
def test_no_pickle_is_read(folder: Path, kind: str) -> None:
    pickle.loads(pickle.dumps(Poison()))
    assert RUN == ["a pickle"]  # it is poison
    RUN.clear()
    use(folder)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(names) > 10
    for name in names:
        content = (folder / name).read_bytes()
        poisoned(kind, folder / name)
        for sign in (lambda _: None, signed) if name != Path("export.json") else (lambda _: None,):
            sign(folder)
            try:
                use(folder)
            except AcqkitError as error:
                assert len(str(error).splitlines()) == 1 and str(folder) in str(error), name
            assert not RUN, name
        (folder / name).write_bytes(content)
        if name != Path("export.json"):
            signed(folder)
    use(folder)


@pytest.mark.parametrize(
    "name",
    ["model.safetensors", "probe.safetensors", "pairs.parquet", "index_b.faiss", "labels.parquet",
     "embeddings/a_mean.npy"],
)  # fmt: skip
def test_damage_is_noticed(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 4
    (folder / name).write_bytes(content)
    with pytest.raises(ExportError, match=r"export again|damaged"):
        use(folder)
    (folder / name).unlink()
    with pytest.raises(ExportError):
        use(folder)


def test_a_folder_that_is_none(tmp_path: Path, folder: Path) -> None:
    text = (folder / "export.json").read_text()
    for other in (text[:-9], text.replace('"schema": 1', '"schema": 2'), "[]", "nul"):
        (folder / "export.json").write_text(other)
        with pytest.raises(ExportError, match="is damaged, or of another version of acqkit"):
            use(folder)
    for read in (acqkit.load_model, Search):
        with pytest.raises(ExportError, match=r"holds no exported model: there is no export\.json"):
            read(tmp_path)


def test_inputs_that_do_not_fit(exported: Path) -> None:
    model = acqkit.load_model(exported)
    assert model.modalities == ("image", "text") and model.dims == (8, 6)
    assert model.embed(torch.zeros(3, 6, dtype=torch.bfloat16), "text").mean.shape[0] == 3
    assert model.embed(np.zeros((0, 6)), "text").mean.shape == (0, 4 + 3)
    with pytest.raises(ExportError, match="no modality 'txt'; did you mean 'text'"):
        model.embed(np.zeros((1, 6)), "txt")
    for wrong in (np.zeros((2, 7)), np.zeros(6), "a text"):
        with pytest.raises(EmbeddingError, match=r"reads features of text of shape \[k, 6\], got"):
            model.embed(wrong, "text")
    with pytest.raises(EmbeddingError, match=r"reads features of image of shape \[k, 8\], got"):
        model.embed(["a text"], "image")
    with pytest.raises(EmbeddingError, match="not all finite"):
        model.embed(np.full((1, 6), np.nan), "text")


class Mean(nn.Module):
    """An encoder of texts: the mean of learned vectors of their letters."""

    def __init__(self, activation: Callable[..., nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.letters = nn.EmbeddingBag(256, 5)
        self.act = activation()

    def forward(self, words: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        found: torch.Tensor = self.act(self.letters(*words))
        return found


def letters(items: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    codes = [list(item.encode()) for item in items]
    starts = np.cumsum([0, *map(len, codes)])[:-1]
    joined = [code for item in codes for code in item]
    return torch.tensor(joined), torch.from_numpy(starts)


def of_raw_texts(activation: Callable[..., nn.Module] = nn.ReLU) -> TorchPairModel:
    torch.manual_seed(5)
    return TorchPairModel(
        Mean(activation), Mean(activation), dim=5, n_classes=2, multilabel=False,
        collate=(letters, letters),
    )  # fmt: skip


def raw_pool() -> PairPool:
    items = [(f"picture {i:x}", f"text {i * 7:x}", ("even", "odd")[i % 2]) for i in range(40)]
    return PairPool.from_dataset(items, label_column=2, modalities=("image", "text"))


def test_a_model_of_raw_items_embeds_a_text_alone(tmp_path: Path) -> None:
    pool = raw_pool()
    with answered(tmp_path / "c", pool, 10, model=of_raw_texts()) as campaign:
        export_campaign(campaign, tmp_path / "out")
        whole = campaign.trained().model.embed(pool.batch(np.arange(40)))
    with pytest.raises(ExportError, match=r"pass an untrained one: load_model\(folder, model="):
        acqkit.load_model(tmp_path / "out")
    model = acqkit.load_model(tmp_path / "out", model=of_raw_texts())
    for side, name in enumerate(pool.modalities):
        items = [pool.batch(np.arange(40)).a, pool.batch(np.arange(40)).b][side]
        np.testing.assert_allclose(model.embed(items, name).mean, whole.sides[side].mean, atol=1e-6)
    one = model.model.embed(PairBatch.of_one(1, ["text 7"]))
    np.testing.assert_allclose(one.b.mean[0], whole.b.mean[1], atol=1e-6)
    found = Search(tmp_path / "out", model=of_raw_texts()).of_pair(1, 4, "text")
    assert len(found.matches) == 4


def test_another_model_is_refused(tmp_path: Path) -> None:
    pool = shown_pool(40)

    def towers(activation: Callable[..., nn.Module]) -> TorchPairModel:
        a, b = (nn.Sequential(nn.Linear(w, 6), activation(), nn.Linear(6, 4)) for w in (8, 6))
        return TorchPairModel(a, b, dim=4, n_classes=3, multilabel=False)

    with answered(tmp_path / "c", pool, model=towers(nn.ReLU)) as campaign:
        export_campaign(campaign, tmp_path / "out")
    acqkit.load_model(tmp_path / "out", model=towers(nn.ReLU))  # with other initial weights
    with pytest.raises(ExportError, match="embeds otherwise here than where it was exported"):
        acqkit.load_model(tmp_path / "out", model=towers(nn.Sigmoid))
    with pytest.raises(ExportError, match=r"is acqkit.models.torch_pair.*two-tower\("):
        acqkit.load_model(tmp_path / "out", model=TwoTower())


def test_what_cannot_be_kept_is_left_out_and_said(tmp_path: Path) -> None:
    tree = RandomForestClassifier(2)
    model = SklearnPairModel(tree, tree, components=3)
    with answered(tmp_path / "c", shown_pool(40), model=model) as campaign:
        about: About = export_campaign(campaign, tmp_path / "out")
    assert not about.model.kept
    with pytest.raises(ExportError, match=r"holds no model: what the acqkit.* has learned"):
        acqkit.load_model(tmp_path / "out")
    assert len(Search(tmp_path / "out").of_pair("p001", 3).matches) == 3
