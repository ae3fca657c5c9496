"""Files in: from a table or folder of files to a pool of vectors, with an encoder per modality."""

from acqkit.encoding.again import make_encoder
from acqkit.encoding.build import build_pool, carry_out
from acqkit.encoding.config import BuildConfig, make_build_config
from acqkit.encoding.encode import Progress
from acqkit.encoding.sources import open_source
from acqkit.encoding.write import Built
from acqkit.pool.built import About, EncoderAbout, read_about

__all__ = [
    "About",
    "BuildConfig",
    "Built",
    "EncoderAbout",
    "Progress",
    "build_pool",
    "carry_out",
    "make_build_config",
    "make_encoder",
    "open_source",
    "read_about",
]
