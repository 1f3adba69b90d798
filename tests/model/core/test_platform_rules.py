"""The platform's rules: ranges, and what they leave sellers to do."""

from dataclasses import replace
from typing import Any

import pytest

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.choices import PLAIN
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.scenario import Scenario


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group_cap": 0}, "group_cap is 0"),
        ({"group_cap": 200.5}, "group_cap is 200.5"),
        ({"group_demotion": 12.7}, "group_demotion is 12.7"),
        ({"feed_share": -0.1}, "feed_share is -0.1"),
        ({"link_demotion": ()}, r"link_demotion is \(\)"),
        ({"link_demotion": (1.0, 2.0)}, "link_demotion"),
    ],
)
def test_values_out_of_range_are_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        PlatformRules(**change)


def test_the_rule_against_induced_sharing_forbids_it(options_of: Any) -> None:
    scenario = Scenario()
    free = replace(scenario, rules=replace(scenario.rules, induced_sharing=True))
    assert options_of(scenario, account=True).induced == (False,)
    assert options_of(free, account=True).induced == (False, True)


def test_livestreams_can_be_forbidden(options_of: Any) -> None:
    scenario = Scenario()
    without = replace(scenario, rules=replace(scenario.rules, livestreams=False))
    assert Tool.LIVESTREAM in options_of(scenario, account=False).tools
    assert Tool.LIVESTREAM not in options_of(without, account=False).tools


def test_an_account_is_needed_to_broadcast(options_of: Any) -> None:
    assert Channel.OFFICIAL in options_of(Scenario(), account=True).channels
    assert Channel.OFFICIAL not in options_of(Scenario(), account=False).channels


@pytest.mark.parametrize(
    ("mechanism", "action"),
    [
        ("accounts", Channel.OFFICIAL),
        ("adverts", Channel.ADVERT),
        ("discount", Tool.DISCOUNT),
        ("team_purchase", Tool.TEAM),
        ("bargain", Tool.BARGAIN),
        ("livestream", Tool.LIVESTREAM),
    ],
)
def test_a_mechanism_that_is_off_is_no_action(
    options_of: Any, mechanism: str, action: Channel | Tool
) -> None:
    scenario = Scenario()
    off = replace(scenario, mechanisms=scenario.mechanisms.without(mechanism))
    of_kind = "channels" if isinstance(action, Channel) else "tools"
    with_it = getattr(options_of(scenario, account=True), of_kind)
    without = getattr(options_of(off, account=True), of_kind)
    assert set(with_it) - set(without) == {action}


def test_what_rewards_and_links_give_goes_with_them(options_of: Any) -> None:
    scenario = Scenario()
    free = replace(scenario, rules=replace(scenario.rules, induced_sharing=True))
    for mechanism, field in (("reward", "induced"), ("links", "external")):
        off = replace(free, mechanisms=free.mechanisms.without(mechanism))
        assert getattr(options_of(free, account=True), field) == (False, True)
        assert getattr(options_of(off, account=True), field) == (False,)


def test_friends_only_leaves_a_plain_post(options_of: Any) -> None:
    assert options_of(Scenario().friends_only(), account=True) == PLAIN
