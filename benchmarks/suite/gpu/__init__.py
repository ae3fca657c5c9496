"""What `benchmarks/gpu.py` measures: a pool made on the device, the phases, and their tables."""
