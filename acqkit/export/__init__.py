"""A model out: what a campaign or a run has come to, in a folder that needs neither of them.

`export_campaign` and `export_run` write it, `load_model` and `Search` read it. Names are imported
on first use: a search by id reads files alone, and waits for no model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acqkit.export.about import About as About
    from acqkit.export.model import ExportedModel as ExportedModel
    from acqkit.export.model import load_model as load_model
    from acqkit.export.run import export_run as export_run
    from acqkit.export.search import Found as Found
    from acqkit.export.search import Match as Match
    from acqkit.export.search import Search as Search
    from acqkit.export.shown import Shown as Shown
    from acqkit.export.write import export_campaign as export_campaign
    from acqkit.export.write import export_labels as export_labels

_HOMES = {
    "about": ["About"],
    "model": ["ExportedModel", "load_model"],
    "run": ["export_run"],
    "search": ["Found", "Match", "Search"],
    "shown": ["Shown"],
    "write": ["export_campaign", "export_labels"],
}
_MODULES = {name: f"acqkit.export.{module}" for module, names in _HOMES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'acqkit.export' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
