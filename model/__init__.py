"""Who decides: societies, agents, the rule of decision, the market."""

from weishang.model.agents import Consumer
from weishang.model.engine import propagate_by_agents
from weishang.model.market import Market
from weishang.model.scenario import Scenario
from weishang.model.seller import Seller
from weishang.model.society import Society, SocietyParameters, from_graph, generate

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
