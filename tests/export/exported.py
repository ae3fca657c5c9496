"""A campaign on a pool with pictures and texts, answered and written out, for the tests of it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from acqkit import Campaign, PairPool
from acqkit.models import Supervised
from acqkit.pool.built import EncoderAbout
from acqkit.testing import make_pool

TRAINER = Supervised(min_steps=8, max_steps=8, batch_size=32)
NAMES = ("cat", "dog | cow", "=1+1")


def picture(number: int) -> bytes:
    """A small PNG of one color."""
    file = io.BytesIO()
    Image.new("RGB", (6, 4), (number % 256, 10, 200)).save(file, "PNG")
    return file.getvalue()


def shown_pool(n: int = 120, *, multilabel: bool = False, test_share: float = 0.25) -> PairPool:
    """Pairs with ids, pictures (one of them broken) and texts (one of them missing)."""
    pool = make_pool(n, 3, multilabel=multilabel, test_share=test_share)
    pictures = [picture(i) if i != 4 else b"\x89PNG\r\n\x1a\nbroken" for i in range(n)]
    texts = [None if i == 5 else f"<b>text</b> {i}" for i in range(n)]
    return replace(
        pool,
        class_names=NAMES,
        explicit_ids=np.array([f"p{i:03d}" for i in range(n)]),
        display={"image": pictures, "text": texts},
    )


def lacking(pool: PairPool) -> PairPool:
    """The pool with a modality missing in some pairs, never both."""
    order = np.arange(len(pool))
    return replace(pool, present=(order % 7 != 1, order % 5 != 2))


LETTERS = """import numpy as np

def letters(items):
    return np.array([[len(item), *map(item.count, "tex17")] for item in items], np.float32)
"""


def with_encoder_of_texts(pool: PairPool, folder: Path) -> PairPool:
    """The pool, its texts encoded by a function of the user's own in `folder`."""
    (folder / "own_letters.py").write_text(LETTERS)
    record = {"name": "callable", "params": {"model": "own_letters:letters"}}
    digest = hashlib.blake2b(LETTERS.encode(), digest_size=16).hexdigest()
    about = EncoderAbout(record=record, version={"file": digest}, kind="text", width=6)
    return replace(pool, encoders={"text": about})


def labels_of(pool: PairPool, positions: Any) -> dict[Any, list[str]]:
    """What the truth says of some pairs."""
    assert pool.truth is not None
    return {
        pool.ids[p]: [pool.class_names[c] for c in np.flatnonzero(pool.truth[p])]
        for p in np.asarray(positions).tolist()
    }


def answered(folder: Path, pool: PairPool, n: int = 24, **parts: Any) -> Campaign:
    """A campaign in which two people answered."""
    trained = {} if "model" in parts else {"trainer": TRAINER}
    given: dict[str, Any] = {"strategy": "random"} | trained | parts
    campaign = Campaign.create(folder, pool, **given)
    batch = campaign.ask(n, strategy="random")
    answers = labels_of(pool, batch.positions)
    first, last = list(answers)[: n // 2], list(answers)[-1]
    campaign.tell(batch.batch_id, answers | {last: None}, annotator="ann")
    campaign.tell(batch.batch_id, {i: answers[i] for i in first}, annotator="bob")
    return campaign
