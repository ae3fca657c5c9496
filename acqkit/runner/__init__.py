"""Simulated runs: a client of ask and tell with an oracle, nothing more."""

from acqkit.runner.runs import compare as compare
from acqkit.runner.runs import execute as execute
from acqkit.runner.runs import run as run
