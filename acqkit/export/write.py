"""From a campaign to a folder that others can use without it: whole or not at all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from acqkit.campaign import Campaign, Trained
from acqkit.campaign.embed import embed_blocks
from acqkit.embeddings import PairEmbeddings
from acqkit.encoding.raw import is_picture
from acqkit.errors import ExportError
from acqkit.export.about import (
    ABOUT,
    CARD,
    EMBEDDINGS,
    INDEXES,
    LABELS,
    MODEL,
    PAIRS,
    PROBE,
    PSEUDO_LABELS,
    About,
    LabelsAbout,
    ModelAbout,
    PoolAbout,
    RawForm,
    file_digests,
)
from acqkit.export.card import card
from acqkit.export.index import write_index
from acqkit.export.items import write_pairs
from acqkit.export.labels import LabelRow, label_rows
from acqkit.export.probe import write_probe
from acqkit.export.pseudo import PseudoLabels, pseudo_labels
from acqkit.export.tables import (
    labels_csv,
    labels_parquet,
    pseudo_csv,
    pseudo_parquet,
    write_parquet,
)
from acqkit.files import publish, temporary_folder, whole_file
from acqkit.interfaces import ModelState, StatefulModel
from acqkit.pool import PairPool
from acqkit.runner.evaluate import evaluate
from acqkit.runs.metrics import measure
from acqkit.runs.versions import installed
from acqkit.store import SqliteStore, StoredAnswer
from acqkit.store.arrays import EmbeddingFiles
from acqkit.store.artifacts import Draft

TABLE_SUFFIXES = (".csv", ".parquet")


def export_campaign(campaign: Campaign, out: str | Path) -> About:
    """Write labels, pseudo-labels, model, embeddings, indexes and a model card to a new folder.

    Trains first if labels changed since the model was trained. Where `out` ends in `.csv` or
    `.parquet`, the table of labels alone is written to that file, without training. Returns
    what the folder holds (`export.json`).

    Raises ExportError where `out` is there already or cannot be written; then nothing is left.
    """
    out = Path(out)
    if out.exists():
        raise ExportError(f"{out} exists already and is not written over; give another --out")
    try:
        with temporary_folder(out) as folder:
            about = _write(campaign, folder)
            publish(folder, out)
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {error.strerror or error}") from None
    return about


def export_labels(campaign: Campaign, out: str | Path) -> int:
    """Write the table of labels alone to a new `.csv` or `.parquet` file; how many rows it has.

    Raises ExportError where `out` is there already, has another suffix or cannot be written.
    """
    out = Path(out)
    if out.suffix not in TABLE_SUFFIXES:
        raise ExportError(f"{out} ends in none of {', '.join(TABLE_SUFFIXES)}; name such a file")
    if out.exists():
        raise ExportError(f"{out} exists already and is not written over; give another --out")
    rows = label_rows(campaign.pool, campaign.labels, _log(campaign))
    try:
        if out.suffix == ".parquet":
            write_parquet(out, labels_parquet(rows, campaign.pool))
        else:
            _write_bytes(out, labels_csv(rows, campaign.pool))
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {error.strerror or error}") from None
    return len(rows)


def _log(campaign: Campaign) -> list[StoredAnswer]:
    with closing(SqliteStore.open(campaign.folder)) as store:
        return store.answers_log()


def _trained(
    campaign: Campaign,
) -> tuple[Trained, PairPool, list[LabelRow], list[StoredAnswer]]:
    """The model, and the pairs and labels that it was trained on, though others may go on.

    The pool has the classes of the model: those that were not merged into another one.
    """
    while True:
        pool, log = campaign.pool, _log(campaign)
        trained = campaign.trained()
        rows = label_rows(pool, campaign.labels, log)
        # Another pool object is what a campaign has once it grew.
        if campaign.pool is pool and _log(campaign) == log:
            break
    names = trained.pool.class_names
    if names != pool.class_names:
        pool = replace(pool, class_names=names, truth=None, known=None)
    return trained, pool, rows, log


def _write(campaign: Campaign, folder: Path) -> About:
    trained, pool, rows, log = _trained(campaign)
    parts = campaign.parts
    write_parquet(folder / f"{LABELS}.parquet", labels_parquet(rows, pool))
    _write_bytes(folder / f"{LABELS}.csv", labels_csv(rows, pool))
    # Pairs that are in no pool just now are not among those that were trained on.
    train = pool.position_of(trained.pool.ids)
    pseudo = pseudo_labels(trained, parts["trainer"].component, train)
    if pseudo is not None:
        write_parquet(folder / f"{PSEUDO_LABELS}.parquet", pseudo_parquet(pseudo, pool))
        _write_bytes(folder / f"{PSEUDO_LABELS}.csv", pseudo_csv(pseudo, pool))
    state = _write_model(trained, pool, folder)
    dim = _write_embeddings(trained, pool, folder)
    write_pairs(folder / PAIRS, pool)
    about = About(
        pool=_pool_about(pool),
        encoders=dict(pool.encoders),
        model=ModelAbout(
            record=dict(parts["model"].record),
            state={} if state is None else dict(state.data),
            kept=state is not None,
        ),
        strategy=dict(parts["strategy"].record),
        trainer=dict(parts["trainer"].record),
        seed=campaign.seed,
        dim=dim,
        labels=_labels_about(rows, log, pseudo, pool),
        figures=_figures(trained, pool),
        versions=installed(),
        files={},
    )
    _write_bytes(folder / CARD, card(about).encode())
    about = about.model_copy(update={"files": file_digests(folder)})
    text = about.model_dump_json(by_alias=True, indent=1)
    _write_bytes(folder / ABOUT, text.encode())
    return about


def _write_model(trained: Trained, pool: PairPool, folder: Path) -> ModelState | None:
    model = trained.model
    state = model.state() if isinstance(model, StatefulModel) else None
    if state is None:
        return None
    arrays = {name: np.asarray(values, order="C") for name, values in state.arrays.items()}
    _write_bytes(folder / MODEL, save(arrays))
    if pool.dims is not None:
        write_probe(folder / PROBE, model, pool.dims)
    # Through JSON and back, so that what is checked later is what is read later.
    return ModelState(arrays, json.loads(json.dumps(dict(state.data))))


def _write_embeddings(trained: Trained, pool: PairPool, folder: Path) -> int:
    """Embed every pair, test pairs too, and index each modality; the width of embeddings."""
    home = folder / EMBEDDINGS
    home.mkdir()
    with ExitStack() as stack:
        files = EmbeddingFiles(Draft(home, stack), np.arange(len(pool)))
        for block in embed_blocks(trained.model, pool):
            files.write(block)
        files.finish()
    embeddings = PairEmbeddings.load(home)
    for name, side in zip(INDEXES, embeddings.sides, strict=True):
        write_index(folder / name, side)
    return embeddings.dim


def _figures(trained: Trained, pool: PairPool) -> dict[str, float]:
    """Metrics on the test pairs; none where there are none or their labels are not known."""
    if pool.truth is None or not len(pool.test_positions):
        return {}
    return measure(evaluate(trained.model, pool, pool.test_positions, np.asarray(pool.truth)))


def _pool_about(pool: PairPool) -> PoolAbout:
    return PoolAbout(
        name=pool.name,
        pairs=len(pool),
        train=len(pool.train_positions),
        test=len(pool.test_positions),
        modalities=pool.modalities,
        class_names=pool.class_names,
        multilabel=pool.multilabel,
        dims=pool.dims,
        items=None if pool.dims is not None else (_form(pool, 0), _form(pool, 1)),
    )


def _form(pool: PairPool, side: int) -> RawForm | None:
    """In which form the pool has the raw items of a modality, by the first of them."""
    present = pool.present[side]
    first = np.arange(1) if present is None else np.flatnonzero(present)[:1]
    items = pool.features[side].rows(first)
    if isinstance(items, np.ndarray) or not len(items):
        return None
    if is_picture(items[0]):
        return "image"
    return "text" if isinstance(items[0], str) else "bytes" if isinstance(items[0], bytes) else None


def _labels_about(
    rows: Sequence[LabelRow],
    log: Sequence[StoredAnswer],
    pseudo: PseudoLabels | None,
    pool: PairPool,
) -> LabelsAbout:
    told = [row.names for row in rows if row.names is not None]
    per_class = Counter(name for names in told for name in names)
    annotators: Mapping[str, int] = Counter(answer.annotator for answer in log)
    return LabelsAbout(
        labeled=len(told),
        skipped=len(rows) - len(told),
        per_class={name: per_class[name] for name in pool.class_names},
        annotators=dict(annotators),
        pseudo=0 if pseudo is None else len(pseudo.positions),
        pseudo_from=None if pseudo is None else pseudo.source,
    )


def _write_bytes(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)
