"""What `import acqkit` offers, which is a promise."""

from __future__ import annotations

import acqkit


def test_public_names() -> None:
    assert acqkit.__all__ == [
        "AcqkitError",
        "Allocator",
        "Batch",
        "Campaign",
        "Component",
        "LabelState",
        "LinearClassifier",
        "ModalityEmbeddings",
        "Model",
        "PairBatch",
        "PairEmbeddings",
        "PairPool",
        "Pool",
        "RoundContext",
        "RunConfig",
        "Scorer",
        "Scores",
        "Selection",
        "Strategy",
        "Trainer",
        "build_pool",
        "compare",
        "hookimpl",
        "load_model",
        "load_pool",
        "run",
    ]
