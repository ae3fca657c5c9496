"""Every door by name; run as a script, what `benchmarks/doors.py` does."""

from __future__ import annotations

import sys
import warnings

from count_doors import main
from door import Door
from test_campaign_door import DOOR as CAMPAIGN
from test_config_door import DOOR as CONFIG
from test_pools import DOOR as POOL
from test_results_door import DOOR as RESULTS
from test_sheets_door import DOOR as SHEET

from acqkit.components.registry import registry

DOORS: dict[str, Door] = {door.name: door for door in (CAMPAIGN, CONFIG, POOL, RESULTS, SHEET)}

if __name__ == "__main__":
    warnings.simplefilter("error")
    registry()  # what is imported once is not the time of the first input
    sys.exit(main(DOORS))
