"""Maps slow blocks on a cluster of its own until somebody ends it: `python ray_script.py`."""

from __future__ import annotations

import acqkit_ray

import ray_functions

if __name__ == "__main__":
    for block, worker in acqkit_ray.RayEngine(workers=2).map(ray_functions.slow_first, range(9999)):
        print(block, worker, flush=True)
