"""Finding plugins through the entry-point group `acqkit`, and making components by name."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import pluggy
from pydantic import ValidationError

from acqkit.base import PROJECT
from acqkit.components.explain import explain
from acqkit.components.kinds import KINDS, Kind, acqkit_register_presets, hooks
from acqkit.errors import ConfigError, PluginError, did_you_mean
from acqkit.interfaces import Component

_NAME = re.compile(r"\w[\w.-]*")
"""What people type without quotes, and what no grammar of components reads otherwise."""


@dataclass(frozen=True, slots=True)
class Registered:
    """One component on offer, and the distribution it comes from."""

    kind: str
    name: str
    factory: type[Component]
    distribution: str
    version: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A part of a configuration under one name, and the distributions that it needs."""

    name: str
    settings: Mapping[str, Any]
    needs: tuple[str, ...]
    distribution: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A plugin that could not be loaded, and why."""

    distribution: str
    entry_point: str
    reason: str


@dataclass(slots=True)
class Registry:
    """Every component found, every plugin that failed, and the hooks to call."""

    manager: pluggy.PluginManager
    kinds: Mapping[str, Kind]
    components: dict[tuple[str, str], Registered] = field(default_factory=dict)
    presets: dict[str, Preset] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def names(self, kind: str) -> list[str]:
        """Names of one kind, sorted."""
        return sorted(name for found, name in self.components if found == kind)

    def get(self, kind: str, name: str) -> Registered:
        """Look a component up; raises PluginError with the nearest known name."""
        if (kind, name) in self.components:
            return self.components[kind, name]
        hint = self._of_another_kind(kind, name) or did_you_mean(name, self.names(kind))
        failed = "".join(f" ({f.distribution} failed to load: {f.reason})" for f in self.failures)
        raise PluginError(f"no {kind} called {name!r} is installed; {hint}{failed}")

    def _of_another_kind(self, kind: str, name: str) -> str:
        """What the name is instead and how that is written; empty where it is nothing else."""
        for other in self.kinds:
            if (other, name) not in self.components:
                continue
            if (kind, other) == ("strategy", "scorer"):
                written = " or ".join(f"{name}+{part}" for part in self.names("allocator"))
                return f"{name!r} is a scorer, which an allocator makes a strategy: {written}"
            if (kind, other) == ("strategy", "allocator"):
                written = " or ".join(f"{part}+{name}" for part in self.names("scorer"))
                return f"{name!r} is an allocator, which a scorer makes a strategy: {written}"
            if other == "strategy":
                return f"{name!r} is a strategy, which stands alone: give it as the strategy"
            return f"{name!r} is of kind {other}: give it as the {other}"
        return ""

    def name_of(self, kind: str, factory: type, preferred: str | None = None) -> str | None:
        """A name, `preferred` if it is one, of a class as one kind; None where it has none."""
        names = [
            name
            for (found, name), offer in self.components.items()
            if found == kind and offer.factory is factory
        ]
        return preferred if preferred in names else next(iter(names), None)

    def make(self, kind: str, name: str, params: Mapping[str, Any] | None = None) -> Component:
        """Make a component with checked parameters; raises PluginError or ConfigError."""
        factory = self.get(kind, name).factory
        try:
            return factory(**(params or {}))
        except ValidationError as error:
            reason = explain(error, factory)
            raise ConfigError(f"{kind} {name!r}: {reason}") from None

    def add(self, plugin: object, name: str, distribution: str, version: str) -> None:
        """Register one plugin and all it offers, or nothing of it.

        Raises PluginError for a name taken twice, a hook nobody knows, a plugin without a
        hook, or an offer that is not a Component with the method of its kind.
        """
        self._check_hooks(plugin)
        offers = [
            Registered(kind, component_name, factory, distribution, version)
            for kind, row in self.kinds.items()
            for component_name, factory in _offers(plugin, row).items()
        ]
        presets = _presets(plugin, distribution)
        for new in offers:
            self._check_free(new.kind, new, self.components.get((new.kind, new.name)))
        for preset in presets:
            self._check_free("preset", preset, self.presets.get(preset.name))
        self.manager.register(plugin, name=f"{distribution}:{name}")
        self.components |= {(new.kind, new.name): new for new in offers}
        self.presets |= {preset.name: preset for preset in presets}

    def preset(self, name: Any) -> Mapping[str, Any]:
        """The settings that a preset stands for.

        Raises ConfigError where there is no such preset, or naming what it needs and is missing.
        """
        if not isinstance(name, str) or name not in self.presets:
            hint = did_you_mean(name, sorted(self.presets))
            raise ConfigError(f"no preset is called {name!r}; {hint}")
        found = self.presets[name]
        missing = [each for each in found.needs if not _is_installed(each)]
        if missing:
            raise ConfigError(
                f"the preset {name!r} of {found.distribution} needs {' and '.join(missing)}, which "
                f"is not installed; pip install {' '.join(missing)}"
            )
        return found.settings

    @staticmethod
    def _check_free(kind: str, new: Registered | Preset, old: Registered | Preset | None) -> None:
        if old is not None:
            raise NameClashError(
                f"the {kind} name {new.name!r} is registered by both {old.distribution} and "
                f"{new.distribution}; uninstall one or ask its author to rename it"
            )

    def _check_hooks(self, plugin: object) -> None:
        """Refuse a misspelled hook, one without its marker, and a plugin that has no hook."""
        known = list(hooks(self.kinds))
        found = [name for name in dir(plugin) if name.startswith(f"{PROJECT}_")]
        found = [name for name in found if callable(getattr(plugin, name))]
        for name in found:
            if name not in known:
                raise PluginError(f"unknown hook {name!r}; {did_you_mean(name, known)}")
            if self.manager.parse_hookimpl_opts(plugin, name) is None:
                raise PluginError(f"hook {name!r} is not marked; put @acqkit.hookimpl above it")
        if not found:
            raise PluginError(
                f"{getattr(plugin, '__name__', plugin)!r} implements no hook; does the entry "
                "point name the right module?"
            )


class NameClashError(PluginError):
    """Two distributions offer one name; nobody can know which is meant."""


def _offers(plugin: object, kind: Kind) -> Mapping[str, type[Component]]:
    implementation = getattr(plugin, kind.hook, None)
    if implementation is None:
        return {}
    offers = implementation()
    if not isinstance(offers, Mapping):
        raise PluginError(
            f"{kind.hook} returned {offers!r}, wanted a mapping from names to subclasses of "
            "acqkit.Component"
        )
    for name, factory in offers.items():
        _check_offer(kind, name, factory)
    return offers


def _check_name(kind: str, name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PluginError(
            f"a {kind} is called {name!r}, wanted letters, digits, '-', '_' and '.' alone"
        )


def _check_offer(kind: Kind, name: object, factory: object) -> None:
    _check_name(kind.name, name)
    title = f"{kind.name} {name!r}"
    if not (isinstance(factory, type) and issubclass(factory, Component)):
        raise PluginError(f"{title} is {factory!r}, wanted a subclass of acqkit.Component")
    if not callable(getattr(factory, kind.method, None)):
        raise PluginError(f"{title} ({factory.__name__}) has no method {kind.method!r}")


def _presets(plugin: object, distribution: str) -> list[Preset]:
    implementation = getattr(plugin, acqkit_register_presets.__name__, None)
    offers = {} if implementation is None else implementation()
    fine = isinstance(offers, Mapping) and all(
        isinstance(offer, Mapping) and isinstance(offer.get("needs", []), list | tuple)
        for offer in offers.values()
    )
    if not fine:
        raise PluginError(
            f"{acqkit_register_presets.__name__} returned {offers!r}, wanted a mapping from names "
            "to settings such as {'strategy': ..., 'needs': [distribution, ...]}"
        )
    for name in offers:
        _check_name("preset", name)
    return [
        Preset(
            name,
            {key: value for key, value in settings.items() if key != "needs"},
            tuple(settings.get("needs", ())),
            distribution,
        )
        for name, settings in offers.items()
    ]


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def new_registry(kinds: Mapping[str, Kind] = KINDS) -> Registry:
    """An empty registry that knows the hooks of `kinds`."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(type("Hooks", (), dict(hooks(kinds))))
    return Registry(manager, kinds)


@functools.cache
def registry() -> Registry:
    """The registry of everything installed, loaded once per process on first use."""
    found = new_registry()
    entry_points = metadata.entry_points(group=PROJECT)
    for entry_point in sorted(entry_points, key=lambda e: (_distribution(e), e.name)):
        distribution = _distribution(entry_point)
        version = entry_point.dist.version if entry_point.dist else "0"
        try:
            found.add(entry_point.load(), entry_point.name, distribution, version)
        except NameClashError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - must not take others down
            reason = f"{type(error).__name__}: {error}"
            found.failures.append(Failure(distribution, entry_point.name, reason))
    return found


def _distribution(entry_point: metadata.EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else "unknown"
