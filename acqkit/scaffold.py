"""A new plugin from the template: a copy in which every name is the new one."""

from __future__ import annotations

import keyword
import re
from importlib import metadata
from pathlib import Path

import acqkit
from acqkit.components.registry import registry
from acqkit.errors import PluginError

_PREFIX = "acqkit-"
_NAME = re.compile(r"acqkit(-[a-z][a-z0-9]*)(-[a-z0-9]+)*")
_LEFT_BEHIND = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", "build", "dist"}


def new_plugin(name: str, folder: Path | None = None) -> Path:
    """Make a working distribution called `name`, such as `acqkit-zebra`, and return its folder.

    It is made in `folder` (default: a folder called `name` in the current one) and has a
    strategy called `zebra`, class `Zebra`, in module `acqkit_zebra`. Raises PluginError for
    a name that does not fit, a name already taken, or a folder that is not empty.
    """
    _check_name(name)
    folder = Path(name) if folder is None else folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PluginError(
            f"{folder} is already there and not an empty folder; move it away, or name another "
            "folder for the new plugin"
        )
    try:
        _copy(_template(), folder, _words(name))
    except OSError as error:
        raise PluginError(f"cannot write the new plugin to {folder}: {error}") from None
    return folder


def _copy(template: Path, folder: Path, words: dict[str, str]) -> None:
    for source in sorted(template.rglob("*")):
        relative = source.relative_to(template)
        if source.is_dir() or _LEFT_BEHIND & set(relative.parts):
            continue
        target = folder / _renamed(str(relative), words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(source.read_text(encoding="utf-8"), words), encoding="utf-8")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise PluginError(
            f"{name!r} cannot be the name of a plugin; it must be {_PREFIX!r} and lower-case words "
            f"joined by hyphens, the first beginning with a letter, such as {_suggestion(name)!r}"
        )
    stem = name.removeprefix(_PREFIX)
    if keyword.iskeyword(_class_name(stem)):
        raise PluginError(
            f"{name!r} cannot be the name of a plugin, because its class would be called "
            f"{_class_name(stem)}, a word of Python's; choose another name"
        )
    if _is_installed(name):
        raise PluginError(
            f"a distribution called {name!r} is already installed; choose another name, or "
            f"uninstall it first (pip uninstall {name})"
        )
    taken = registry().components.get(("strategy", stem))
    if taken is not None:
        raise PluginError(
            f"a strategy called {stem!r} is already offered by {taken.distribution}; choose a name "
            f"other than {name!r}"
        )


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _suggestion(name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    words = re.sub(r"^acqkit-?", "", words).lstrip("-0123456789")
    return f"{_PREFIX}{words or 'zebra'}"


def _class_name(stem: str) -> str:
    return "".join(word.capitalize() for word in stem.split("-"))


def _words(name: str) -> dict[str, str]:
    """What each spelling of the template's name becomes, the longer ones first."""
    stem = name.removeprefix(_PREFIX)
    return {
        "acqkit-template": name,
        "acqkit_template": name.replace("-", "_"),
        "test_template": f"test_{stem.replace('-', '_')}",
        "Template": _class_name(stem),
        "template": stem,
    }


def _renamed(text: str, words: dict[str, str]) -> str:
    pattern = "|".join(map(re.escape, words))
    return re.sub(pattern, lambda found: words[found.group()], text)


def _template() -> Path:
    """The template's folder: in the wheel beside the modules, in a checkout under `plugins/`."""
    package = Path(acqkit.__file__).parent
    for folder in (package / "_template", package.parent / "plugins" / "_template"):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise PluginError(
        f"the plugin template is missing from {package}; reinstall acqkit to get it back"
    )
