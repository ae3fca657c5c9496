"""`LabelCells`: the label of a pair as people write it in one cell of a sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from acqkit.campaign.answers import SKIP, Label, parse_label
from acqkit.campaign.cells import Known, is_plain, parts, quoted, unquoted
from acqkit.errors import CampaignError, shown

CANNOT_TELL, NO_CLASS = "?", "-"
"""What a cell says where no class is called so, nor may be taken for it."""

_SEPARATOR = "; "
_LISTED = 20
"""Class names that the help of a sheet spells out at most."""

Names = tuple[str, ...] | None
"""Class names in the pool's order, or None for "can't tell"."""


class LabelCells:
    """Reads and writes the labels of a pool's pairs, whatever its classes are called.

    A cell is a class name; in multi-label pools several, separated by `;`. A name may be
    written in quotes, as a JSON string, and has to be where it would mean something else without
    them. `?` is can't tell and `-` none of the classes. Where a class is called so, or may be
    mistaken for it, it is `(?)` and `(-)`.

    A cell that may mean two things is refused. `write` writes one that means one thing. A class is
    understood by its `former` names too, and called by its own.
    """

    def __init__(
        self,
        class_names: Sequence[str],
        multilabel: bool,
        former: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._names, self._multilabel, self._former = class_names, multilabel, former
        self._known = Known([*class_names, *former])
        self.cannot_tell = self._free(CANNOT_TELL)
        self.no_class = self._free(NO_CLASS) if multilabel else None

    def _free(self, mark: str) -> str:
        while self._known.find(mark):
            mark = f"({mark})"
        return mark

    def read(self, cell: str) -> Label:
        """The label that a cell says; raises CampaignError where it says none, or two."""
        meanings = self._meanings(cell)
        if len(meanings) > 1:
            ways = " or ".join(sorted(map(self.write, meanings)))
            raise CampaignError(f"{shown(cell)} may mean several things; write {ways}")
        if not meanings:
            self._explain(cell)
        names = meanings.pop()
        if names is None:
            return SKIP
        label: Label = list(names) if self._multilabel or len(names) != 1 else names[0]
        parse_label(label, self._names, self._multilabel)
        return label

    def write(self, names: Names) -> str:
        """A cell that says `names` and nothing else, and that spreadsheets leave alone."""
        if names is None:
            return self.cannot_tell
        if not names:
            return self.no_class or ""
        spellings = self._spellings(names)
        cell = next(spellings)
        while self._meanings(cell) != {names} and (other := next(spellings, None)):
            cell = other
        return cell

    def _spellings(self, names: tuple[str, ...]) -> Iterator[str]:
        plain = [is_plain(name) and ";" not in name for name in names]
        if is_plain(names[0]) and len(names) == 1:
            yield names[0]
        pairs = zip(names, plain, strict=True)
        yield _SEPARATOR.join(name if bare else quoted(name) for name, bare in pairs)
        for spelled_out in range(max(map(len, names)) + 1):
            yield _SEPARATOR.join(quoted(name, spelled_out) for name in names)

    def _meanings(self, cell: str) -> set[Names]:
        """All that a cell may mean."""
        text = cell.strip()
        found: set[Names] = {(name,) for name in self._find(text)}
        if not self._known.find_plain(text):
            # Somebody may write ? though the pool's own mark is another one.
            if text in (self.cannot_tell, CANNOT_TELL):
                found.add(None)
            if self._multilabel and text in (self.no_class, NO_CLASS):
                found.add(())
        members = [self._find(part) for part in parts(cell)]
        if len(members) > 1 and all(len(names) == 1 for names in members):
            found.add(tuple(sorted((min(names) for names in members), key=self._names.index)))
        return found

    def _find(self, text: str) -> set[str]:
        """The classes that a text may mean, by the names that they have now."""
        return {self._former.get(name, name) for name in self._known.find(text)}

    def _explain(self, cell: str) -> None:
        """Raise CampaignError for a cell that means nothing."""
        for part in parts(cell):
            found = self._find(part)
            if len(found) > 1:
                ways = " or ".join(sorted(quoted(name) for name in found))
                raise CampaignError(f"{shown(part)} may mean several classes; write {ways}")
            if not found:
                said = unquoted(part)
                parse_label(part if said is None else said, self._names, self._multilabel)
        raise CampaignError(f"{shown(cell)} is no label")

    @property
    def help(self) -> str:
        """How to write what is not written as one would think; empty where all is."""
        special = [cell for name in self._names if (cell := self.write((name,))) != name]
        says = []
        if special:
            more = f" and {len(special) - _LISTED} more" if len(special) > _LISTED else ""
            says.append(f"write with quotes: {' '.join(special[:_LISTED])}{more}")
        if self.cannot_tell != CANNOT_TELL:
            says.append(f"can't tell: {self.cannot_tell}")
        if self.no_class not in (None, NO_CLASS):
            says.append(f"none of the classes: {self.no_class}")
        return " | ".join(says)
