"""What a campaign is made with: written down once, and found again when it is opened."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acqkit.campaign.fingerprint import fingerprint
from acqkit.campaign.trainers import trainer_for
from acqkit.campaign.view import TrainView
from acqkit.campaign.whereabouts import whereabouts
from acqkit.components.records import in_full, objects_in, unlike_all
from acqkit.components.registry import Registry
from acqkit.components.resolve import Resolved, older_record, resolve
from acqkit.errors import AcqkitWarning, CampaignError
from acqkit.labels import LabelState
from acqkit.pool import PairPool

_KINDS = ("strategy", "trainer", "model")


def make_parts(
    given: Mapping[str, Any], pool: PairPool, device: str, registry: Registry | None
) -> dict[str, Resolved]:
    """Strategy, trainer and model from what the caller gave; see `trainer_for`.

    Warns of an object that cannot say what it is, since nobody can open the campaign again.
    Raises CampaignError where there is no pair to label.
    """
    model = resolve("model", given["model"], registry)
    part = TrainView(pool).pool(LabelState.empty(len(pool), len(pool.class_names)))
    parts = {
        "strategy": resolve("strategy", given["strategy"], registry),
        "trainer": trainer_for(given["trainer"], model, part, device, registry),
        "model": model,
    }
    for made in parts.values():
        why = unlike_all(made.record)
        if why is not None:
            warnings.warn(
                f"the campaign cannot be opened again: {why}", AcqkitWarning, stacklevel=3
            )
    return parts


def make_settings(
    folder: Path,
    pool: PairPool,
    parts: Mapping[str, Resolved],
    pool_reference: str | None,
    **others: str | int,
) -> dict[str, Any]:
    """The plain data from which everything is found again."""
    return {
        "pool": pool.name,
        "fingerprint": fingerprint(pool),
        **whereabouts(folder, pool_reference),
        **others,
        **{kind: part.record for kind, part in parts.items()},
    }


def reopen(
    settings: Mapping[str, Any], given: Mapping[str, Any], registry: Registry | None
) -> dict[str, Resolved]:
    """Parts of a campaign; raises CampaignError if what was given is other than stored."""
    return {kind: reopen_part(kind, settings[kind], given[kind], registry) for kind in _KINDS}


def reopen_part(
    kind: str, stored: Mapping[str, Any], given: Any, registry: Registry | None = None
) -> Resolved:
    """The part that a campaign was made with; `given` is what the caller passed, or None.

    Raises CampaignError when `given` is another one, or is needed and missing.
    """
    objects = objects_in(stored)
    why = unlike_all(stored)
    if why is not None:
        raise CampaignError(f"the campaign cannot be opened again: {why}")
    if given is None:
        if objects:
            raise CampaignError(
                f"the campaign's {kind} is an object of {objects[0]['class']}, which no plugin "
                f"registers, so it cannot be made again by name; pass it: open(folder, {kind}=...)"
            )
        return resolve(kind, stored, registry)
    part = resolve(kind, given, registry)
    # Parameters that came with a newer version have their defaults in both.
    wanted = stored if objects else resolve(kind, stored, registry).record
    if part.record == wanted:
        return part
    if older_record(part) == stored:
        if any(old["params"] is None for old in objects):
            warnings.warn(
                f"the campaign was made by a version of acqkit that noted only the class of its "
                f"{kind}, {part.title}; nobody can tell whether the same object was passed",
                AcqkitWarning,
                stacklevel=4,
            )
        return part
    raise CampaignError(
        f"the campaign was made with the {kind} {in_full(wanted)}, but "
        f"{in_full(part.record)} was passed; pass the same, or make another campaign"
    )
