"""What is stored as JSON, checked before it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from acqkit.errors import CampaignError


def check_json(what: str, data: Mapping[str, Any]) -> None:
    """Raise CampaignError, calling the data `what`, unless it is plain JSON data."""
    try:
        json.dumps(dict(data), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CampaignError(f"{what} is no plain JSON data: {error}") from None
