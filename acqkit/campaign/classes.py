"""The classes of a campaign and what answers mean, as functions of its two logs.

A class is known by its index, which never moves. Its name may change and it may be merged into
another one; an answer stays as it was given, and what it says is worked out anew.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from acqkit.store import Classes, StoredAnswer, StoredChange
from acqkit.store.changes import meaning, merged


@dataclass(frozen=True)
class ClassTable:
    """All classes that there ever were, by index.

    `names` `[c]` are what they are called now. `former` are earlier names, by which they are
    still understood. `into` says what each merged class is now. `since` `[c]` is the number of
    the change by which a class came, 0 from the start; `made` are those that came by merging.
    """

    names: tuple[str, ...]
    former: Mapping[str, int]
    into: Mapping[int, int]
    since: tuple[int, ...]
    made: frozenset[int]

    @classmethod
    def after(cls, first: Sequence[str], changes: Iterable[StoredChange]) -> ClassTable:
        """The classes after some changes to a campaign that began with those called `first`."""
        log = list(changes)
        names, since = list(first), [0] * len(first)
        former: dict[str, int] = {}
        made = set()
        for change in log:
            value = change.value
            if change.kind == "rename":
                former[names[value["class"]]] = value["class"]
                names[value["class"]] = value["name"]
                former.pop(value["name"], None)
            elif change.kind == "class" or (change.kind == "merge" and value["name"] is not None):
                if change.kind == "merge":
                    made.add(len(names))
                names.append(value["name"])
                since.append(change.number)
        return cls(tuple(names), former, merged(log), tuple(since), frozenset(made))

    @functools.cached_property
    def live(self) -> tuple[int, ...]:
        """Indices of the classes that are not merged into another one, ascending."""
        return tuple(index for index in range(len(self.names)) if index not in self.into)

    def find(self, name: str) -> int | None:
        """The index of the class that has this name, or had it."""
        return self.names.index(name) if name in self.names else self.former.get(name)

    def known_at(self, change: int) -> frozenset[int]:
        """What the classes of the time after that change are now."""
        return frozenset(
            self.into.get(index, index) for index, since in enumerate(self.since) if since <= change
        )

    def was_asked(self, index: int, change: int) -> bool:
        """Whether who answered at the time after that change could say all that `index` is."""
        return all(self.since[part] <= change for part in self.parts(index))

    def parts(self, index: int) -> frozenset[int]:
        """The classes that people answered by of which `index` is made."""
        merged = {old for old, now in self.into.items() if now == index}
        return frozenset({index, *merged} - self.made)

    def label(self, answers: Iterable[StoredAnswer], multilabel: bool) -> Classes:
        """What the answers that stand for a pair say together, in the order in which they came.

        Each speaks of the classes that it was asked about and of those that it names; the
        latest word on a class counts. Where a pair has one class, the latest one counts.
        """
        label: Classes = None
        for answer in answers:
            said = meaning(answer.classes, self.into)
            if answer.about is not None:
                about = self.into.get(answer.about, answer.about)
                label = self._with(label, said, about, multilabel)
            elif label is None or said is None or not multilabel:
                label = said
            else:
                kept = set(label) - self.known_at(answer.changes)
                label = tuple(sorted(kept | set(said)))
        return label

    @staticmethod
    def _with(label: Classes, said: Classes, about: int, multilabel: bool) -> Classes:
        """A label once it is known whether one class applies."""
        if said:
            return tuple(sorted({*(label or ()), about})) if multilabel else (about,)
        if said is None or label is None or not multilabel:
            return label
        return tuple(index for index in label if index != about)
