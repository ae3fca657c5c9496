"""Every door by name; run as a script, what `benchmarks/doors.py` does."""

from __future__ import annotations

import sys
import warnings

from count_doors import main
from door import Door

DOORS: dict[str, Door] = {}

if __name__ == "__main__":
    warnings.simplefilter("error")
    sys.exit(main(DOORS))
