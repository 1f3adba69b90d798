"""Weishang, a laboratory for social commerce: agents decide, exact cascades spread what they share.

The names that most programs need stand here; each is imported when it is first asked for, so that
`import weishang` takes no time. Everything else is in `weishang.kernels` (what spreads),
`weishang.model` (who decides) and `weishang.experiments` (what is claimed, and the command line).

Example:
    >>> from weishang import Market, Scenario, generate
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weishang.kernels import CascadeRule, Graph, independent_cascade, propagate
    from weishang.model import (
        Market,
        Scenario,
        Seller,
        Society,
        form_groups,
        from_graph,
        generate,
        propagate_by_agents,
    )

    __version__: str

__all__ = [
    "CascadeRule",
    "Graph",
    "Market",
    "Scenario",
    "Seller",
    "Society",
    "__version__",
    "form_groups",
    "from_graph",
    "generate",
    "independent_cascade",
    "propagate",
    "propagate_by_agents",
]

_HOMES = {
    "CascadeRule": "kernels",
    "Graph": "kernels",
    "Market": "model",
    "Scenario": "model",
    "Seller": "model",
    "Society": "model",
    "form_groups": "model",
    "from_graph": "model",
    "generate": "model",
    "independent_cascade": "kernels",
    "propagate": "kernels",
    "propagate_by_agents": "model",
}
"""The module of each name."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("weishang")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
