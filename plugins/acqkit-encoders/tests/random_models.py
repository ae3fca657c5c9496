"""Models of transformers with a small random configuration, saved as the library does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch


def save_models(root: Path) -> Path:
    """A CLIP, a ViT and a BERT, each in a folder of `root`; skips where the library is missing."""
    library = pytest.importorskip("transformers", reason="transformers is missing")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "two", "dogs", "run"]
    (root / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = library.BertTokenizer(str(root / "vocab.txt"))
    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    size |= {"num_attention_heads": 2}
    text = size | {"vocab_size": 10, "max_position_embeddings": 12}
    vision = size | {"image_size": 32, "patch_size": 8}
    ends = {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0}
    clip = library.CLIPConfig(text_config=text | ends, vision_config=vision, projection_dim=8)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)  # heads learn more on some random features
        models = {
            "clip": library.CLIPModel(clip),
            "bert": library.BertModel(library.BertConfig(**text)),
            "vit": library.ViTModel(library.ViTConfig(**vision)),
        }
    pictures = {"do_resize": True, "size": {"height": 32, "width": 32}}
    for name, model in models.items():
        model.eval().save_pretrained(root / name)
        if name != "vit":
            tokenizer.save_pretrained(root / name)
        if name == "clip":
            crop = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
            processor = library.CLIPProcessor(library.CLIPImageProcessor(**crop), tokenizer)
            processor.save_pretrained(root / name)
        if name == "vit":
            library.ViTImageProcessor(**pictures).save_pretrained(root / name)
    return root
