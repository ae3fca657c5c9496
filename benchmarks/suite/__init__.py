"""Benchmark suites: pools x trainers x strategies x seeds, run, tabulated and compared."""
