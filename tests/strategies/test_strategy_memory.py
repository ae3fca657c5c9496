"""No strategy keeps a number for every two pairs."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource
import numpy as np
from acqkit.embeddings import ModalityEmbeddings, PairEmbeddings
from acqkit.components.compose import Composed
from acqkit.selection import select
from acqkit.strategies import *
from acqkit.testing import make_context, make_pool

n = 14_000  # one byte for every two pairs: 187 MiB
rng = np.random.default_rng(0)
pool = make_pool(n, labeled=300)
p = rng.dirichlet(np.ones(4), n).astype(np.float32)
sides = [ModalityEmbeddings(rng.standard_normal((n, 12), dtype=np.float32), None, p)] * 2
context = make_context(pool, PairEmbeddings(*sides, np.arange(n)), block_size=16_384)
select(Random(), context, 5)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
strategies = [Badge(), CoreSet(), KMeans(), TypiClust(), ProbCover(), ProbCover(delta=1.9)]
strategies += [FacilityLocation(), Galaxy(), InformationDensity(), Lcmd(), MaxHerding(), UHerding()]
strategies += [Bait(considered=256), Composed(scorer=Entropy(), allocator=Top())]
for strategy in strategies:
    select(strategy, context, 20)
    print(strategy, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_is_linear_in_the_pool() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    grown = int(done.stdout.split()[-1])
    assert grown < 70, f"MiB above the start, strategy by strategy:\n{done.stdout}"
