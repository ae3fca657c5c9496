"""Whatever ends a command ends in one sentence and an exit status that says so."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from pathlib import Path

import pytest
import typer

from acqkit.cli import app
from acqkit.cli.console import visible
from acqkit.cli.ending import end
from acqkit.errors import PoolError
from acqkit.files import write_text

Capture = pytest.CaptureFixture[str]


def called(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The exit status of the command when `error` is raised in it."""

    def invoke(arguments: list[str]) -> None:
        raise error

    monkeypatch.setattr(app, "_invoke", invoke)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (PoolError("no pairs; give some"), 2, "error: no pairs; give some\n"),
        (PoolError("two\nlines"), 2, "error: two lines\n"),
        (PoolError("[/x] \x1b[31m"), 2, "error: [/x] \\x1b[31m\n"),
        (typer.Exit(1), 1, ""),
        (typer.BadParameter("no such thing"), 2, "no such thing; acqkit --help says"),
        (OSError(errno.ENOSPC, "No space left", "a.npz"), 2, "cannot use a.npz: No space left"),
        (OSError(errno.ENOSPC, "No space left"), 2, "free some space"),
        (OSError("no number"), 2, "no number"),
        (MemoryError("9 GiB"), 2, "not enough memory (9 GiB)"),
        (EOFError("a fault"), 1, "EOFError: this is a fault of acqkit; please report it"),
        (SystemExit(0), 2, "called sys.exit(0) in the middle of the work"),
        (SystemExit("bye"), 2, "called sys.exit('bye')"),
        (KeyboardInterrupt(), 130, "what is done is kept"),
    ],
)
def test_every_exception_has_its_sentence_and_status(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, error: BaseException, status: int, said: str
) -> None:
    assert called(monkeypatch, error) == status
    out, err = capfd.readouterr()
    assert out == "" and said in err
    assert ("Traceback" in err) == (status == 1 and said != "")
    assert len(err.splitlines()) == 1 or "Traceback" in err or not said


def test_what_was_to_be_written_is_named_not_what_stands_for_it(
    tmp_path: Path, capfd: Capture
) -> None:
    page = tmp_path / "page.html"
    page.mkdir()
    with pytest.raises(IsADirectoryError) as refused:
        write_text(page, "x")
    assert end(refused.value) == 2
    assert f"cannot write {page}: Is a directory" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == [page]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["term", "int"]
)
def test_signals_say_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture, number: int, status: int
) -> None:
    monkeypatch.setattr(app, "_invoke", lambda arguments: os.kill(os.getpid(), number))
    before = signal.getsignal(signal.SIGTERM)
    # A shell starts what runs in the background with Ctrl-C ignored.
    of_the_tests = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as ended:
            app.main()
    finally:
        signal.signal(signal.SIGINT, of_the_tests)
    assert ended.value.code == status
    assert "what is done is kept" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[red]a[/red] :smile:", "[red]a[/red] :smile:"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\u202eb", "a\\u202eb"),
        ("\ud800", "\\ud800"),
        ("می‌خواهم", "می‌خواهم"),  # with the joiner that Persian needs
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_has_no_picture_is_shown_by_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("arguments", ["-h", "run -h", "campaign -h", "campaign ask -h"])
def test_h_is_help(monkeypatch: pytest.MonkeyPatch, capfd: Capture, arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["acqkit", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 0
    assert "Usage" in capfd.readouterr().out


def test_only_one_module_prints() -> None:
    """What prints by itself would show markup and control characters of others' texts."""
    folder = Path(app.__file__).parent
    others = [path for path in folder.glob("*.py") if path.name != "console.py"]
    assert len(others) >= 8
    for path in others:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"import Console|typer\.echo|(?<![.\w])print\(", source), path
