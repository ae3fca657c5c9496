"""The reference trainer and the built-in models pass the kit that plugin authors run."""

from __future__ import annotations

from toy import QUICK, SMALL

from acqkit.models.given import OwnFit
from acqkit.models.sklearn_pair import LogisticPair
from acqkit.testing import conformance_test

test_supervised = conformance_test(QUICK, model=SMALL)
test_sklearn = conformance_test(OwnFit(), model=LogisticPair())
