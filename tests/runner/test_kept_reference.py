from __future__ import annotations

from pathlib import Path

import pytest

import acqkit
from acqkit.runs import Results
from acqkit.testing import make_pool

SHORT = {"strategy": "random", "model": "sklearn", "initial": 12, "per_round": 4, "rounds": 1}
HOW = SHORT | {"seeds": 1, "full": True}


@pytest.fixture(scope="module")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """A run with the training with all labels, and its results."""
    out = tmp_path_factory.mktemp("kept") / "run"
    return out, acqkit.run(make_pool(60, test_share=0.25), out=out, **HOW)


@pytest.mark.parametrize("damage", [b"{", b"\xff", b"[1]", b'{"figures": {"map": "x"}}', b""])
def test_a_damaged_training_with_all_labels_is_made_anew(
    run_once: tuple[Path, Results], damage: bytes
) -> None:
    out, results = run_once
    kept = sorted(out.rglob("full/*.json"))
    before = [file.read_bytes() for file in kept]
    assert kept
    kept[0].write_bytes(damage)
    assert acqkit.run(make_pool(60, test_share=0.25), out=out, **HOW).full == results.full
    assert [file.read_bytes() for file in kept] == before
