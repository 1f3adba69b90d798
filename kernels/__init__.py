"""What spreads: random words, graphs, and the cascade on every backend."""

from weishang.kernels.cascade import CascadeRule, Cascades, Events, independent_cascade, propagate
from weishang.kernels.graph.graph import Graph
from weishang.kernels.graph.layers import Groups, Strangers
from weishang.kernels.rng import Purpose, child, threshold

__all__ = [
    "CascadeRule",
    "Cascades",
    "Events",
    "Graph",
    "Groups",
    "Purpose",
    "Strangers",
    "child",
    "independent_cascade",
    "propagate",
    "threshold",
]
