"""Campaigns: ask which pairs to label next, tell their labels, over days and processes.

Names are imported on first use: how far a campaign is needs neither its pool nor its components.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acqkit.campaign.answers import SKIP as SKIP
    from acqkit.campaign.answers import Label as Label
    from acqkit.campaign.answers import Skip as Skip
    from acqkit.campaign.batch import Batch as Batch
    from acqkit.campaign.batch import CampaignStatus as CampaignStatus
    from acqkit.campaign.campaign import Campaign as Campaign
    from acqkit.campaign.training import Trained as Trained

_HOMES = {
    "answers": ["SKIP", "Label", "Skip"],
    "batch": ["Batch", "CampaignStatus"],
    "campaign": ["Campaign"],
    "training": ["Trained"],
}
_MODULES = {name: f"acqkit.campaign.{module}" for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'acqkit.campaign' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
