from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import acqkit.models

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


def test_public_names() -> None:
    assert acqkit.models.__all__ == [
        "ENCODE_BLOCK",
        "Frozen",
        "LogisticPair",
        "Objective",
        "Outputs",
        "OwnFit",
        "PairNetwork",
        "Progress",
        "Schedule",
        "SklearnPairModel",
        "Step",
        "Supervised",
        "SupervisedObjective",
        "TorchPairModel",
        "Tower",
        "TrainingData",
        "TwoTower",
        "as_network",
        "as_tensor",
        "belief_classification_of",
        "blocks_of",
        "classification_loss",
        "classification_of",
        "data_parallel",
        "jaccard",
        "label_evidence",
        "pairing_loss",
        "same_class_loss",
        "standardize_for",
        "train",
        "weight_by_labels",
    ]


@pytest.mark.parametrize("name", acqkit.models.__all__)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(acqkit.models, name)
    if not isinstance(value, int):
        assert value.__name__ == name
        assert len(value.__doc__) > 40


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"acqkit\.models.*'trian'"):
        acqkit.models.trian  # noqa: B018 - the access itself is what fails


def test_importing_the_package_brings_in_no_library_of_models() -> None:
    code = "import sys, acqkit.models; print({'torch', 'sklearn'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "set()"


def test_our_plugins_use_public_names_of_models_only() -> None:
    sources = sorted(PLUGINS.rglob("*.py"))
    assert any("acqkit.models import" in file.read_text(encoding="utf-8") for file in sources)
    inner = re.compile(r"acqkit\.models\.[a-z_]+")
    for file in sources:
        assert not inner.findall(file.read_text(encoding="utf-8")), file
