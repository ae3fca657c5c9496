"""The door through which campaigns come back: folders that lay on a disk for days."""

from __future__ import annotations

import dataclasses
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaign_inputs import FILE, INPUTS, Changed, write
from campaign_reader import Rows, batches_of, classes_of, labels_of, pairs_of, read, status_of
from door import IN_CI, Door, hold, knock
from hypothesis import given, settings
from kept_campaigns import CAMPAIGNS, SCHEMA_1, Kept, kept

from acqkit import Campaign, PairEmbeddings
from acqkit.campaign.status import stored_status
from acqkit.errors import AcqkitWarning
from acqkit.labels import SKIPPED, UNLABELED
from acqkit.pool.open import open_pool

pytestmark = pytest.mark.net


def put(changed: Changed, home: Path) -> Path:
    """The changed campaign, with the database as it is before acqkit looks at it."""
    folder = write(changed, home)
    (home / "how.json").write_text(json.dumps([changed.name, changed.ask]))
    (home / "before").mkdir()
    for path in (folder / FILE, folder / f"{FILE}-wal"):
        if path.is_file():
            shutil.copy(path, home / "before" / path.name)
    return folder


def open_campaign(folder: Path) -> dict[str, Any]:
    """What users of a campaign read of it."""
    _, ask = json.loads(folder.with_name("how.json").read_text())
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        # Of artifacts that are damaged and pairs that are missing: these are sentences.
        warnings.simplefilter("ignore", AcqkitWarning)
        counted = stored_status(folder)
        found["counted"] = counted and dataclasses.asdict(counted)
        beside = folder.with_name("pool.npz")  # where a campaign does not know its place
        pool = open_pool(beside) if beside.exists() else None
        with Campaign.open(folder, pool) as campaign:
            found["ids"] = campaign.pool.ids.tolist()
            found["status"] = dataclasses.asdict(campaign.status())
            found["labels"] = campaign.labels
            found["batches"] = [dataclasses.asdict(batch) for batch in campaign.batches()]
            found["records"] = campaign.records()
            embeddings = campaign.embeddings
            found["embeddings"] = embeddings and _arrays(embeddings)
            if ask:
                found["asked"] = campaign.ask(1, strategy="random").positions.tolist()
    return found


def _arrays(embeddings: PairEmbeddings) -> dict[str, np.ndarray[Any, Any]]:
    arrays = embeddings.columns() | embeddings.constants()
    return {name: np.array(values) for name, values in arrays.items()}


def judge(folder: Path, found: dict[str, Any]) -> str | None:
    name, _ = json.loads(folder.with_name("how.json").read_text())
    try:
        rows = read(folder.with_name("before") / FILE)
        return _difference(kept(name), rows, found)
    except Exception as error:  # noqa: BLE001 - read by acqkit and not by the other reader
        return f"another reader says {type(error).__name__}: {error}"


def _difference(made: Kept, rows: Rows, found: dict[str, Any]) -> str | None:
    pairs, train = pairs_of(rows)
    ids = found["ids"]
    listed = [each for row in rows.rosters for each in row["ids"] or ()]
    # A pair that is listed by an id which no pool has is missing, which a warning says.
    if ids not in (made.ids[:pairs], listed) or train not in (-1, sum(made.train[:pairs])):
        return f"pairs {ids}, {train} of them to train on"
    wanted = status_of(rows)
    for door in ("counted", "status"):
        for key, value in wanted.items():
            got = (found[door] or {}).get(key, value)
            if key in ("pairs", "free") and train == -1:
                continue
            if (list(got) if isinstance(got, tuple) else got) != value:
                return f"{key} is {got!r} ({door}), wanted {value!r}"
    for batch, right in zip(found["batches"], batches_of(rows), strict=True):
        for key in ("pending", "withdrawn"):
            right[key] = [ids[position] for position in right[key]]
        if right["about"] is not None:
            right["about"] = classes_of(rows).names[right["about"]]
        got = {key: _plain(batch[key]) for key in right}
        if got != right or [ids[position] for position in got["positions"]] != [*batch["ids"]]:
            return f"batch {got}, wanted {right}"
    if found["records"] != rows.records:
        return f"records {found['records']}, wanted {rows.records}"
    return _other_labels(rows, found) or _other_embeddings(made, found) or _other_ask(rows, found)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _other_labels(rows: Rows, found: dict[str, Any]) -> str | None:
    labels, wanted = found["labels"], labels_of(rows, len(found["ids"]))
    for position in range(len(found["ids"])):
        classes = np.flatnonzero(labels.matrix[position]).tolist()
        round, said = wanted.get(position, (UNLABELED, set()))
        right = (SKIPPED, []) if said is None else (round, sorted(said))
        if (labels.round[position], classes) != right:
            return f"pair {position}: {labels.round[position]}, {classes}, wanted {right}"
    return None


def _other_embeddings(made: Kept, found: dict[str, Any]) -> str | None:
    got = found["embeddings"]
    if got is None or made.folder.parent == SCHEMA_1:
        return None  # left unused, which a warning says; schema 1 kept no digests of them
    known = [
        _arrays(PairEmbeddings.load(manifest.parent))
        for manifest in made.folder.rglob("embeddings.json")
    ]
    for arrays in known:
        if arrays.keys() == got.keys() and all(
            np.array_equal(values, got[name]) for name, values in arrays.items()
        ):
            return None
    return "other embeddings than were kept"


def _other_ask(rows: Rows, found: dict[str, Any]) -> str | None:
    taken = {row["position"] for row in rows.items if not row["again"] and not row["withdrawn"]}
    wrong = taken & {*found.get("asked", ())}
    return f"asked again for {wrong}" if wrong else None


DOOR = Door("campaign", INPUTS, put, open_campaign, judge)


@settings(IN_CI, max_examples=300)  # each takes twice the time of a pool
@given(INPUTS)
def test_a_campaign_is_opened_as_its_rows_say_or_refused_in_a_sentence(changed: Changed) -> None:
    hold(DOOR, changed)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_to_which_nothing_happened_is_read_right(name: str) -> None:
    assert knock(DOOR, Changed(name, [], ask=True)).kind == "right"
