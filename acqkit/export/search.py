"""Retrieval in an exported folder: the pairs that match a pair, features, texts or files."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from acqkit.embeddings import FloatArray, PairEmbeddings
from acqkit.encoding.raw import read_item
from acqkit.errors import ExportError, PoolError, did_you_mean, shown
from acqkit.export.about import EMBEDDINGS, INDEXES, LABELS, PAIRS, checked, read_about, reading
from acqkit.export.index import nearest, read_index
from acqkit.export.queries import RawQueries
from acqkit.export.shown import Shown, ShownPairs

if TYPE_CHECKING:
    from acqkit.export.model import ExportedModel


@dataclass(frozen=True, slots=True)
class Match:
    """A pair of the gallery: `similarity` is the cosine, `own` whether it is the query itself.

    `labels` are names of classes, None where nobody labeled it; `shown` what people look at.
    """

    rank: int
    id: Any
    position: int
    similarity: float
    own: bool
    labels: tuple[str, ...] | None
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The matches of one query, the best first; the query is of `modality`, they of `gallery`."""

    query: str
    modality: str
    gallery: str
    shown: tuple[Shown, ...]
    matches: tuple[Match, ...]


class Search:
    """Finds the best matches of one modality for queries of the other one.

    The folder is all that is needed. `model` and `device` are as in `load_model`, which is called
    for queries that have to be embedded. Raises ExportError for a folder that is no export.
    """

    def __init__(self, folder: str | Path, *, model: Any = None, device: str = "cpu") -> None:
        self.folder = Path(folder)
        self.about = read_about(self.folder)
        self._given, self._device = model, device
        self._n = self.about.pool.pairs
        self._indexes: dict[int, Any] = {}

    @functools.cached_property
    def model(self) -> ExportedModel:
        """The model that embeds queries."""
        # It brings scikit-learn, for which a search by id need not wait.
        from acqkit.export.model import load_model  # noqa: PLC0415

        return load_model(self.folder, model=self._given, device=self._device)

    def of_pair(self, pair: object, k: int = 10, modality: str | None = None) -> Found:
        """The `k` best matches of a pair of the pool, by what its `modality` (default: a) shows.

        Raises ExportError where no pair has this id, or the pair has no such modality.
        """
        side = 0 if modality is None else self._side(modality)
        position = self._pairs.position_of(str(pair))
        if position is None:
            hint = did_you_mean(pair, self._pairs.ids)
            raise ExportError(f"there is no pair with id {shown(str(pair))}; {hint}")
        own = self._embeddings.sides[side]
        if own.present is not None and not own.present[position]:
            raise ExportError(
                f"the pair {shown(str(pair))} has no {self.about.pool.modalities[side]}; search by "
                "its other modality"
            )
        vectors = np.array(own.mean[position : position + 1], np.float32)
        return self._find([f"pair {pair}"], vectors, side, k, position)[0]

    def of_features(self, features: Any, k: int = 10, modality: str | None = None) -> list[Found]:
        """The `k` best matches of each row of features `[q, width]`, or of one `[width]`.

        The modality goes by the width where it is not given. Raises ExportError where that does
        not say which, and as `ExportedModel.embed`.
        """
        rows = np.atleast_2d(np.asarray(features))
        side = self._side_of(rows, modality)
        means = self.model.embed(rows, self.about.pool.modalities[side]).mean
        return self._find([f"row {row}" for row in range(len(rows))], means, side, k)

    def of_text(self, text: str, k: int = 10, modality: str | None = None) -> Found:
        """The `k` best matches of a text, which the pool's encoder of texts encodes.

        `modality` says which it is of, where both take texts. Raises ExportError where how texts
        were encoded is not recorded or cannot be done here, with what to do.
        """
        name = self._queries.modality_of("text") if modality is None else modality
        look = Shown(name, text=text)
        return self._of_item(text, f"{shown(text)}", name, look, k)

    def of_file(self, path: str | Path, k: int = 10, modality: str | None = None) -> Found:
        """The `k` best matches of a file of a picture or a sound; otherwise as `of_text`.

        Raises ExportError where it cannot be read, too.
        """
        path = Path(path)
        try:
            kind, _ = read_item(path)
            content = path.read_bytes()
        except (PoolError, OSError) as error:
            raise ExportError(f"{error}; give a picture or a sound") from None
        name = self._queries.modality_of(kind) if modality is None else modality
        look = Shown(name, file=path.name, picture=content if kind == "image" else None)
        return self._of_item(path, f"{path.name}", name, look, k)

    def _of_item(self, item: Any, query: str, modality: str, look: Shown, k: int) -> Found:
        side = self._side(modality)
        inputs = self._queries.inputs(modality, [item])
        means = self.model.embed(inputs, modality).mean
        return replace(self._find([query], means, side, k)[0], shown=(look,))

    @functools.cached_property
    def _queries(self) -> RawQueries:
        return RawQueries(self.folder, self.about, self._device)

    def _side(self, modality: str) -> int:
        names = self.about.pool.modalities
        if modality not in names:
            raise ExportError(
                f"the model has no modality {shown(modality)}; {did_you_mean(modality, names)}"
            )
        return names.index(modality)

    def _side_of(self, rows: Any, modality: str | None) -> int:
        if modality is not None:
            return self._side(modality)
        dims, names = self.about.pool.dims, self.about.pool.modalities
        if dims is None:
            raise ExportError(
                f"the model reads raw items; embed them with load_model, and say whether they are "
                f"{names[0]} or {names[1]}"
            )
        sides = [side for side, width in enumerate(dims) if width == rows.shape[-1]]
        if len(sides) == 1:
            return sides[0]
        widths = " and ".join(f"{name} {width}" for name, width in zip(names, dims, strict=True))
        raise ExportError(
            f"features of width {rows.shape[-1]} do not say which modality they are of ({widths}); "
            + ("give the modality" if sides else "give features of one of these widths")
        )

    def _find(
        self,
        queries: Sequence[str],
        vectors: FloatArray,
        side: int,
        k: int,
        position: int | None = None,
    ) -> list[Found]:
        names = self.about.pool.modalities
        similarities, positions = nearest(self._index(1 - side), vectors, k)
        return [
            Found(
                query,
                names[side],
                names[1 - side],
                () if position is None else self._shown(position),
                tuple(
                    self._match(rank, place, cosine, place == position)
                    for rank, (place, cosine) in enumerate(zip(places, cosines, strict=True), 1)
                ),
            )
            for query, places, cosines in zip(
                queries, positions.tolist(), similarities.tolist(), strict=True
            )
        ]

    def _match(self, rank: int, position: int, similarity: float, own: bool) -> Match:
        return Match(
            rank,
            self._pairs.ids[position],
            position,
            similarity,
            own,
            self._labels.get(position),
            self._shown(position),
        )

    def _shown(self, position: int) -> tuple[Shown, ...]:
        return tuple(self._pairs.shown(position))

    @functools.cached_property
    def _pairs(self) -> ShownPairs:
        found = ShownPairs(self.folder / PAIRS)
        if len(found) != self._n:
            raise ExportError(
                f"{self.folder / PAIRS} has {len(found)} rows, wanted {self._n}; export again"
            )
        return found

    @functools.cached_property
    def _embeddings(self) -> PairEmbeddings:
        home = f"{EMBEDDINGS}/"
        for name in self.about.files:
            if name.startswith(home):
                checked(self.folder, self.about, name)
        with reading(self.folder / EMBEDDINGS):
            found = PairEmbeddings.load(self.folder / EMBEDDINGS)
            if {np.shape(side.mean) for side in found.sides} != {(self._n, self.about.dim)}:
                raise ValueError(f"it is not of {self._n} pairs with width {self.about.dim}")
        return found

    def _index(self, side: int) -> Any:
        if side not in self._indexes:
            path = checked(self.folder, self.about, INDEXES[side])
            self._indexes[side] = read_index(path, self.about.dim, self._n)
        return self._indexes[side]

    @functools.cached_property
    def _labels(self) -> dict[int, tuple[str, ...]]:
        path = checked(self.folder, self.about, f"{LABELS}.parquet")
        with reading(path):
            table = pq.read_table(path, columns=["position", "labels"])
            columns = (table["position"].to_pylist(), table["labels"].to_pylist())
        return {
            position: tuple(names)
            for position, names in zip(*columns, strict=True)
            if names is not None
        }
