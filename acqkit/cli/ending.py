"""How a command ends: the one place that turns exceptions into sentences and exit statuses."""

from __future__ import annotations

import errno
import os
import sys
import traceback

import typer

from acqkit.cli.console import PlainConsole, say_error
from acqkit.errors import AcqkitError
from acqkit.files import WRITING

REFUSED, INTERRUPTED, TERMINATED, UNREAD, BUG = 2, 130, 143, 141, 1
"""Exit statuses; the signals' are those that a shell gives."""

_USAGE = typer.BadParameter.__bases__[0]
"""What is wrong with the arguments. Typer names only this error of it, wherever it keeps click."""

_ADVICE = {
    errno.ENOSPC: "free some space, then give the same command again",
    errno.EDQUOT: "free some space, then give the same command again",
    errno.EIO: "check the disk or the network that it is on, then give the same command again",
    errno.ENOENT: "give a path that is there",
    errno.EACCES: "give another path, or change who may use this one",
    errno.EPERM: "give another path, or change who may use this one",
    errno.EROFS: "give a path on a disk that can be written to",
    errno.EISDIR: "give the path of a file",
    errno.ENOTDIR: "give a path whose folders are folders",
    errno.EEXIST: "give another path",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.EMFILE: "close other files, or raise the limit (ulimit -n)",
    errno.ENOMEM: "close other programs, or use a machine with more memory",
}


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends work as Ctrl-C does."""


def end(error: BaseException) -> int:
    """Say on stderr what `error` means to whoever gave the command; returns the exit status."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        kept = "what is done is kept, and the same command goes on from there"
        say_error(f"interrupted; {str(error) or kept}")
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # Nobody reads any more; without this, Python says so once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    sentence = sentence_of(error)
    if sentence is not None:
        if sentence:
            say_error(sentence)
        return REFUSED
    PlainConsole(stderr=True).print("".join(traceback.format_exception(error)), soft_wrap=True)
    say_error(
        f"{type(error).__name__}: this is a fault of acqkit; please report it with the command "
        "that you gave and the lines above"
    )
    return BUG


def sentence_of(error: BaseException) -> str | None:
    """What went wrong and what to do in one sentence; None where it is a fault of acqkit's own.

    "" where the help was shown instead.
    """
    if isinstance(error, AcqkitError):
        return str(error)
    if isinstance(error, _USAGE):
        return _usage(error)
    # Not imported before it is needed: help and version wait for nothing.
    from acqkit.components.origin import from_plugin  # noqa: PLC0415

    named = from_plugin(error)
    if named is not None:
        return str(named)
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return f"not enough memory ({error}); use a smaller pool, or a machine with more memory"
    return None


def _usage(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "acqkit"
    message = error.format_message().rstrip(".?")  # type: ignore[attr-defined] # click's
    return f"{message}; {command} --help says what can be given" if message else ""


def _of_system(error: OSError) -> str:
    tried = "write" if WRITING in getattr(error, "__notes__", ()) else "use"
    what = "a file" if error.filename is None else os.fsdecode(error.filename)
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0, "give another path")
    return f"cannot {tried} {what}: {reason}; {advice}"
