"""Who decides: societies, agents, the rule of decision, the market.

What stands here is imported when it is first asked for: a command that only reads a scenario would
wait for Mesa, which takes half a second and more.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weishang.model.agents.consumers import Consumer
    from weishang.model.agents.engine import propagate_by_agents
    from weishang.model.core.decision import DecisionRule, LogisticRule, ThresholdRule
    from weishang.model.market.market import Market
    from weishang.model.mechanisms import default_mechanisms
    from weishang.model.mechanisms.groups import form_groups
    from weishang.model.mechanisms.mechanism import Mechanism
    from weishang.model.scenario import Scenario, scenario_type
    from weishang.model.sellers.seller import Seller
    from weishang.model.society import Society, SocietyParameters, from_graph, generate

_HOMES = {
    "Consumer": "agents.consumers",
    "DecisionRule": "core.decision",
    "LogisticRule": "core.decision",
    "Market": "market.market",
    "Mechanism": "mechanisms.mechanism",
    "Scenario": "scenario",
    "Seller": "sellers.seller",
    "Society": "society.society",
    "SocietyParameters": "society.parameters",
    "ThresholdRule": "core.decision",
    "default_mechanisms": "mechanisms",
    "form_groups": "mechanisms.groups.formation",
    "from_graph": "society.impute",
    "generate": "society.generate",
    "propagate_by_agents": "agents.engine",
    "scenario_type": "scenario",
}
"""The module of each name."""

__all__ = [
    "Consumer",
    "DecisionRule",
    "LogisticRule",
    "Market",
    "Mechanism",
    "Scenario",
    "Seller",
    "Society",
    "SocietyParameters",
    "ThresholdRule",
    "default_mechanisms",
    "form_groups",
    "from_graph",
    "generate",
    "propagate_by_agents",
    "scenario_type",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
