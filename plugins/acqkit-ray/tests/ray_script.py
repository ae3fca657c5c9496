"""Maps slow blocks on a cluster of its own until somebody ends it: `python ray_script.py`."""

from __future__ import annotations

import signal

import acqkit_ray

import ray_functions

if __name__ == "__main__":
    # As the command does; and a shell has what it starts in the background ignore interrupts.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.default_int_handler)
    for block, worker in acqkit_ray.RayEngine(workers=2).map(ray_functions.slow_first, range(9999)):
        print(block, worker, flush=True)
