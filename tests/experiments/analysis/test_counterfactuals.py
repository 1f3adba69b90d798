"""A counterfactual changes what it is named for and nothing else."""

from dataclasses import fields, replace

from weishang.experiments.analysis.counterfactuals import busy, forced, with_content
from weishang.model.core.campaigns import Tool
from weishang.model.scenario import Scenario


def test_nothing_but_the_tool_is_forced():
    usual = Scenario()
    plain, live = (forced(usual, tool) for tool in (Tool.NONE, Tool.LIVESTREAM))
    assert live.sellers.tools == (0.0, 0.0, 0.0, 0.0, 1.0)
    assert replace(live, sellers=replace(live.sellers, tools=plain.sellers.tools)) == plain
    on = plain.mechanisms
    off = {item.name for item in fields(on) if not getattr(on, item.name)}
    assert off == {"learning", "fatigue", "search"}
    assert replace(plain, mechanisms=usual.mechanisms, sellers=usual.sellers) == usual


def test_content_is_all_that_differs_between_plain_and_rich():
    plain, rich = (with_content(Scenario(), share) for share in (0.0, 1.0))
    assert rich.sellers.rich_content == 1.0
    assert plain.sellers.tools[Tool.NONE] == 1.0
    assert replace(rich, sellers=replace(rich.sellers, rich_content=0.0)) == plain


def test_busy_sellers_have_one_campaign_per_day():
    usual = Scenario()
    assert busy(usual).sellers.activity == 1.0
    assert replace(busy(usual), sellers=usual.sellers) == usual
