"""A file or folder is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from acqkit import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_its_text_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    files.write_text(tmp_path / "notes.txt", "één\r\ntwo\n")
    assert (tmp_path / "notes.txt").read_bytes() == "één\r\ntwo\n".encode()
    assert names(tmp_path) == ["notes.txt"]


def test_an_exception_midway_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    files.write_text(path, "old")
    with pytest.raises(ZeroDivisionError), files.whole_file(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["notes.txt"]


def test_text_that_cannot_be_encoded_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        files.write_text(tmp_path / "notes.txt", "\ud800")
    assert names(tmp_path) == []


def test_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write_text(tmp_path / "missing" / "notes.txt", "")


def test_readers_see_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path, texts = tmp_path / "big.txt", ["a" * 300_000, "b" * 300_000]
    files.write_text(path, texts[0])
    done = threading.Event()

    def write() -> None:
        for i in range(40):
            files.write_text(path, texts[i % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(path.read_text())
    writer.join()
    assert seen <= set(texts)


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
def test_mode_and_links_are_those_of_a_plain_open(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    files.write_text(tmp_path / "new", "")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "secret").write_text("old")
    (tmp_path / "secret").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    files.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "secret").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX's")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=files.write_text, args=(path, "through"))
    writer.start()
    assert path.read_text() == "through"
    writer.join()
    assert path.is_fifo()


WRITES = """
import sys
from pathlib import Path
from acqkit import files
path = Path(sys.argv[1])
with files.{} as opened:
    (opened / "part").write_bytes(b"half") if isinstance(opened, Path) else opened.write(b"half")
    print("midway", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="kill is POSIX's")
@pytest.mark.parametrize("opening", ["whole_file(path)", "temporary_folder(path)"])
def test_what_a_kill_leaves_is_hidden_and_removed_when_old(opening: str, tmp_path: Path) -> None:
    path = tmp_path / "kept[1]"
    command = [sys.executable, "-c", WRITES.format(opening), str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "midway\n"
        process.send_signal(signal.SIGKILL)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".")
    files.remove_abandoned(path)
    assert left.exists()  # it may be somebody's who is still at work
    long_ago = time.time() - files.ABANDONED_AFTER - 1
    for item in (*left.rglob("*"), left):
        os.utime(item, (long_ago, long_ago))
    files.write_text(path, "whole")
    assert names(tmp_path) == ["kept[1]"]


def test_a_folder_appears_with_all_that_is_in_it(tmp_path: Path) -> None:
    final = tmp_path / "arrays"
    with files.temporary_folder(final) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "part").write_text("x")
        assert not final.exists()
        files.publish(folder, final)
    assert (final / "inner" / "part").read_text() == "x"
    assert names(tmp_path) == ["arrays"]


def test_a_folder_that_is_not_published_is_gone(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.temporary_folder(tmp_path / "arrays") as folder:
        (folder / "part").write_text("x")
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_a_folder_with_content_is_not_replaced(tmp_path: Path) -> None:
    final = tmp_path / "arrays"
    final.mkdir()
    (final / "mine").write_text("")
    with pytest.raises(OSError), files.temporary_folder(final) as folder:
        files.publish(folder, final)
    assert names(final) == ["mine"]
    assert names(tmp_path) == ["arrays"]


def test_a_new_file_replaces_nothing_and_leaves_nothing_hidden(tmp_path: Path) -> None:
    file = files.NewFile(tmp_path / "sheet.csv")
    file.write(b"a longer first draft")
    file.write(b"second")
    assert not (tmp_path / "sheet.csv").exists()
    file.publish(tmp_path / "sheet.csv")
    assert (tmp_path / "sheet.csv").read_bytes() == b"second"
    file.write(b"third")
    with pytest.raises(FileExistsError) as caught:
        file.publish(tmp_path / "sheet.csv")
    assert caught.value.filename == str(tmp_path / "sheet.csv")
    file.remove()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("sheet.csv", b"second")
    ]


def test_a_new_file_outlives_the_removal_of_abandoned_ones(tmp_path: Path) -> None:
    """Between its first write and its last, work may take longer than files are left alone."""
    file = files.NewFile(tmp_path / "sheet.csv")
    file.write(b"")
    (hidden,) = tmp_path.iterdir()
    os.utime(hidden, (0, 0))
    files.remove_abandoned(tmp_path / "sheet.csv")
    assert list(tmp_path.iterdir()) == []
    file.write(b"picked at last")
    file.publish(tmp_path / "sheet.csv")
    file.remove()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"picked at last"]
