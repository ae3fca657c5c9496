"""Raw queries, such as a text or a picture, as what the exported model reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acqkit.components.registry import Registry
from acqkit.embeddings import FloatArray
from acqkit.encoding.again import encode_with, make_encoder, modalities_for
from acqkit.encoding.raw import read_item
from acqkit.errors import AcqkitError, ExportError
from acqkit.export.about import About
from acqkit.interfaces import Encoder, Inputs, ItemKind, SelectiveEncoder

_PLURAL = {"image": "pictures", "text": "texts", "audio": "sounds"}

_RAW: dict[ItemKind, tuple[str, ...]] = {
    "text": ("text",),
    "image": ("image", "bytes"),
    "audio": ("bytes",),
}
"""The forms of raw items that a query of each kind can be given in."""


class RawQueries:
    """Turns raw items of one modality into what the model in `folder` reads of it.

    That is features, by the encoder that made the pool's; or the items, where the model reads
    those itself. Encoders are made when they are needed.
    """

    def __init__(
        self, folder: Path, about: About, device: str, registry: Registry | None = None
    ) -> None:
        self._folder, self._about = folder, about
        self._device, self._registry = device, registry
        self._encoders: dict[str, Encoder] = {}

    def modality_of(self, kind: ItemKind) -> str:
        """The modality that a query of this kind is of; raises ExportError unless it is one."""
        pool = self._about.pool
        if pool.items is None:
            self._check_place()
            found = modalities_for(self._about.encoders, kind, self._registry)
        else:
            fits = _RAW[kind]
            found = [m for m, each in zip(pool.modalities, pool.items, strict=True) if each in fits]
        if len(found) == 1:
            return found[0]
        if found:
            raise ExportError(
                f"{' and '.join(found)} both take {_PLURAL[kind]}; say which the query is: "
                f"--modality {found[0]}"
            )
        raise ExportError(f"no modality takes {_PLURAL[kind]}: {self._instead()}")

    def inputs(self, modality: str, items: Sequence[Any]) -> Inputs:
        """What the model reads of `k` raw items: features `[k, width]`, or the items.

        Raises ExportError where no encoder of the modality was recorded or it cannot be made, or
        where the items are none that it takes.
        """
        try:
            if self._about.pool.items is not None:
                return self._as_in_pool(modality, items)
            return self._encoded(modality, items)
        except ExportError:
            raise
        except AcqkitError as error:
            raise ExportError(f"{modality} cannot be encoded: {error}") from None

    def _as_in_pool(self, modality: str, items: Sequence[Any]) -> list[Any]:
        """The items in the form in which the pool had them."""
        pool = self._about.pool
        assert pool.items is not None  # it reads raw items
        form = pool.items[pool.modalities.index(modality)]
        if form is None:
            raise ExportError(
                f"the model reads {modality} in a form that is no text, picture or file; embed it "
                "with load_model"
            )
        read = [read_item(item) for item in items]
        for kind, _ in read:
            if form not in _RAW[kind]:
                raise ExportError(f"{modality} are no {_PLURAL[kind]} to the model")
        if form == "bytes":
            return [item.read_bytes() if isinstance(item, Path) else item for item in items]
        return [content for _, content in read]

    def _encoded(self, modality: str, items: Sequence[Any]) -> FloatArray:
        about = self._about.encoders.get(modality)
        if about is None:
            raise ExportError(f"{modality} cannot be encoded: {self._instead()}")
        self._check_place()
        read = [read_item(item) for item in items]
        if modality not in self._encoders:
            try:
                made = make_encoder(about, device=self._device, registry=self._registry)
            except AcqkitError as error:
                where = f" (the pool was encoded in {about.folder})" if about.folder else ""
                raise ExportError(f"{modality} cannot be encoded: {error}{where}") from None
            self._encoders[modality] = made
        encoder = self._encoders[modality]
        taken = encoder.accepts if isinstance(encoder, SelectiveEncoder) else {about.kind}
        for kind, _ in read:
            if kind not in taken:
                names = " and ".join(sorted(_PLURAL[each] for each in taken))
                raise ExportError(f"{modality} is encoded from {names}, got {_PLURAL[kind]}")
        return encode_with(encoder, about, [content for _, content in read])

    def _check_place(self) -> None:
        """Whoever made the folder may have put code beside the model, found from within it."""
        if self._about.encoders and Path.cwd().is_relative_to(self._folder.resolve()):
            raise ExportError(
                f"encoders are not made from within {self._folder}, which might hold code; give "
                "the command in another folder"
            )

    def _instead(self) -> str:
        if self._about.pool.items is not None:
            return "the model reads other raw items; search with --id"
        if self._about.encoders:
            return f"only {' and '.join(self._about.encoders)} can be encoded; search with --id"
        return (
            "how its features were made is not recorded, since the pool was given as features; "
            "search with --features or --id"
        )
