"""Cascades over a graph: `propagate`, its result, and the backends that it runs on."""

from weishang.kernels.cascade.core.result import Cascades, Events
from weishang.kernels.cascade.core.rule import CascadeRule
from weishang.kernels.cascade.propagate import independent_cascade, propagate
from weishang.kernels.cascade.registry import BACKENDS

__all__ = ["BACKENDS", "CascadeRule", "Cascades", "Events", "independent_cascade", "propagate"]
