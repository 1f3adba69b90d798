"""A day's distribution: which layers a mechanism brings in, and what demotion takes away."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.kernels import Cascades
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market import tools
from weishang.model.market.distribution import Distribution
from weishang.model.mechanisms.accounts.followers import open_accounts
from weishang.model.mechanisms.fatigue.fatigue import Attention
from weishang.model.mechanisms.groups.formation import form_groups, found_sellers_groups
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.scenario import Scenario
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

SELLERS = (3, 40, 77, 150, 220, 301)


@pytest.fixture(scope="module")
def people() -> Society:
    return generate(
        SocietyParameters(mean_friends=12.0, num_interests=4), 600, np.random.default_rng(5)
    )


def offers(**kind: object) -> Campaigns:
    return Campaigns.from_offers(
        [
            replace(Offer(1000 + node, node, 1, 1.0, True, 1.5), **kind)  # type: ignore[arg-type]
            for node in SELLERS
        ]
    )


def spread(people: Society, campaigns: Campaigns, scenario: Scenario | None = None) -> Cascades:
    scenario = scenario or Scenario()
    parameters = GroupParameters(sellers_size=30.0)
    chats = form_groups(people, parameters, np.random.default_rng(6))
    customers = found_sellers_groups(people, parameters, SELLERS, np.random.default_rng(7))
    followers = open_accounts(people, SELLERS, replace(scenario.followers, with_account=1.0), 9)
    return Distribution(people, scenario, chats, customers).spread(
        campaigns,
        tools.leanings(campaigns, scenario.tools),
        followers,
        Attention.fresh(people.num_users, scenario.tiring),
        9,
        "tensor",
    )


def reached(result: Cascades) -> set[SocialDistance]:
    return {level for level in SocialDistance if result.reach[:, level - 1].any()}


def test_a_post_reaches_friends_and_groups(people: Society) -> None:
    assert reached(spread(people, offers())) >= {SocialDistance.FRIEND, SocialDistance.GROUP_MEMBER}
    assert not reached(spread(people, offers())) & {
        SocialDistance.STRANGER,
        SocialDistance.FOLLOWER,
    }


def test_a_broadcast_reaches_followers_first(people: Society) -> None:
    result = spread(people, offers(channel=Channel.OFFICIAL))
    assert result.events is not None
    first = result.events.hop == 1
    assert set(result.events.level[first].tolist()) == {SocialDistance.FOLLOWER}


@pytest.mark.parametrize("kind", [{"tool": Tool.LIVESTREAM}, {"channel": Channel.ADVERT}])
def test_rooms_and_adverts_reach_strangers(people: Society, kind: dict[str, object]) -> None:
    assert SocialDistance.STRANGER in reached(spread(people, offers(**kind)))


def test_without_groups_nobody_is_reached_in_one(people: Society) -> None:
    scenario = Scenario()
    off = replace(scenario, mechanisms=scenario.mechanisms.without("groups"))
    assert SocialDistance.GROUP_MEMBER not in reached(spread(people, offers(), off))


def test_a_lower_cap_takes_reach_away_and_never_adds(people: Society) -> None:
    scenario = Scenario()
    tight = replace(scenario, rules=replace(scenario.rules, group_cap=5, group_demotion=0.0))
    usual, less = spread(people, offers()), spread(people, offers(), tight)
    at = SocialDistance.GROUP_MEMBER - 1
    assert less.reach[:, at].sum() < usual.reach[:, at].sum()
    assert (less.reach.sum(axis=1) <= usual.reach.sum(axis=1)).all()


def test_no_campaigns_reach_nobody(people: Society) -> None:
    assert spread(people, Campaigns.from_offers([])).reach.shape == (0, len(SocialDistance))


def test_groups_of_nobody_are_fine(people: Society) -> None:
    scenario = Scenario()
    nobody = GroupChats.none(people.num_users)
    campaigns = offers()
    result = Distribution(people, scenario, nobody, nobody).spread(
        campaigns,
        tools.leanings(campaigns, scenario.tools),
        open_accounts(people, [], scenario.followers, 9),
        Attention.fresh(people.num_users, scenario.tiring),
        9,
        "tensor",
    )
    assert SocialDistance.FRIEND in reached(result)
    assert SocialDistance.GROUP_MEMBER not in reached(result)
