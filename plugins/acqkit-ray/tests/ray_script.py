"""Maps slow blocks on a cluster of its own until somebody ends it: `python ray_script.py`."""

from __future__ import annotations

import signal

import acqkit_ray

import ray_functions

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command does
    for block, worker in acqkit_ray.RayEngine(workers=2).map(ray_functions.slow_first, range(9999)):
        print(block, worker, flush=True)
