"""Pages that are written with faults: the old one or the new one, and whole."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from faulty_commands import command, install
from faulty_runs import run
from injected_faults import Check, outcome

from acqkit.pool.folder import save_pool
from acqkit.testing import make_pool
from killable import run_in_fork

OLD = b"<html>what was there before</html>\n"


def write_pages(made: Path, place: Path) -> None:
    """Write a page where there is none, and one over another."""
    command("report", made, "--out", place / "deep" / "new.html")
    command("report", made, "--out", place / "old.html")


def report_case(root: Path) -> Check:
    """A page is there whole or not at all, and the same command writes it after all."""
    install()
    made, twin = root / "run", root / "twin"
    save_pool(make_pool(40, 3, test_share=0.25), root / "pool.npz")
    run(root / "pool.npz", made, root / "trainings.txt")
    write_pages(made, twin)
    page = (twin / "old.html").read_bytes()
    assert page == (twin / "deep" / "new.html").read_bytes()

    def check(at: int, fault: str) -> str:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            place = Path(folder)
            new, old = place / "deep" / "new.html", place / "old.html"
            old.write_bytes(OLD)
            found = outcome(lambda: write_pages(made, place), at, fault)
            what = (at, fault, found)
            assert not new.exists() or new.read_bytes() == page, what
            assert old.read_bytes() in (OLD, page), what
            if found == "refused":
                assert not (left := [*place.rglob(".*.new")]), (what, left)
            run_in_fork(functools.partial(write_pages, made, place), None)
            assert new.read_bytes() == old.read_bytes() == page, what
        return found

    return check
