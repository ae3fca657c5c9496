"""What a run writes is what TensorBoard reads."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import acqkit


def test_every_round_is_a_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORBOARD_LOGDIR", str(tmp_path / "board"))
    trainer = {"name": "supervised", "min_steps": 5, "max_steps": 5}
    plan = {"strategy": "random", "trainer": trainer, "initial": 20, "per_round": 10}
    results = acqkit.run(pool="glyphs", rounds=2, seeds=2, out=tmp_path / "run", **plan)
    for seed in (0, 1):
        [folder] = (tmp_path / "board").glob(f"*/random/seed {seed}")
        read = EventAccumulator(str(folder))
        read.Reload()
        points = [(point.step, point.value) for point in read.Scalars("map")]
        rounds = [record for record in results.rounds if record.seed == seed]
        assert points == [(r.labels, pytest.approx(r.map, rel=1e-6)) for r in rounds]
        assert len(read.Scalars("seconds/train")) == 3
