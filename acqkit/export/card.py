"""The model card: what the model is, from what it was made and how good it is, in Markdown."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from acqkit.components.records import in_full, title_of
from acqkit.export.about import About
from acqkit.runs.metrics import metric_facts

_MOST_CLASSES = 40
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&$])")


def card(about: About) -> str:
    """The card as Markdown; names that come from others are shown as they are."""
    environment = Environment(
        loader=PackageLoader("acqkit.export", "page"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, _Plain) else escaped(value),
        autoescape=False,  # Markdown; see finalize
    )
    facts = metric_facts(about.pool.modalities)
    classes = about.labels.per_class
    text = environment.get_template("card.md.j2").render(
        about=about,
        strategy=_Plain(f"`{_code(title_of(about.strategy))}`"),
        trainer=_Plain(f"`{_code(in_full(about.trainer))}`"),
        model=_Plain(f"`{_code(in_full(about.model.record))}`"),
        figures=[
            (facts[name].title if name in facts else name, f"{value:.4f}")
            for name, value in about.figures.items()
        ],
        classes=sorted(classes.items(), key=lambda item: -item[1])[:_MOST_CLASSES],
        more=max(0, len(classes) - _MOST_CLASSES),
        encoders={
            modality: _Plain(f"`{_code(in_full(found.record))}`")
            for modality, found in about.encoders.items()
        },
        queries=list(dict.fromkeys(_QUERIES[kind] for kind in _kinds(about))),
        raw=about.pool.dims is None,
        is_object="class" in about.model.record,
    )
    return text.encode("utf-8", "replace").decode("utf-8")


class _Plain(str):
    """Markdown of our own."""


_QUERIES = {"text": _Plain('"a text"'), "image": _Plain("--file FILE")}
_QUERIES |= {"audio": _QUERIES["image"], "bytes": _QUERIES["image"]}


def _kinds(about: About) -> list[str]:
    """Kinds of raw items that can be searched by, in the order of modalities."""
    kinds = [each.kind for each in about.encoders.values()] + list(about.pool.items or ())
    return [kind for kind in kinds if kind is not None]


def escaped(value: Any) -> str:
    """A text on one line in which nothing is Markdown."""
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")
