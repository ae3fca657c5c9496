"""What a plugin is made of: `Component`s, and hooks marked with `hookimpl`."""

from __future__ import annotations

from typing import ClassVar

import pluggy
from pydantic import BaseModel, ConfigDict

PROJECT = "acqkit"
"""Name of the entry-point group and prefix of the hooks."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of its name."""


class Component(BaseModel):
    """Base of everything a plugin registers: its pydantic fields are its parameters.

    One declaration serves the config file, the command line's help and the error message
    for a wrong value. Components hold parameters, never state between rounds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    symmetric: ClassVar[bool] = True
    """Whether swapping the two modalities must leave scores and picks as they are."""

    needs_embeddings: ClassVar[bool] = True
    """Whether a scorer, allocator or strategy looks at `context.embeddings` or `context.model`.

    Where False, a campaign does not train before it asks: the embeddings have width 0 and
    there is no model.
    """

    needs_means: ClassVar[bool] = True
    """Whether a scorer looks at the means or variances of its blocks.

    Where False, blocks have probabilities only and width 0: a large pool's means are not read.
    """

    holds_means: ClassVar[bool] = False
    """Whether a scorer, allocator or strategy holds the means of all candidates in memory.

    Where True, `select` warns of a pool for which they take much of the memory that is free.
    """

    learns: ClassVar[bool] = True
    """Whether a trainer changes its model.

    Where False, labels change no embedding, and a campaign embeds a pool once.
    """
