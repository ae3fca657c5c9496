"""The page on the data sets says what is declared, table by table."""

from __future__ import annotations

from pathlib import Path

import pytest

from acqkit.datasets.public import DATA_SETS
from acqkit.datasets.public.files import DATA_HOME

PAGE = (Path(__file__).parents[2] / "docs" / "data-sets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DATA_SETS)
def test_layouts_are_listed_with_files_and_source(name: str) -> None:
    spec = DATA_SETS[name].spec
    section = PAGE.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{layout.name}` | "
        + ", ".join(" or ".join(f"`{file}`" for file in names) for names in layout.files())
        + f" | {layout.source} |"
        for layout in spec.layouts
    ]
    assert (DATA_SETS[name].__doc__ or "").partition("\n")[0] in section
    assert f"Makers: <{spec.home}>. Features: {spec.features}." in section


def test_parameters_are_those_there_are() -> None:
    listed = {field for made in DATA_SETS.values() for field in made.model_fields}
    table = PAGE.partition("\n## Parameters\n")[2].partition("\n## ")[0]
    named = {part for part in table.split("`") if part in listed}
    assert named >= listed
    assert DATA_HOME in PAGE
    for number in ("2,000", "2,100", "5,000"):
        assert number in PAGE
    defaults = {
        name: made.model_fields["queries"].default
        for name, made in DATA_SETS.items()
        if "queries" in made.model_fields
    }
    assert defaults == {
        "nus-wide-tc10": 2100,
        "nus-wide-tc21": 2100,
        "mirflickr25k": 2000,
        "ms-coco": 5000,
    }
