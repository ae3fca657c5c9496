"""What a plugin author needs to test a plugin: small pools and the conformance kit."""

from acqkit.testing.conformance import Check as Check
from acqkit.testing.conformance import checks as checks
from acqkit.testing.conformance import conformance_test as conformance_test
from acqkit.testing.conformance import parametrize_with_checks as parametrize_with_checks
from acqkit.testing.model import LinearPairModel as LinearPairModel
from acqkit.testing.pools import make_context as make_context
from acqkit.testing.pools import make_embeddings as make_embeddings
from acqkit.testing.pools import make_pool as make_pool
from acqkit.testing.store import store_conformance_test as store_conformance_test
from acqkit.testing.subject import ConformanceError as ConformanceError
