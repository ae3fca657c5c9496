"""What a campaign is made with: written down once, and found again when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acqkit.campaign.parts import Part, make_part, reopen_part
from acqkit.campaign.view import check_fingerprint, fingerprint
from acqkit.errors import CampaignError, PoolError
from acqkit.loading import load_pool
from acqkit.pool import PairPool

_KINDS: tuple[str, ...] = ("strategy", "trainer", "model")


def make_parts(given: Mapping[str, Any]) -> dict[str, Part]:
    """Strategy, trainer and model from what the caller gave."""
    return {kind: make_part(kind, given[kind]) for kind in _KINDS}


def make_settings(
    pool: PairPool, parts: Mapping[str, Part], **others: str | int | None
) -> dict[str, Any]:
    """The plain data from which `reopen` finds everything again."""
    return {
        "pool": pool.name,
        "fingerprint": fingerprint(pool),
        **others,
        **{kind: part.record for kind, part in parts.items()},
    }


def reopen(
    folder: Path, settings: Mapping[str, Any], pool: PairPool | None, given: Mapping[str, Any]
) -> tuple[PairPool, dict[str, Part]]:
    """Pool and parts of a campaign; raises CampaignError if what was given is other than stored."""
    parts: dict[str, Part] = {
        kind: reopen_part(kind, settings[kind], given[kind]) for kind in _KINDS
    }
    found = _referenced_pool(folder, settings) if pool is None else pool
    check_fingerprint(found, settings["fingerprint"])
    return found, parts


def _referenced_pool(folder: Path, settings: Mapping[str, Any]) -> PairPool:
    reference = settings["pool_reference"]
    if reference is None:
        raise CampaignError(
            f"campaign {folder} does not know where its pool {settings['pool']!r} is; "
            "pass the pool: open(folder, pool)"
        )
    try:
        return load_pool(reference)
    except PoolError as error:
        raise CampaignError(
            f"campaign {folder} cannot load its pool: {error}; pass the pool: open(folder, pool)"
        ) from None
