"""How far selection could go: the best of many batches, beside what strategies pick."""
