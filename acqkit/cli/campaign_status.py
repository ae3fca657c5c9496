"""What `acqkit campaign status` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acqkit.campaign.batch import CampaignStatus
from acqkit.cli.console import say_table


def say_status(status: CampaignStatus) -> None:
    """Print how far a campaign is, as a table."""
    rows: dict[str, Any] = {
        name.replace("_", " "): getattr(status, name) for name in status.__dataclass_fields__
    }
    say_table(
        rows
        | {
            "skipped": f"{status.skipped} (can't tell)",
            "pending": f"{status.pending} (asked for, not answered)",
            "open batches": ", ".join(status.open_batches) or "none",
            "labels per class": _counts(status.labels_per_class),
            "answers by annotator": _counts(status.answers_by_annotator),
        }
    )


def _counts(counts: Mapping[str, int]) -> str:
    """A line each; an annotator without a name is nobody named."""
    width = max((len(str(count)) for count in counts.values()), default=0)
    lines = [f"{count:{width}}  {name or 'nobody named'}" for name, count in counts.items()]
    return "\n".join(lines) or "none"
