"""Every error that acqkit raises on purpose, and its warning.

Each message is one sentence that says what was got, what was wanted and what to do.
The command line prints it without a traceback and exits with status 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_QUOTE = 120
"""Characters of a value or of another library's error that a message quotes: two lines or so."""


class AcqkitError(Exception):
    """Base of all errors raised on purpose by acqkit and its plugins."""


class PoolError(AcqkitError, ValueError):
    """Pairs, features, ids or labels that cannot make a pool."""


class EmbeddingError(AcqkitError, ValueError):
    """Embeddings of the wrong shape, with non-finite values or without what a scorer needs."""


class BudgetError(AcqkitError, ValueError):
    """More picks asked for than there are candidates, or a count that is not positive."""


class SelectionError(AcqkitError, ValueError):
    """A strategy, scorer or allocator broke its contract (duplicates, wrong index space, NaN)."""


class PluginError(AcqkitError):
    """A plugin that cannot be found, imported or registered."""


class ConfigError(AcqkitError, ValueError):
    """A configuration with an unknown key, a wrong value or a contradiction."""


class CampaignError(AcqkitError):
    """A campaign that cannot be opened, or a step that its state does not allow."""


class ContradictionError(CampaignError):
    """An answer that contradicts an earlier one for the same pair."""


class ReportError(AcqkitError):
    """A report that cannot be made from what is in a folder."""


class ExportError(AcqkitError):
    """A model and labels that cannot be written out, or read where they were written."""


class EngineError(AcqkitError):
    """Work that cannot be run where it was to run."""


class AcqkitWarning(UserWarning):
    """What was done is not all that was asked for; the command line prints it as one sentence."""


def shortened(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """A text that a message quotes, in one line and at most `longest` characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."


def shown(value: object, longest: int = _LONGEST_QUOTE) -> str:
    """A value as it would be typed, as much of it as somebody reads."""
    text = repr(value)
    # White space of a text is its own; elsewhere, as in an array, it only lays things out.
    return text if isinstance(value, str) and len(text) <= longest else shortened(text, longest)


def did_you_mean(word: object, known: Iterable[object], otherwise: str | None = None) -> str:
    """The known name nearest to a mistyped one, as a hint; where none is near, `otherwise`.

    Without `otherwise` the first twelve known names are listed.
    """
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(word), names, n=1)
    if near:
        return f"did you mean {shown(near[0])}?"
    if otherwise is not None:
        return otherwise
    more = ", ..." if len(names) > 12 else ""
    return f"known: {', '.join(map(shortened, names[:12])) or 'none'}{more}"
