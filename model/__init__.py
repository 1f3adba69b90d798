"""Who decides: societies, agents, the rule of decision, the market.

What stands here is imported when it is first asked for: a command that only reads a scenario would
wait for Mesa, which takes half a second and more.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weishang.model.agents.consumers import Consumer
    from weishang.model.agents.engine import propagate_by_agents
    from weishang.model.market.market import Market
    from weishang.model.scenario import Scenario
    from weishang.model.sellers.seller import Seller
    from weishang.model.society.society import Society, SocietyParameters, from_graph, generate

__all__ = [
    "Consumer",
    "Market",
    "Scenario",
    "Seller",
    "Society",
    "SocietyParameters",
    "from_graph",
    "generate",
    "propagate_by_agents",
]

_HOMES = {
    "Consumer": "agents.consumers",
    "Market": "market.market",
    "Scenario": "scenario",
    "Seller": "sellers.seller",
    "Society": "society.society",
    "SocietyParameters": "society.society",
    "from_graph": "society.society",
    "generate": "society.society",
    "propagate_by_agents": "agents.engine",
}
"""The module of each name."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
