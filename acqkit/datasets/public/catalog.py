"""The file layouts in which each data set is published, with public code that reads them.

File names and keys are those of the releases; where copies differ in a name, all names are listed.
Order matters: the first layout whose files are all in a folder is the one that is read.
"""

from __future__ import annotations

from acqkit.datasets.public.layouts import FileLayout, StoredArray, StoredSubset

WIKIPEDIA_CLASSES = (
    "art",
    "biology",
    "geography",
    "history",
    "literature",
    "media",
    "music",
    "royalty",
    "sport",
    "warfare",
)
"""In the order of the category numbers 1 to 10 (zs-zhong/DJSRH datasets.py)."""

_MRL = "penghu-cs/MRL src/noisydataset.py"
_UCCH = "penghu-cs/UCCH src/cmdataset.py"
_NRCH = "LonganWANG-cs/NRCH utils/tools.py"


def whole(
    name: str, files: tuple[str, str, str], keys: tuple[str, str, str], source: str
) -> FileLayout:
    """Images, texts and labels in a file each, without a split into train and test."""
    image, text, labels = (
        StoredArray((file,), (key,)) for file, key in zip(files, keys, strict=True)
    )
    return FileLayout(name, (StoredSubset(image, text, labels),), source)


def one_file(
    name: str,
    files: tuple[str, ...],
    parts: tuple[tuple[bool, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...],
    source: str,
) -> FileLayout:
    """All arrays in one file; a part is (is it test, keys of images, of texts, of labels)."""
    made = tuple(
        StoredSubset(
            StoredArray(files, image), StoredArray(files, text), StoredArray(files, labels), test
        )
        for test, image, text, labels in parts
    )
    return FileLayout(name, made, source)


def doc2vec(
    name: str, *files: str, source: str = "penghu-cs/MRL src/noisydataset.py"
) -> FileLayout:
    """VGG-19 features of images and Doc2Vec of texts; validation pairs, if any, are not read."""
    return one_file(
        name,
        files,
        (
            (False, ("train_imgs_deep",), ("train_text", "train_texts"), ("train_imgs_labels",)),
            (True, ("test_imgs_deep",), ("test_text", "test_texts"), ("test_imgs_labels",)),
        ),
        source,
    )


def query_database(file: str) -> FileLayout:
    """Queries are the test pairs; the database, with the training pairs in it, the train pairs."""
    return one_file(
        "query-database",
        (file,),
        (
            (False, ("ImgDataBase",), ("TagDataBase",), ("LabDataBase",)),
            (True, ("ImgQuery",), ("TagQuery",), ("LabQuery",)),
        ),
        _NRCH,
    )


def cnn(*files: str) -> FileLayout:
    """CNN features and tags: `_te` are the test pairs, `_db` the train pairs; `_tr` is not read.

    By the counts in papers (on MIRFlickr 10,000 `_tr`, 18,015 `_db`, 2,000 `_te` of 20,015) `_tr`
    is part of `_db`; the public readers do not say.
    """
    return one_file(
        "cnn",
        files,
        ((False, ("I_db",), ("T_db",), ("L_db",)), (True, ("I_te",), ("T_te",), ("L_te",))),
        "LiuJinyu1229/paddle NCH/data_loader.py",
    )


def separate(source: str) -> FileLayout:
    """Images, texts and labels of the train and of the test part in a .mat file each."""
    parts = tuple(
        StoredSubset(
            StoredArray((f"{side}_img.mat",), (f"{side}_img",)),
            StoredArray((f"{side}_txt.mat",), (f"{side}_txt",)),
            StoredArray((f"{side}_img_lab.mat",), (f"{side}_img_lab",)),
            side == "test",
        )
        for side in ("train", "test")
    )
    return FileLayout("separate", parts, source)


def dcmh(name: str, stem: str, image: str, end: str, source: str) -> FileLayout:
    """The release of DCMH, with image features, row by row, in a file of their own."""
    files = (f"{stem}-{image}{end}.mat", f"{stem}-yall{end}.mat", f"{stem}-lall{end}.mat")
    return whole(name, files, ("XAll", "YAll", "LAll"), source)


NPY = FileLayout(
    "npy",
    (
        StoredSubset(
            StoredArray(("feature.npy",)), StoredArray(("bow.npy",)), StoredArray(("label.npy",))
        ),
    ),
    "your own features under the names of public loaders; memory-mapped",
    test_rows=StoredArray(("test_data_list.npy",)),
)

WIKIPEDIA = (
    FileLayout(
        "rasiwasia",
        tuple(
            StoredSubset(
                StoredArray(("raw_features.mat",), (f"I_{short}",)),
                StoredArray(("raw_features.mat",), (f"T_{short}",)),
                StoredArray((f"{side}set_txt_img_cat.list",), column=-1),
                side == "test",
            )
            for short, side in (("tr", "train"), ("te", "test"))
        ),
        "TongJiayan/Multimodal-Retrieve util/load_wiki.m",
        WIKIPEDIA_CLASSES,
    ),
    doc2vec("doc2vec", "wiki_deep_doc2vec_data_corr_ae.h5py", "wiki_deep_doc2vec_data.h5py"),
    one_file(
        "wiki-mat",
        ("wiki.mat",),
        (
            (False, ("train_imgs_deep",), ("train_texts_doc",), ("train_imgs_labels",)),
            (True, ("test_imgs_deep",), ("test_texts_doc",), ("test_imgs_labels",)),
        ),
        "CV4RA/FGFusion custom_dataset.py",
    ),
    separate("penghu-cs/DSCMR load_data.py"),
)
PASCAL_SENTENCE = (
    separate("penghu-cs/DSCMR load_data.py"),
    one_file(
        "pascal-mat",
        ("pascal.mat",),
        (
            (False, ("img_train",), ("text_train",), ("label_train",)),
            (True, ("img_test",), ("text_test",), ("label_test",)),
        ),
        "CV4RA/FGFusion custom_dataset.py",
    ),
)
NUS_WIDE_TC10 = (
    dcmh("dcmh", "nus-wide-tc10", "xall-vgg", "", _UCCH),
    query_database("NUS-WIDE.h5"),
    cnn("nus_cnn_twt.mat", "nus_cnn.mat"),
    doc2vec("doc2vec", "nus_wide_deep_doc2vec_data_42941.h5py"),
    doc2vec(
        "doc2vec-10k",
        "nus_wide-10k_deep_doc2vec-corr-ae.h5py",
        "nus_wide_deep_doc2vec-corr-ae.h5py",
        source="CV4RA/FGFusion custom_dataset.py",
    ),
    NPY,
)
NUS_WIDE_TC21 = (
    dcmh("dcmh", "nus-wide-tc21", "xall-vgg", "", f"{_NRCH}, which has -clean in the names"),
    dcmh("dcmh-clean", "nus-wide-tc21", "xall-vgg", "-clean", _NRCH),
    whole(
        "dadh",
        ("NUS-WIDE-TC21.mat",) * 3,
        ("image", "text", "label"),
        "Zjut-MultimediaPlus/DADH datasets/data_handler.py",
    ),
    query_database("NUS-WIDE.h5"),
    cnn("nus_cnn_twt.mat", "nus_cnn.mat"),
    NPY,
)
MIRFLICKR25K = (
    dcmh("dcmh", "mirflickr25k", "iall-vgg", "", _UCCH),
    dcmh("dcmh-rand", "mirflickr25k", "iall-vgg", "-rand", "gfdbm/AMCCH src/cmdataset.py"),
    whole(
        "dadh",
        ("FLICKR-25K.mat",) * 3,
        ("images", "YAll", "LAll"),
        "Zjut-MultimediaPlus/DADH datasets/data_handler.py",
    ),
    query_database("MIRFlickr.h5"),
    cnn("mir_cnn_twt.mat", "mir_cnn.mat"),
    NPY,
)
MS_COCO = (
    whole("ucch", ("MSCOCO_deep_doc2vec_data_rand.h5py",) * 3, ("XAll", "YAll", "LAll"), _UCCH),
    doc2vec("doc2vec", "MSCOCO_deep_doc2vec_data.h5py", source="penghu-cs/SDML data_loader.py"),
    query_database("MS-COCO.h5"),
    cnn("coco_cnn_twt.mat", "coco_cnn_twt_2014.mat", "coco_cnn.mat"),
    NPY,
)
