"""Random words, graphs, and cascades with three nested decisions, on every backend.

A cascade spreads over layers of ties, groups and random contacts. Whoever sees a post decides three
things: to visit, to buy (visitors only), and to share (by what they did before). The names come
from the use that the contract was written for; to the kernels they are thresholds and random words.
Sellers, prices, offers and platforms are unknown here. An independent cascade is one in which
everyone visits, nobody buys and everyone shares.
"""

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
