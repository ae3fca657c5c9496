"""Sources of raw pairs, and which one a path is."""

from acqkit.encoding.sources.open import open_source as open_source
