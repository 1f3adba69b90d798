"""Graphs and the layers beside them: friends, groups and random contacts on the same nodes."""

from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups, Strangers

__all__ = ["Graph", "Groups", "Strangers"]
