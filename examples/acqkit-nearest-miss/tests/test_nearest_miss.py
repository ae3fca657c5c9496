"""The conformance kit in one line, and what the scorer is for."""

import numpy as np
from acqkit_nearest_miss import NearestMiss

import acqkit.testing

test_conformance = acqkit.testing.conformance_test(NearestMiss())


def test_pairs_on_the_border_are_wanted_most() -> None:
    """Two labeled pairs of two classes at right angles: the one halfway between scores 0."""
    labels = acqkit.LabelState.empty(4, 2).with_answers(
        np.array([0, 1]), np.eye(2, dtype=np.uint8), round=0
    )
    pool = acqkit.testing.make_pool(4, 2).with_labels(labels)
    mean = np.array([[1, 0], [0, 1], [1, 1], [2, 0.1]], np.float32)
    side = acqkit.ModalityEmbeddings(mean)
    embeddings = acqkit.PairEmbeddings(side, side, np.arange(4))
    context = acqkit.testing.make_context(pool, embeddings)
    halfway, clear = NearestMiss().score(embeddings.take(context.candidates), context)
    np.testing.assert_allclose(halfway, 0, atol=1e-6)
    np.testing.assert_allclose(clear, (0.1 - 2) / np.hypot(2, 0.1), atol=1e-6)
