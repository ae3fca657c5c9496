"""Pairs as points, and which of them are neighbors."""

from acqkit_density.neighbors.graph import NeighborGraph, neighbor_graph
from acqkit_density.neighbors.points import means_only, pair_points, read_points

__all__ = ["NeighborGraph", "means_only", "neighbor_graph", "pair_points", "read_points"]
