"""`acqkit new-plugin`: the copy works at once, and a name that does not fit is refused in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from acqkit.errors import PluginError
from acqkit.scaffold import new_plugin
from distributions import install, lay_out

ROOT = Path(__file__).parents[1]


def _python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    # The checkout comes first, so that it is this acqkit which is tried.
    folders = [str(ROOT), *([str(path)] if path else [])]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_copy_passes_its_own_tests(tmp_path: Path) -> None:
    made = new_plugin("acqkit-zebra", tmp_path / "acqkit-zebra")
    out = _python("-m", "pytest", "-v", "-p", "no:cacheprovider", cwd=made)
    assert "test_conformance[Zebra-permuting_the_pool] PASSED" in out


_ASK = """
import json
from acqkit.components.registry import registry
found = registry()
zebra, miss = found.get("strategy", "zebra-two"), found.get("scorer", "nearest-miss")
print(json.dumps([zebra.distribution, zebra.factory.__name__, miss.distribution]))
"""


def test_installed_copy_and_example_are_found_by_name(tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, new_plugin("acqkit-zebra-two", tmp_path / "made"))
    install(site, ROOT / "examples" / "acqkit-nearest-miss")
    found = json.loads(_python("-c", _ASK, cwd=tmp_path, path=site))
    assert found == ["acqkit-zebra-two", "ZebraTwo", "acqkit-nearest-miss"]


def test_copy_is_made_in_the_current_folder_and_nothing_of_the_template_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = new_plugin("acqkit-two-words")
    assert made == Path("acqkit-two-words")
    files = sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file())
    assert files == [
        "README.md",
        "acqkit_two_words/__init__.py",
        "acqkit_two_words/py.typed",
        "pyproject.toml",
        "tests/test_two_words.py",
    ]
    text = "".join((made / name).read_text(encoding="utf-8") for name in files)
    assert "template" not in text.lower()
    assert "class TwoWords(acqkit.Component)" in text
    assert '{"two-words": TwoWords}' in text


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    assert (new_plugin("acqkit-zebra", tmp_path) / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("zebra", "such as 'acqkit-zebra'"),
        ("acqkit-Zebra", "such as 'acqkit-zebra'"),
        ("Acqkit Zebra Crossing", "such as 'acqkit-zebra-crossing'"),
        ("acqkit-3d", "the first beginning with a letter"),
        ("acqkit_zebra", "such as 'acqkit-zebra'"),
        ("../zebra", "such as 'acqkit-zebra'"),
        ("acqkit-", "such as 'acqkit-zebra'"),
        ("", "such as 'acqkit-zebra'"),
        ("acqkit-none", "its class would be called None"),
        ("acqkit-random", "'random' is already offered by acqkit"),
    ],
)
def test_name_that_does_not_fit_is_refused_in_words(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        new_plugin(name, tmp_path / "made")
    assert words in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_name_of_an_installed_distribution_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(tmp_path, "acqkit-zebra", "")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="'acqkit-zebra' is already installed"):
        new_plugin("acqkit-zebra", tmp_path / "made")


def test_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PluginError, match="not an empty folder"):
        new_plugin("acqkit-zebra", tmp_path)
    with pytest.raises(PluginError, match="not an empty folder"):
        new_plugin("acqkit-zebra", tmp_path / "mine.txt")
    with pytest.raises(PluginError, match="cannot write the new plugin"):
        new_plugin("acqkit-zebra", tmp_path / "mine.txt" / "below")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
