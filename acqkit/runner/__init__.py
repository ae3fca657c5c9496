"""Simulated runs: a client of ask and tell with an oracle, nothing more."""

from acqkit.runner.results import LabelPrecision as LabelPrecision
from acqkit.runner.results import Results as Results
from acqkit.runner.results import RoundRecord as RoundRecord
from acqkit.runner.runs import compare as compare
from acqkit.runner.runs import execute as execute
from acqkit.runner.runs import run as run
