"""The same market with one thing changed, so that a difference has one cause."""

from dataclasses import replace

from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Scenario


def busy(scenario: Scenario) -> Scenario:
    """The same with one campaign per seller and day, so that a few sellers say a lot."""
    return replace(scenario, sellers=replace(scenario.sellers, activity=1.0))


def forced(scenario: Scenario, tool: Tool) -> Scenario:
    """The same with this tool in every offer, one campaign a day, and nothing that carries over.

    Learning, fatigue and search are off: sellers make the same offers but for the tool, people
    come fresh to every day, and profits are those of campaigns.
    """
    shares = tuple(float(one == tool) for one in Tool)
    on = replace(scenario.mechanisms, learning=False, fatigue=False, search=False)
    sellers = replace(scenario.sellers, tools=shares, activity=1.0)
    return replace(scenario, mechanisms=on, sellers=sellers)


def with_content(scenario: Scenario, share: float) -> Scenario:
    """The same without tools, this share of offers having rich content."""
    plain = forced(scenario, Tool.NONE)
    return replace(plain, sellers=replace(plain.sellers, rich_content=share))
