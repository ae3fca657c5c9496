"""Simulated runs: a client of ask and tell with an oracle, nothing more."""

from acqkit.runner.compare import compare as compare
from acqkit.runner.compare import execute as execute
from acqkit.runner.compare import run as run
from acqkit.runner.results import Results as Results
from acqkit.runner.results import RoundRecord as RoundRecord
