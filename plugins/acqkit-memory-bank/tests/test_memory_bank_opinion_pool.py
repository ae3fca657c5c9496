"""What several witnesses agree to."""

from __future__ import annotations

import numpy as np
import pytest
from acqkit_memory_bank.opinion_pool import geometric_mean
from numpy.testing import assert_allclose


@pytest.mark.parametrize("multilabel", [True, False])
def test_the_geometric_mean_of_one_source_is_that_source(multilabel: bool) -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20).astype(np.float32)
    assert_allclose(geometric_mean([p, p], multilabel=multilabel, doubt=0), p, atol=1e-6)
    certain = np.eye(4, dtype=np.float32)
    pooled = geometric_mean([certain, certain[::-1]], multilabel=multilabel, doubt=0.1)
    assert ((pooled > 0.01) & (pooled <= 0.5 + 1e-6)).all()
