"""The conformance kit: what a plugin author runs, in one line, on a component.

    test_conformance = acqkit.testing.conformance_test(NearestMiss())

Every check becomes one pytest case, called by its name, e.g.
`test_conformance[NearestMiss-permuting_the_pool]`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from acqkit.components.registry import registry
from acqkit.errors import did_you_mean
from acqkit.interfaces import Component, ModelFactory
from acqkit.testing.checks_inputs import INPUTS, PARAMETERS, UNEMBEDDED
from acqkit.testing.checks_invariance import INVARIANCE, SYMMETRY
from acqkit.testing.checks_picks import PICKS
from acqkit.testing.checks_random import RANDOM
from acqkit.testing.checks_scorer import SCORER
from acqkit.testing.checks_trainer import TRAINER
from acqkit.testing.subject import Subject, kind_of

_SELECTING = (*PICKS, *RANDOM, *INVARIANCE, *SYMMETRY, *INPUTS, *UNEMBEDDED, *PARAMETERS)
_CHECKS: dict[str, tuple[Callable[[Subject], None], ...]] = {
    "strategy": _SELECTING,
    "allocator": _SELECTING,
    "scorer": (*SCORER, *_SELECTING),
    "trainer": (*TRAINER, *PARAMETERS),
}

ExpectedFailures = Mapping[str, str]
"""Why a check fails, by the check's name."""


@dataclass(frozen=True)
class Check:
    """One check for one kind of component; call it with the component."""

    name: str
    about: str
    kind: str
    run: Callable[[Subject], None]
    model: ModelFactory | None = None

    def __call__(self, component: Component) -> None:
        """Raise ConformanceError, saying what is wrong, if the component does not conform."""
        self.run(Subject(component, self.kind, self.model).fresh())


def checks(
    component: Component, *, kind: str | None = None, model: ModelFactory | None = None
) -> list[Check]:
    """All checks that apply to a component.

    `kind` is needed only where a component has the methods of several kinds. `model` builds
    the model that a trainer is tried on (default: the registered `two-tower`).
    """
    found = kind or kind_of(component, _CHECKS)
    if found not in _CHECKS:
        raise TypeError(f"the conformance kit checks {', '.join(_CHECKS)}, got kind {found!r}")
    if found == "trainer" and model is None:
        model = cast(ModelFactory, registry().make("model", "two-tower"))
    spared = (() if component.symmetric else SYMMETRY) + (
        UNEMBEDDED if component.needs_embeddings else ()
    )
    runs = [run for run in _CHECKS[found] if run not in spared]
    return [
        Check(run.__name__, (inspect.getdoc(run) or "").partition("\n")[0], found, run, model)
        for run in runs
    ]


def parametrize_with_checks(
    components: Sequence[Component] | Mapping[str, Component],
    *,
    expected_failures: Mapping[str, ExpectedFailures] | None = None,
    kind: str | None = None,
    model: ModelFactory | None = None,
) -> pytest.MarkDecorator:
    """Parametrize a test with arguments `component` and `check` over all components' checks.

    A component's name in the test ids is its class name, or its key when a mapping is given.
    `expected_failures`, by that name and by check, says why a check fails; such a case is a
    strict xfail, so that a failure that was mended does not stay in the list.
    """
    if not isinstance(components, Mapping):
        names = [type(component).__name__ for component in components]
        components = dict(zip(names, components, strict=True))
        if len(components) < len(names):
            raise TypeError(
                f"several components of one class among {', '.join(names)}; give a mapping from "
                "names of your choice"
            )
    expected = dict(expected_failures or {})
    _refuse_unknown("components", expected, components)
    cases = []
    for name, component in components.items():
        found = checks(component, kind=kind, model=model)
        reasons = expected.get(name, {})
        _refuse_unknown(f"checks of {name}", reasons, {check.name: check for check in found})
        cases += [_case(name, component, check, reasons.get(check.name)) for check in found]
    return pytest.mark.parametrize(("component", "check"), cases)


def conformance_test(
    component: Component,
    *,
    expected_failures: ExpectedFailures | None = None,
    kind: str | None = None,
    model: ModelFactory | None = None,
) -> Callable[..., None]:
    """A test function with one case per check, to be bound to a name that starts with `test_`."""
    name = type(component).__name__

    @parametrize_with_checks(
        {name: component},
        expected_failures={name: expected_failures or {}},
        kind=kind,
        model=model,
    )
    def test_conformance(component: Component, check: Check) -> None:
        check(component)

    return test_conformance


def _case(name: str, component: Component, check: Check, reason: str | None) -> Any:
    marks = []
    if reason is not None:
        if not reason.strip():
            raise TypeError(f"the expected failure of {check.name} on {name} needs a reason")
        marks.append(pytest.mark.xfail(reason=reason, strict=True))
    return pytest.param(component, check, id=f"{name}-{check.name}", marks=marks)


def _refuse_unknown(what: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise TypeError(
                f"expected_failures names {name!r}, not among the {what}; "
                f"{did_you_mean(name, known)}"
            )
