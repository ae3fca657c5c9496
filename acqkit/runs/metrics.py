"""The table of metrics: every one that is installed, what it is called and what it finds."""

from __future__ import annotations

import math
from numbers import Real
from typing import cast

from acqkit.components.registry import Registered, registry
from acqkit.errors import PluginError
from acqkit.interfaces import Evaluation, Metric
from acqkit.runs.records import MetricFacts


def installed_metrics() -> dict[str, Registered]:
    """Every metric by name: those of acqkit first, in the order in which they are offered."""
    offers = registry().components.values()
    return {offer.name: offer for offer in offers if offer.kind == "metric"}


def metric_facts(modalities: tuple[str, str]) -> dict[str, MetricFacts]:
    """What people are told of every metric, by name."""
    return {
        name: MetricFacts.of(name, offer.factory, modalities)
        for name, offer in installed_metrics().items()
    }


def metric_versions() -> dict[str, str]:
    """Versions of the distributions that metrics come from."""
    return {offer.distribution: offer.version for offer in installed_metrics().values()}


def measure(evaluation: Evaluation) -> dict[str, float]:
    """What each metric finds, by name, without those that cannot be measured.

    Raises PluginError, naming metric and distribution, for what is no finite number.
    """
    found: dict[str, float] = {}
    for name, offer in installed_metrics().items():
        value = cast(Metric, registry().make("metric", name)).measure(evaluation)
        if value is None:
            continue
        if not isinstance(value, Real) or not math.isfinite(value):
            raise PluginError(
                f"metric {name!r} of {offer.distribution} measured {value!r}, wanted a finite "
                "number, or None where it cannot be measured"
            )
        found[name] = float(value)
    return found
