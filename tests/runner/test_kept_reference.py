from __future__ import annotations

from pathlib import Path

import pytest

import acqkit
from acqkit.testing import make_pool

SHORT = {"strategy": "random", "model": "sklearn", "initial": 12, "per_round": 4, "rounds": 1}


@pytest.mark.parametrize("damage", [b"{", b"\xff", b"[1]", b'{"figures": {"map": "x"}}', b""])
def test_a_damaged_training_with_all_labels_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    pool, how = make_pool(60, test_share=0.25), SHORT | {"seeds": 1, "full": True}
    wanted = acqkit.run(pool, out=tmp_path / "run", **how).full
    kept = sorted((tmp_path / "run").rglob("full/*.json"))
    before = [file.read_bytes() for file in kept]
    assert kept
    kept[0].write_bytes(damage)
    assert acqkit.run(pool, out=tmp_path / "run", **how).full == wanted
    assert [file.read_bytes() for file in kept] == before
