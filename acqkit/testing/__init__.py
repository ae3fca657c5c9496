"""What a plugin author needs to test a plugin: small pools and the conformance kit."""

from acqkit.testing.pools import make_context as make_context
from acqkit.testing.pools import make_embeddings as make_embeddings
from acqkit.testing.pools import make_pool as make_pool
