"""Whether two commits pick the same pairs: cases that both can run, and their comparison."""
