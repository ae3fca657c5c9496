"""The data sets as components: by name, with a folder, a layout and checksums as parameters."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from acqkit.datasets.public import spec as specs
from acqkit.datasets.public.assemble import Draw, make_pool
from acqkit.datasets.public.files import DATA_HOME, FileIndex, check_sums, default_folder
from acqkit.datasets.public.find import find_layout
from acqkit.datasets.public.layouts import Layout
from acqkit.errors import did_you_mean
from acqkit.interfaces import Component
from acqkit.pool import PairPool


class PublicSet(Component):
    """Base of the data sets that are read from files in a public layout."""

    spec: ClassVar[specs.Spec]

    folder: Path | None = Field(
        None,
        description=f"where the files are, in any subfolder; default ${DATA_HOME}/<name>, or "
        "~/.cache/acqkit/<name> where that variable is not set",
    )
    layout: str = Field("auto", description="name of a layout; auto: the first that is complete")
    checksum: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 by file name; other files are not checked"
    )

    @field_validator("layout")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value != "auto" and value not in cls.spec.names():
            raise ValueError(f"unknown layout; {did_you_mean(value, ['auto', *cls.spec.names()])}")
        return value

    def load(self) -> PairPool:
        """The pool, with truth and split; raises PoolError (what is missing and where from)."""
        index, layout = self._found()
        check_sums(index, self.checksum)
        subsets = layout.read(index, self.spec.classes)
        return make_pool(self.spec, subsets, self._draw(), f"{index.folder} ({layout.name})")

    def check(self) -> None:
        """Raise PoolError if files are missing, as `load` would, without reading any."""
        self._found()

    def _found(self) -> tuple[FileIndex, Layout]:
        index = FileIndex.of((self.folder or default_folder(self.spec.name)).expanduser())
        return index, find_layout(self.spec, index, self.layout)

    def _draw(self) -> Draw | None:
        return None


class DrawnSet(PublicSet):
    """Base of the data sets whose releases, most of them, leave the split to their users."""

    queries: int = Field(2000, ge=1, description="test pairs, drawn where the files have no split")
    split_seed: int = Field(0, ge=0, description="another seed draws other test pairs")

    def _draw(self) -> Draw | None:
        return Draw(self.queries, self.split_seed)


class Wikipedia(PublicSet):
    """Wikipedia: 2,866 articles with an image, 10 classes, one each; split as published.

    Source: Rasiwasia et al., A New Approach to Cross-Modal Multimedia Retrieval, ACM MM 2010.
    The split is theirs, 2,173 and 693: what others take from the test part for validation
    stays in it.
    """

    spec = specs.WIKIPEDIA


class PascalSentence(PublicSet):
    """Pascal Sentence: images with five sentences, 20 classes, one each; split as published.

    Source: Rashtchian et al., Collecting Image Annotations Using Amazon's Mechanical Turk,
    NAACL-HLT 2010 workshop; the field trains on 800 of the 1,000.
    """

    spec = specs.PASCAL_SENTENCE


class NusWideTC10(DrawnSet):
    """NUS-WIDE, the 10 most frequent concepts; one or several labels, as the release has it.

    Source: Chua et al., NUS-WIDE, CIVR 2009. Pairs without any of the concepts are left out.
    Where the files have no split, 2,100 test pairs are drawn.
    """

    spec = specs.NUS_WIDE_TC10
    queries: int = Field(2100, ge=1, description="test pairs, drawn where the files have no split")


class NusWideTC21(DrawnSet):
    """NUS-WIDE, the 21 most frequent concepts, several labels each (195,834 pairs).

    Source: Chua et al., NUS-WIDE, CIVR 2009. Pairs without any of the concepts are left out.
    Where the files have no split, 2,100 test pairs are drawn.
    """

    spec = specs.NUS_WIDE_TC21
    queries: int = Field(2100, ge=1, description="test pairs, drawn where the files have no split")


class MirFlickr25k(DrawnSet):
    """MIRFlickr-25k: images with tags, 24 classes, several each (20,015 pairs with tags).

    Source: Huiskes and Lew, The MIR Flickr Retrieval Evaluation, MIR 2008. Pairs without a
    label are left out. Where the files have no split, 2,000 test pairs are drawn.
    """

    spec = specs.MIRFLICKR25K


class MsCoco(DrawnSet):
    """MS-COCO: images with captions, 80 classes (91 in some releases), several each.

    Source: Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014. Pairs without a
    label are left out. Where the files have no split, 5,000 test pairs are drawn.
    """

    spec = specs.MS_COCO
    queries: int = Field(5000, ge=1, description="test pairs, drawn where the files have no split")


DATA_SETS: dict[str, type[PublicSet]] = {
    made.spec.name: made
    for made in (Wikipedia, PascalSentence, NusWideTC10, NusWideTC21, MirFlickr25k, MsCoco)
}
"""All of them by the names they are registered under."""
