"""The file of a sheet: written before its batch is stored, named after, never over another one."""

from __future__ import annotations

from pathlib import Path

from acqkit.campaign import Batch, Campaign
from acqkit.cli.sheets import sheet_bytes
from acqkit.errors import CampaignError
from acqkit.files import NewFile


class SheetFile:
    """A sheet at `path`, by default in the campaign's folder under the batch's id.

    Entering the block raises CampaignError where no sheet can be written, before any work.
    """

    def __init__(self, campaign: Campaign, path: Path | None) -> None:
        self._campaign = campaign
        self._path = path
        self._file = NewFile(path or campaign.folder / "sheet.csv")
        self._batch: Batch | None = None

    def __enter__(self) -> SheetFile:
        if self._path is not None:
            self._check_free(self._path)
        self._write(b"", self._path or self._campaign.folder)
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.remove()

    def write(self, batch: Batch) -> None:
        """Put a batch's sheet on the disk without its name; raises CampaignError."""
        self._batch = batch
        path = self._path_of(batch)
        self._check_free(path)
        self._write(sheet_bytes(batch, self._campaign.pool), path)

    def publish(self, batch: Batch) -> Path:
        """Give the sheet its name; raises CampaignError that says how to have it again."""
        path = self._path_of(batch)
        try:
            self._file.publish(path)
        except OSError as error:
            raise CampaignError(
                f"{batch.batch_id} is stored, but its sheet {path} cannot be written "
                f"({error.strerror}); {self._again(batch)}"
            ) from None
        return path

    def what_is_kept(self) -> str:
        """What an ask leaves that was interrupted."""
        stored = {batch.batch_id: batch.ids for batch in self._campaign.batches()}
        batch = self._batch
        if batch is None or stored.get(batch.batch_id) != batch.ids:
            return "no batch was taken, and the same command begins again"
        return f"{batch.batch_id} is stored, and {self._again(batch)}"

    def _path_of(self, batch: Batch) -> Path:
        return self._path or self._campaign.folder / f"{batch.batch_id}.csv"

    def _check_free(self, path: Path) -> None:
        if path.exists():
            raise CampaignError(
                f"{path} exists already and may hold answers, so it is not written over; give "
                f"another --sheet (acqkit campaign tell {self._campaign.folder} {path} records "
                "what is in it)"
            )

    def _write(self, content: bytes, path: Path) -> None:
        try:
            self._file.write(content)
        except OSError as error:
            raise CampaignError(
                f"the sheet {path} cannot be written ({error.strerror}), and nothing was done; "
                "give --sheet in a folder that is there, has room and may be written to"
            ) from None

    def _again(self, batch: Batch) -> str:
        command = f"acqkit campaign sheet {self._campaign.folder} {batch.batch_id} --sheet FILE"
        return f"`{command}` writes its sheet"
