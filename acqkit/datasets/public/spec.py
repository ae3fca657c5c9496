"""The six data sets: their layouts, classes, and where their files come from."""

from __future__ import annotations

from dataclasses import dataclass

from acqkit.datasets.public import catalog
from acqkit.datasets.public.layouts import Layout
from acqkit.datasets.public.nuswide import NusWide


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a data set before any file is read.

    `classes` are the numbers of classes that releases have. `multilabel` None: as the release
    has it (class numbers are single labels). `home` is the makers' page, `features` says who
    publishes files in these layouts.
    """

    name: str
    layouts: tuple[Layout, ...]
    classes: tuple[int, ...]
    multilabel: bool | None
    home: str
    features: str

    def names(self) -> list[str]:
        """Names of the layouts, in the order in which they are looked for."""
        return [layout.name for layout in self.layouts]


WIKIPEDIA = Spec(
    name="wikipedia",
    layouts=catalog.WIKIPEDIA,
    classes=(10,),
    multilabel=False,
    home="http://www.svcl.ucsd.edu/projects/crossmodal/",
    features="https://github.com/penghu-cs/MRL (doc2vec) and "
    "https://huggingface.co/datasets/xinxin713/hashing-benchmark-datasets (wiki.mat)",
)
PASCAL_SENTENCE = Spec(
    name="pascal-sentence",
    layouts=catalog.PASCAL_SENTENCE,
    classes=(20,),
    multilabel=False,
    home="http://vision.cs.uiuc.edu/pascal-sentences/",
    features="https://github.com/penghu-cs/DSCMR (folder data/pascal)",
)
_NUS_HOME = "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html"
_HASHING = (
    "https://github.com/jiangqy/DCMH-CVPR2017 (tags and labels), "
    "https://github.com/penghu-cs/UCCH (with VGG features) and "
    "https://huggingface.co/datasets/xinxin713/hashing-benchmark-datasets (.h5)"
)
NUS_WIDE_TC10 = Spec(
    name="nus-wide-tc10",
    layouts=(*catalog.NUS_WIDE_TC10, NusWide()),
    classes=(10,),
    multilabel=None,
    home=_NUS_HOME,
    features=_HASHING,
)
NUS_WIDE_TC21 = Spec(
    name="nus-wide-tc21",
    layouts=(*catalog.NUS_WIDE_TC21, NusWide()),
    classes=(21,),
    multilabel=True,
    home=_NUS_HOME,
    features=_HASHING,
)
MIRFLICKR25K = Spec(
    name="mirflickr25k",
    layouts=catalog.MIRFLICKR25K,
    classes=(24,),
    multilabel=True,
    home="https://press.liacs.nl/mirflickr/",
    features=_HASHING,
)
MS_COCO = Spec(
    name="ms-coco",
    layouts=catalog.MS_COCO,
    classes=(80, 91),
    multilabel=True,
    home="https://cocodataset.org/",
    features="https://github.com/penghu-cs/UCCH and "
    "https://huggingface.co/datasets/xinxin713/hashing-benchmark-datasets (.h5)",
)
