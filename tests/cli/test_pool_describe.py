"""`acqkit pool describe` in words: what a pool has, and what it lacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acqkit.cli.console import say_table
from acqkit.cli.pool import MOST_CLASSES, summary
from acqkit.pool import PairPool
from acqkit.pool.describe import describe

N = 30


def words(**columns: Any) -> dict[str, str]:
    rng = np.random.default_rng(0)
    vectors = [rng.standard_normal((N, d), dtype=np.float32) for d in (6, 4)]
    settings: dict[str, Any] = {"class_names": ["x", "y"]}
    return summary(describe(PairPool.from_arrays(*vectors, **settings | columns)))


def test_a_pool_that_lacks_everything_says_so() -> None:
    assert words() == {
        "pool": "pool",
        "pairs": "30, with no test part: a run keeps one by itself",
        "modality a": "6 numbers a pair (float32)",
        "modality b": "4 numbers a pair (float32)",
        "labels": "none yet (single-label)",
        "classes": "2: x, y",
        "ids": "none: pairs go by their positions",
        "to look at": "nothing: people would see ids alone",
        "costs": "none: every label costs the same",
        "groups": "none",
    }


def test_a_pool_that_has_everything_says_what() -> None:
    said = words(
        name="mine",
        modalities=("photo", "sound"),
        labels=np.arange(N) % 2,
        split=np.array(["train"] * 20 + ["test"] * 10),
        ids=[f"p{i}" for i in range(N)],
        cost=np.ones(N),
        group=np.arange(N) % 3,
        present=(None, np.arange(N) > 4),
        display={"photo": [b"\x89PNG\r\n\x1a\n"] * N, "words": ["x"] * N},
        class_names=["x", "y", "never"],
    )
    assert said["pairs"] == "30: 20 to learn from, 10 to evaluate"
    assert said["modality sound"] == "4 numbers a pair (float32); 5 of 30 pairs lack it"
    assert said["labels"] == (
        "single-label; 0 pairs are labeled; the truth is known for every pair, so runs can simulate"
    )
    assert said["classes"] == (
        "3, with the pairs of each: x (15), y (15), never (0); 1 of them has no pair"
    )
    assert said["to look at"] == "photo (pictures), words (text)"
    assert [said[key] for key in ("ids", "costs", "groups")] == ["yes"] * 3


def test_labels_so_far_are_no_truth() -> None:
    labels: list[Any] = [["x"], ["x", "y"], *[[]] * (N - 2)]
    rounds = np.array([0, 0, *[-1] * (N - 2)])
    assert words(labels=labels, labeled_round=rounds)["labels"] == (
        "multi-label, 1.50 classes a labeled pair; 2 of 30 pairs are labeled; the others are "
        "unlabeled, not of no class: runs ask for and evaluate on labeled ones alone, and train on "
        "the others without labels"
    )
    none = words(labels=[[]] * N, labeled_round=np.full(N, -1))
    assert none["labels"] == "multi-label; no pair is labeled yet"


def test_pairs_of_no_class_are_counted() -> None:
    rows = np.eye(2, dtype=np.uint8)[np.arange(N) % 2]
    rows[4:] = 0
    assert words(labels=rows, multilabel=True)["labels"].endswith(
        "so runs can simulate; 26 pairs have none of the classes (were they only not labeled yet, "
        "a column labeled_round would have to say so, with -1)"
    )


def test_many_classes_are_counted_and_the_frequent_named() -> None:
    names = [f"class {i}" for i in range(45)]
    labels = np.minimum(np.arange(N) % 12, 9)
    said = words(class_names=names, labels=labels)["classes"]
    assert said.startswith("45, with the pairs of each: class 9 (6), class 0 (3)")
    assert f"and {45 - MOST_CLASSES} more; 35 of them have no pair" in said


def test_what_a_stranger_calls_things_fits_the_screen_and_is_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ["[/x]", "[red]a[/red]", "\x1b[31mred", "long " * 40]
    say_table(words(class_names=names, modalities=("[b]m[/b]", "y" * 100), name="n" * 200))
    lines = capsys.readouterr().out.splitlines()
    shown = " ".join(line.split("\u2502")[2].strip() for line in lines if "\u2502" in line)
    assert max(map(len, lines)) <= 80
    assert all(name in shown for name in ("[/x]", "[red]a[/red]", "\\x1b[31mred"))
