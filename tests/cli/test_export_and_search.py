"""`acqkit campaign export`, `acqkit export` and `acqkit search`, as people type them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from filled_sheets import fill
from finished import Command, assert_one_sentence

from acqkit.pool.folder import save_pool
from acqkit.runs import Results
from acqkit.testing import make_pool

QUICK = ("--set", "trainer.name=supervised", "--set", "trainer.min_steps=3", "--set",
         "trainer.max_steps=3")  # fmt: skip


def test_a_campaign_is_exported_and_searched(
    acqkit: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acqkit.models.Schedule.steps", lambda self, n: 3)
    assert acqkit("campaign", "ask", folder, "-n", 4).returncode == 0
    fill(folder / "batch-000.csv", "class0", "class1", "?", "class2")
    acqkit("campaign", "tell", folder, folder / "batch-000.csv", "--annotator", "ann")
    table, out = tmp_path / "labels.csv", tmp_path / "out"
    alone = acqkit("campaign", "export", folder, "--out", table)
    assert alone.stdout == f"4 labels written to {table}\n", alone.stderr
    done = acqkit("campaign", "export", folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert f"{out}: 3 labels, 42 pseudo-labels, the model, embeddings of 60 pairs" in done.stdout
    assert (out / "labels.csv").read_text() == table.read_text()
    assert_one_sentence(acqkit("campaign", "export", folder, "--out", out), "exists already")

    shown = acqkit("search", out, "--id", 7, "-k", 3, "--html", tmp_path / "deep" / "page.html")
    assert shown.returncode == 0, shown.stderr
    assert "text for image of pair 7" in shown.stdout
    assert "Content-Security-Policy" in (tmp_path / "deep" / "page.html").read_text()
    (found,) = json.loads(acqkit("search", out, "--id", 7, "-k", 3, "--json").stdout)
    assert [match["rank"] for match in found["matches"]] == [1, 2, 3]
    for match in found["matches"]:
        assert re.search(rf"│ {match['rank']} │ {match['id']}\b", shown.stdout)
    pool = make_pool(60, 3, test_share=0.25)
    np.save(tmp_path / "rows.npy", pool.batch(np.array([7, 8])).a)
    by_features = acqkit("search", out, "--features", tmp_path / "rows.npy", "-k", 3, "--json")
    first, second = json.loads(by_features.stdout)
    assert [m["id"] for m in first["matches"]] == [m["id"] for m in found["matches"]]
    assert second["query"] == "row 1"


def test_a_search_that_cannot_be_made_is_one_sentence(
    acqkit: Command, folder: Path, tmp_path: Path
) -> None:
    save_pool(make_pool(30, 2, dims=(5, 5)), tmp_path / "square")
    acqkit(
        "campaign", "init", tmp_path / "d", "--pool", tmp_path / "square", "--strategy", "random",
        "--model", "sklearn",
    )  # fmt: skip
    out = tmp_path / "out"
    assert acqkit("campaign", "export", tmp_path / "d", "--out", out).returncode == 0
    assert_one_sentence(acqkit("search", folder, "--id", 3), "holds no exported model")
    assert_one_sentence(acqkit("search", out), "got nothing to search for")
    as_features = acqkit("search", out, "a text")
    assert_one_sentence(as_features, "given as features; search with --features or --id")
    assert_one_sentence(acqkit("search", out, "--file", out / "README.md"), "give a picture or")
    assert_one_sentence(acqkit("search", out, "--id", 30), "there is no pair with id '30'")
    assert_one_sentence(acqkit("search", out, "--id", 3, "--modality", "x"), "no modality 'x'")
    for name, content in {"x.npy": b"nothing", "y.npy": b""}.items():
        (tmp_path / name).write_bytes(content)
        found = acqkit("search", out, "--features", tmp_path / name)
        assert_one_sentence(found, "is no .npy file of numbers")
    assert_one_sentence(acqkit("search", out, "--features", tmp_path / "z.npy"), "No such file")
    np.save(tmp_path / "v.npy", np.zeros(5))
    both = acqkit("search", out, "--features", tmp_path / "v.npy")
    assert_one_sentence(both, "do not say which modality", "give the modality")
    np.save(tmp_path / "w.npy", np.array(["a", "b"]))
    assert_one_sentence(acqkit("search", out, "--features", tmp_path / "w.npy", "--modality", "a"))
    assert acqkit("search", out, "--id", 3, "--features", tmp_path / "v.npy").returncode == 2


def test_a_run_is_exported_with_the_model_of_its_last_round(
    acqkit: Command, tmp_path: Path
) -> None:
    save_pool(make_pool(60, 3, test_share=0.25), tmp_path / "pool")
    run = ("run", "--pool", tmp_path / "pool", "--initial", 9, "--per-round", 3, "--rounds", 1)
    both = ("--strategy", "random", "--strategy", "entropy+top", "--seeds", 2, *QUICK)
    assert acqkit(*run, *both, "--out", tmp_path / "r").returncode == 0
    several = acqkit("export", tmp_path / "r", "--out", tmp_path / "e")
    assert_one_sentence(several, "holds several strategies", "random", "entropy+top")
    one = tmp_path / "r" / "entropy+top"
    done = acqkit("export", one, "--seed", 1, "--out", tmp_path / "e")
    assert done.returncode == 0, done.stderr
    about = json.loads((tmp_path / "e" / "export.json").read_text())
    last = next(r for r in Results.read(one / "results.json").rounds if (r.seed, r.round) == (1, 1))
    assert about["labels"]["labeled"] == last.labels == 12
    assert about["figures"]["map"] == pytest.approx(last.map, abs=1e-9)
    assert (tmp_path / "e" / "labels.csv").read_text().count("oracle") == 12
    gone = acqkit("export", one, "--seed", 5, "--out", tmp_path / "f")
    assert_one_sentence(gone, "there is no seed 5", "its seeds are 0, 1")
    assert_one_sentence(acqkit("export", tmp_path / "e", "--out", tmp_path / "f"), "results.json")
