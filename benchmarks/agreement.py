"""Do strategies pick what scikit-activeml and other peers pick, or better by the same objective?

    python benchmarks/agreement.py --seeds 10

Ours and each peer select from the same small pools: the same embeddings, predictions, committees
and labels. Counts the picks in common and evaluates both selections by what the strategy optimizes.
Where an algorithm draws at random picks may differ, and objectives agree on average; some peers are
also handed what ours draws. Peers are in the extras peers and peers-more, but for bmdal-reg
(`pip install --no-deps bmdal-reg`); one that is not installed is left out. Writes a Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.agreement.contests import CONTESTS, Contest
from suite.agreement.pools import make_scene
from suite.agreement.table import Duel, markdown
from suite.environment import environment

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Hold all contests whose peers are installed, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="pools")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "agreement.md")
    given = parser.parse_args()
    duels = {}
    for contest in CONTESTS:
        if contest.version:
            duels[contest] = [duel(contest, seed) for seed in range(given.seeds)]
            print(f"{contest.strategy} against {contest.peer}: {contest.method}", flush=True)
        else:
            print(f"{contest.strategy}: {contest.peer} is not installed", flush=True)
    command = f"python benchmarks/agreement.py --seeds {given.seeds}"
    text = markdown(duels, command, environment(jobs=1)["commit"])
    given.out.write_text(text, encoding="utf-8")
    print(text)


def duel(contest: Contest, seed: int) -> Duel:
    """Both selections from one pool."""
    scene = contest.alter(make_scene(seed))
    mine, other = contest.ours(scene), contest.theirs(scene, contest.picks)
    _, objective = contest.objective
    common = len(set(mine.tolist()) & set(other.tolist()))
    return Duel(common, objective(scene, mine), objective(scene, other))


if __name__ == "__main__":
    main()
