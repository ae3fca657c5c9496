"""Run by a test: what an exported folder gives in a process that has nothing else.

python read_export.py FEATURES.npz FOLDER... writes FOLDER.npz for each. The encoder of texts is a
function in the current folder.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import acqkit
from acqkit.export import Search

TEXT = "<b>text</b> 17"


def main() -> None:
    features = np.load(sys.argv[1])
    for folder in sys.argv[2:]:
        model = acqkit.load_model(folder)
        search = Search(folder)
        found: dict[str, Any] = {}
        for name, modality in zip("ab", model.modalities, strict=True):
            embedded = model.embed(features[name], modality)
            assert embedded.probabilities is not None
            found |= {f"{name}.mean": embedded.mean, f"{name}.p": embedded.probabilities}
            ten = search.of_features(features[name], 10, modality)
            found[f"{name}.ten"] = np.array([[m.position for m in one.matches] for one in ten])
        by_text = search.of_text(TEXT)
        found["text.ten"] = np.array([match.position for match in by_text.matches])
        np.savez(f"{folder}.npz", **found)


main()
