"""Pools of pairs: what they hold, how they are checked, where they come from."""

from acqkit.pool.pairs import PairPool as PairPool
