"""What a campaign is made with: written down once, and found again when it is opened."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acqkit.campaign.fingerprint import check_fingerprint, fingerprint
from acqkit.components.registry import Registry
from acqkit.components.resolve import (
    Resolved,
    in_full,
    objects_in,
    older_record,
    resolve,
    unlike_all,
)
from acqkit.errors import AcqkitWarning, CampaignError, PoolError
from acqkit.loading import load_pool
from acqkit.pool import PairPool

_KINDS = ("strategy", "trainer", "model")


def make_parts(given: Mapping[str, Any], registry: Registry | None) -> dict[str, Resolved]:
    """Strategy, trainer and model from what the caller gave.

    Warns of an object that cannot say what it is, since nobody can open the campaign again.
    """
    parts = {kind: resolve(kind, given[kind], registry) for kind in _KINDS}
    for part in parts.values():
        why = unlike_all(part.record)
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
    """The plain data from which `reopen` finds everything again."""
    return {
        "pool": pool.name,
        "fingerprint": fingerprint(pool),
        **_whereabouts(folder, pool_reference),
        **others,
        **{kind: part.record for kind, part in parts.items()},
    }


def reopen(
    folder: Path,
    settings: Mapping[str, Any],
    pool: PairPool | None,
    given: Mapping[str, Any],
    registry: Registry | None,
) -> tuple[PairPool, dict[str, Resolved]]:
    """Pool and parts of a campaign; raises CampaignError if what was given is other than stored."""
    parts = {kind: reopen_part(kind, settings[kind], given[kind], registry) for kind in _KINDS}
    if pool is None:
        return _referenced_pool(folder, settings), parts
    check_fingerprint(pool, settings["fingerprint"])
    return pool, parts


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


def _whereabouts(folder: Path, reference: str | None) -> dict[str, str | None]:
    """Where the pool is: a data set's name, or a path, also as seen from the campaign."""
    if reference is None or not Path(reference).exists():
        return {"pool_reference": reference}
    path = Path(reference).resolve()
    try:
        beside = Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:  # another drive
        beside = None
    return {"pool_reference": str(path), "pool_from_here": beside}


def _referenced_pool(folder: Path, settings: Mapping[str, Any]) -> PairPool:
    """The campaign's own pool: the one that moved with it, else the one where it was."""
    reference = settings["pool_reference"]
    if reference is None:
        raise CampaignError(
            f"campaign {folder} does not know where its pool {settings['pool']!r} is; "
            "pass the pool: --pool PATH, or open(folder, pool)"
        )
    beside = settings.get("pool_from_here")
    moved = folder.resolve() / beside if beside else None
    places = [moved, reference] if moved is not None and moved.exists() else [reference]
    errors = []
    for place in places:
        try:
            pool = load_pool(place)
            check_fingerprint(pool, settings["fingerprint"])
            return pool
        except (PoolError, CampaignError) as error:
            errors.append(error)
    raise CampaignError(
        f"campaign {folder} cannot load its pool: {errors[0]}; if it moved, pass the pool: "
        "--pool PATH, or open(folder, pool)"
    )
