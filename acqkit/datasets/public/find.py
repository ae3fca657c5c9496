"""Finding the layout that a folder holds, or saying which files it lacks."""

from __future__ import annotations

from pathlib import Path

from acqkit.datasets.public.files import DATA_HOME, FileIndex
from acqkit.datasets.public.layouts import Layout
from acqkit.datasets.public.spec import Spec
from acqkit.errors import PoolError


def find_layout(spec: Spec, index: FileIndex, wanted: str) -> Layout:
    """The layout called `wanted`, or with `auto` the first whose files are all there.

    Raises PoolError that lists the files, the folder searched, and where to get them.
    """
    layouts = [layout for layout in spec.layouts if wanted in ("auto", layout.name)]
    for layout in layouts:
        if not _missing(layout, index):
            return layout
    raise PoolError(_advice(spec, layouts, index))


def _missing(layout: Layout, index: FileIndex) -> list[str]:
    return [
        " or ".join(names)
        for names in layout.files()
        if not any(index.matching(name) for name in names)
    ]


def _advice(spec: Spec, layouts: list[Layout], index: FileIndex) -> str:
    found = _partly_there(layouts, index)
    choices = "; ".join(
        f"{layout.name!r}: {', '.join(' or '.join(names) for names in layout.files())}"
        for layout in layouts
    )
    return (
        f"data set {spec.name!r} has no files in {_described(index.folder)}{found}. Get the files "
        f"of one layout ({choices}) and put them there, in any subfolder. The data set: "
        f"{spec.home}; features of it: {spec.features}. For another folder set the parameter "
        f"folder, or {DATA_HOME} to the folder that holds {spec.name}/"
    )


def _described(folder: Path) -> str:
    home = Path.home()
    inside = folder.is_relative_to(home) and home != Path("/")
    shown = f"~/{folder.relative_to(home)}" if inside else str(folder)
    return shown if folder.is_dir() else f"{shown} (there is no such folder)"


def _partly_there(layouts: list[Layout], index: FileIndex) -> str:
    """What the layout with the largest share of its files lacks, or nothing."""
    best = max(layouts, key=lambda layout: _share(layout, index))
    if _share(best, index) == 0:
        return ""
    missing = ", ".join(_missing(best, index))
    return f" that make up a layout; {best.name!r} lacks {missing}"


def _share(layout: Layout, index: FileIndex) -> float:
    return 1 - len(_missing(layout, index)) / len(layout.files())
