"""Simulated runs as plain data: what was found, where it lies and what it depends on."""

from acqkit.runs.records import PHASES as PHASES
from acqkit.runs.records import LabelPrecision as LabelPrecision
from acqkit.runs.records import Measured as Measured
from acqkit.runs.records import MetricFacts as MetricFacts
from acqkit.runs.records import PoolSummary as PoolSummary
from acqkit.runs.records import Reference as Reference
from acqkit.runs.records import Results as Results
from acqkit.runs.records import Retrieval as Retrieval
from acqkit.runs.records import Retrieved as Retrieved
from acqkit.runs.records import RoundRecord as RoundRecord
