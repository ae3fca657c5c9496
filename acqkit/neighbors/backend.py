"""faiss, or an error that says how to get it."""

from __future__ import annotations

from typing import Any

from acqkit.errors import PluginError

try:
    import faiss
except ImportError as error:
    raise PluginError(
        f"faiss is missing ({error}); run `pip install faiss-cpu` or, for CUDA, "
        "`pip install faiss-gpu` (the two exclude each other)"
    ) from error

library: Any = faiss
"""The faiss module; it carries no type information."""
