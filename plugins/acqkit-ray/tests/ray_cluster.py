"""What tests with a cluster of this machine have in common: `pytestmark = MARKS`."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import acqkit_ray
import pytest

# Ray's own warnings of what it will do some day, and files that it closes late.
MARKS = [
    pytest.mark.net,
    pytest.mark.usefixtures("cluster"),
    pytest.mark.filterwarnings("default::FutureWarning:ray"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """The cluster that the module's first test starts ends behind its last."""
    yield
    acqkit_ray.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray does not wait for the processes that it ended
        gc.collect()
