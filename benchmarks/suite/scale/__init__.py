"""How a round of selection grows with the pool."""
