"""How a day's campaigns spread: layers and views, the population, and what misuse is refused."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from weishang.kernels import Cascades
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.decision import LogisticRule
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.social_distance import FRIENDS, NUM_DISTANCES, SocialDistance
from weishang.model.market.market import is_on
from weishang.model.market.spread import (
    Population,
    chances,
    open_day,
    spread,
    spread_among_friends,
    trust,
)
from weishang.model.mechanisms import default_mechanisms
from weishang.model.mechanisms.accounts.accounts import FOLLOWERS
from weishang.model.mechanisms.adverts.adverts import ADVERT
from weishang.model.mechanisms.bargain.bargain import BARGAIN, BargainParameters
from weishang.model.mechanisms.feed.feed import FEED
from weishang.model.mechanisms.groups import GroupParameters, form_groups
from weishang.model.mechanisms.groups.groups import CUSTOMERS, GROUPS
from weishang.model.mechanisms.livestream import LivestreamParameters
from weishang.model.mechanisms.livestream.livestream import ROOM_CARD
from weishang.model.mechanisms.mechanism import Day, Mechanism, World
from weishang.model.scenario import BaseScenario, Scenario
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

SELLERS = (3, 40, 77, 150, 220, 301)
NUM_LAYERS, HOPS = 8, 3
VIEW = Scenario().weights.view
ROOM, HELP = LivestreamParameters(), BargainParameters()


class Seen(LogisticRule):
    """The rule, which keeps what it is asked with."""

    def tables(self, *arguments: Any, **options: Any) -> Any:
        """Keep the views."""
        self.view, self.paths = options["view"], options["paths"]
        return super().tables(*arguments, **options)


@pytest.fixture(scope="module")
def people() -> Society:
    return generate(
        SocietyParameters(mean_friends=12.0, num_interests=4), 600, np.random.default_rng(5)
    )


@pytest.fixture(scope="module")
def chats(people: Society) -> GroupChats:
    return form_groups(people, GroupParameters(), np.random.default_rng(6))


def market_of(
    people: Society,
    chats: GroupChats,
    scenario: BaseScenario | None = None,
    mechanisms: Sequence[Mechanism] | None = None,
    sellers: Sequence[int] = SELLERS,
) -> tuple[World, list[Mechanism], dict[str, Any]]:
    """What a market's sellers and mechanisms start from; every seller has an account."""
    scenario = scenario or Scenario()
    scenario = replace(
        scenario,
        groups=replace(scenario.groups, sellers_size=30.0),
        followers=replace(scenario.followers, with_account=1.0),
    )
    rule = Seen(scenario.weights, scenario.budgets)
    every = [SimpleNamespace(node=node, equip=lambda learner: None) for node in sellers]
    world = World(people, scenario, 9, every, rule, chats, "vectorized")
    known = default_mechanisms() if mechanisms is None else mechanisms
    active = [one for one in known if is_on(one, scenario)]
    return world, active, {one.name: one.start(world) for one in active}


def offers(**kind: Any) -> Campaigns:
    return Campaigns.from_offers(
        [replace(Offer(1000 + node, node, 1, 1.0, True, 1.5), **kind) for node in SELLERS]
    )


def run(market: Any, campaigns: Campaigns) -> Cascades:
    world, active, states = market
    day = open_day(world, 0, campaigns)
    return spread(world, active, states, day, Population(*market, day), NUM_LAYERS)


def reached(result: Cascades) -> set[SocialDistance]:
    return {distance for distance in SocialDistance if result.reach[:, distance - 1].any()}


def views(people: Society, rules: PlatformRules | None = None, **offer: Any) -> np.ndarray:
    """How likely each layer shows a campaign's post, [layers, hops]."""
    scenario = replace(Scenario(), rules=rules or PlatformRules())
    market = market_of(people, GroupChats.none(people.num_users), scenario)
    run(market, offers(**offer))
    found = market[0].rule.view
    assert found.shape == (len(SELLERS), NUM_LAYERS, HOPS)
    assert (found == found[0]).all()
    return found[0]


def layers_in_use(view: np.ndarray, hop: int) -> set[int]:
    return set(np.flatnonzero(view[:, hop - 1] > 0.0).tolist())


def test_a_post_in_moments_goes_to_friends_groups_and_customers(people: Society) -> None:
    view = views(people)
    assert view[FRIENDS.number].tolist() == [VIEW] * HOPS
    assert layers_in_use(view, 1) == {FRIENDS.number, GROUPS.number, CUSTOMERS.number}
    assert layers_in_use(view, 2) == {FRIENDS.number, GROUPS.number}


def test_a_broadcast_goes_to_followers_whose_shares_go_on(people: Society) -> None:
    view = views(people, channel=Channel.OFFICIAL)
    assert layers_in_use(view, 1) == {FOLLOWERS.number}
    assert view[FOLLOWERS.number, 0] == Scenario().channels.broadcast_view
    assert layers_in_use(view, 2) == {FRIENDS.number, GROUPS.number}


def test_an_advert_starts_among_strangers_too(people: Society) -> None:
    view = views(people, channel=Channel.ADVERT)
    assert layers_in_use(view, 1) - layers_in_use(views(people), 1) == {ADVERT.number}
    assert view[ADVERT.number].tolist() == [1.0, 0.0, 0.0]


def test_a_room_opens_once_and_bargains_go_on(people: Society) -> None:
    assert views(people, tool=Tool.LIVESTREAM)[ROOM_CARD.number].tolist() == [ROOM.seen, 0.0, 0.0]
    assert views(people, tool=Tool.BARGAIN)[BARGAIN.number].tolist() == [HELP.seen] * HOPS


def test_external_links_are_demoted_in_steps(people: Society) -> None:
    inside, outside = views(people), views(people, external=True)
    steps = np.array(PlatformRules().link_demotion)
    for layer in (FRIENDS, GROUPS):
        assert np.allclose(outside[layer.number], inside[layer.number] * steps)
    free = PlatformRules(link_demotion=(1.0,))
    assert np.array_equal(views(people, free, external=True), views(people, free))


def test_where_friends_do_not_come_first_the_feed_takes_their_place(people: Society) -> None:
    view = views(people, PlatformRules(friends_first=False, feed_share=0.25))
    assert np.allclose(view[FRIENDS.number], 0.75 * VIEW)
    assert np.allclose(view[FEED.number], 0.25 * VIEW)
    assert not views(people)[FEED.number].any()


def test_each_layer_has_its_own_path(people: Society) -> None:
    market = market_of(people, GroupChats.none(people.num_users))
    run(market, offers())
    own = [layer for one in market[1] for layer in one.own_layers]
    assert len(own) == NUM_LAYERS - 1
    for layer in (FRIENDS, *own):
        assert market[0].rule.paths[layer.number].tolist() == list(layer.path)


def test_strangers_are_near_by_interest_and_place(people: Society) -> None:
    _, _, states = market_of(people, GroupChats.none(people.num_users))
    for name in ("adverts", "bargain", "livestream", "feed"):
        near_by = states[name].classes
        for one in range(0, people.num_users, 37):
            alike = (people.interest == people.interest[one]) & (people.place == people.place[one])
            assert np.array_equal(near_by == near_by[one], alike), name


def test_a_post_reaches_friends_and_groups(people: Society, chats: GroupChats) -> None:
    found = reached(run(market_of(people, chats), offers()))
    assert found >= {SocialDistance.FRIEND, SocialDistance.GROUP_MEMBER}
    assert not found & {SocialDistance.STRANGER, SocialDistance.FOLLOWER}


def test_a_broadcast_reaches_followers_first(people: Society, chats: GroupChats) -> None:
    result = run(market_of(people, chats), offers(channel=Channel.OFFICIAL))
    assert result.events is not None
    first = result.events.hop == 1
    assert set(result.events.level[first].tolist()) == {SocialDistance.FOLLOWER}


@pytest.mark.parametrize("kind", [{"tool": Tool.LIVESTREAM}, {"channel": Channel.ADVERT}])
def test_rooms_and_adverts_reach_strangers(
    people: Society, chats: GroupChats, kind: dict[str, Any]
) -> None:
    assert SocialDistance.STRANGER in reached(run(market_of(people, chats), offers(**kind)))


def test_without_groups_nobody_is_reached_in_one(people: Society, chats: GroupChats) -> None:
    scenario = Scenario()
    off = replace(scenario, mechanisms=scenario.mechanisms.without("groups"))
    found = reached(run(market_of(people, chats, off), offers()))
    assert SocialDistance.GROUP_MEMBER not in found


def test_a_lower_cap_takes_reach_away_and_never_adds(people: Society, chats: GroupChats) -> None:
    scenario = Scenario()
    tight = replace(scenario, rules=replace(scenario.rules, group_cap=5, group_demotion=0.0))
    usual, less = (run(market_of(people, chats, one), offers()) for one in (scenario, tight))
    at = SocialDistance.GROUP_MEMBER - 1
    assert less.reach[:, at].sum() < usual.reach[:, at].sum()
    assert (less.reach.sum(axis=1) <= usual.reach.sum(axis=1)).all()


def test_no_campaigns_reach_nobody(people: Society, chats: GroupChats) -> None:
    result = run(market_of(people, chats), Campaigns.from_offers([]))
    assert result.reach.shape == (0, len(SocialDistance))


def test_groups_of_nobody_are_fine(people: Society) -> None:
    nobodys = GroupChats.none(people.num_users)
    found = reached(run(market_of(people, nobodys, sellers=()), offers()))
    assert SocialDistance.FRIEND in found
    assert SocialDistance.GROUP_MEMBER not in found


def test_among_friends_alone_it_is_counted_by_hop(people: Society, chats: GroupChats) -> None:
    """Without mechanisms the layered way reaches the same people at the same hops."""
    world, _, _ = market_of(people, chats)
    campaigns = offers()
    rule = LogisticRule(world.scenario.weights, world.scenario.budgets)
    plain = spread_among_friends(people, campaigns, rule, 9, max_hops=HOPS, record="events")
    layered = run((world, [], {}), campaigns)
    assert plain.reach.shape == (len(SELLERS), HOPS)
    assert plain.reach[:, 1].any()
    for name in ("row", "node", "hop", "visited", "bought", "shared_hop"):
        assert np.array_equal(getattr(plain.events, name), getattr(layered.events, name)), name
    counted = spread_among_friends(people, campaigns, rule, 9, max_hops=HOPS)
    assert counted.events is None
    assert np.array_equal(counted.reach, plain.reach)


def test_trust_goes_with_the_mechanisms_that_are_on(people: Society, chats: GroupChats) -> None:
    world, active, _ = market_of(people, chats)
    channels, usual = world.scenario.channels, world.scenario.weights.recommender_trust
    own = dict(zip(SocialDistance, trust(world, active), strict=True))
    assert own[SocialDistance.FOLLOWER] == channels.follower_trust
    assert own[SocialDistance.GROUP_MEMBER] == channels.group_trust
    alone = dict(zip(SocialDistance, trust(world, []), strict=True))
    assert alone[SocialDistance.FOLLOWER] == alone[SocialDistance.GROUP_MEMBER] == usual


class Kinds(Mechanism):
    """People in classes by their node, and log odds of buying and a price for each class."""

    about = "classes of people"

    def __init__(self, name: str, size: int, shift: int = 0) -> None:
        self.name, self.size, self.shift = name, size, shift  # type: ignore[misc]

    def num_classes(self, world: World) -> int:
        """How many."""
        return self.size

    def classes(self, world: World, state: Any) -> np.ndarray:
        """Of each person."""
        return (np.arange(world.society.num_users) + self.shift) % self.size

    def adjust(self, world: World, state: Any, day: Day) -> Adjustments:
        """By class."""
        added = Adjustments.none(num_classes=self.size)
        added.buy[0, 0] = 1.0 + np.arange(self.size) + 10.0 * self.shift
        added.price[0, 0] = 1.0 / (1.0 + np.arange(self.size))
        return added


def crowd_of(people: Society, mechanisms: Sequence[Mechanism]) -> Population:
    market = market_of(people, GroupChats.none(people.num_users), mechanisms=mechanisms)
    return Population(*market, open_day(market[0], 0, offers()))


def test_classes_of_all_mechanisms_are_told_apart_together(people: Society) -> None:
    one, none, other = Kinds("one", 3), Kinds("none", 1), Kinds("other", 2, 1)
    population = crowd_of(people, [one, none, other])
    assert population.num_classes == 6
    mine, theirs = np.arange(people.num_users) % 3, (np.arange(people.num_users) + 1) % 2
    assert population.classes.tolist() == (2 * mine + theirs).tolist()
    by_person = population.adjustments.buy[0, 0][population.classes]
    assert by_person.tolist() == (1.0 + mine + 1.0 + 11.0 + theirs).tolist()


def test_prices_are_asked_by_class(people: Society) -> None:
    mechanisms = [Kinds("one", 3), Kinds("other", 2, 1)]
    market = market_of(people, GroupChats.none(people.num_users), mechanisms=mechanisms)
    day = open_day(market[0], 0, offers())
    population = Population(*market, day)
    result = spread(*market, day, population, NUM_LAYERS)
    node = result.events.node
    expected = 1.0 / (1.0 + node % 3) * (1.0 / (1.0 + (node + 1) % 2))
    np.testing.assert_allclose(population.price_of(result.events), expected)
    assert len(set(expected.tolist())) == 5, "two of six classes are asked half the price"
    # The chance of buying takes the class's log odds, and the price that is asked for.
    chance = chances(market[0], market[1], day, population, result)
    at = np.arange(node.size)
    rule = LogisticRule(market[0].scenario.weights, market[0].scenario.budgets)
    shifted = Adjustments.none(num_classes=1)
    for mine in range(3):
        for theirs in range(2):
            chosen = at[(node % 3 == mine) & ((node + 1) % 2 == theirs)]
            shifted.buy[:] = 1.0 + mine + 11.0 + theirs
            price = np.full(chosen.size, 0.5)
            alone = rule.chance_of_buying(
                day.campaigns,
                trust(market[0], market[1]),
                row=result.events.row[chosen],
                distance=result.events.level[chosen],
                interest=people.interest[node[chosen]],
                budget_class=people.budget_class[node[chosen]],
                adjustments=shifted,
                price=price,
            )
            np.testing.assert_allclose(chance(chosen, price), alone, rtol=1e-12)


def test_without_mechanisms_everyone_is_of_one_class_and_nothing_is_added(people: Society) -> None:
    population = crowd_of(people, [])
    assert population.num_classes == 1
    assert not population.classes.any()
    none = Adjustments.none(len(SELLERS))
    assert population.adjustments.buy.tobytes() == none.buy.tobytes()


def test_people_of_a_mechanism_that_names_no_classes_are_in_its_first(people: Society) -> None:
    silent = Kinds("silent", 3)
    silent.classes = lambda world, state: None  # type: ignore[method-assign]
    population = crowd_of(people, [silent, Kinds("other", 2)])
    assert population.classes.tolist() == (np.arange(people.num_users) % 2).tolist()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (np.zeros(600), r"'odd' gives classes float64 \[600\]; give integers \[600\]"),
        (np.zeros(3, dtype=int), r"'odd' gives classes int64 \[3\]; give integers \[600\]"),
        ([0] * 600, r"'odd' gives classes list; give integers \[600\]"),
        (np.full(600, 3), r"'odd' gives classes from 3 to 3; they lie in \[0, 3\)"),
        (np.full(600, -1), r"'odd' gives classes from -1 to -1; they lie in \[0, 3\)"),
    ],
)
def test_impossible_classes_are_refused_by_name(people: Society, found: Any, said: str) -> None:
    odd = Kinds("odd", 3)
    odd.classes = lambda world, state: found  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=f"mechanism {said}"):
        crowd_of(people, [Kinds("one", 2), odd])


def test_impossible_adjustments_are_refused_by_name(people: Society) -> None:
    odd = Kinds("odd", 3)
    wrong = Adjustments.none(len(SELLERS), NUM_DISTANCES, 2)
    odd.adjust = lambda world, state, day: wrong  # type: ignore[method-assign]
    with pytest.raises(
        ValueError, match=r"mechanism 'odd' adjusts wrongly: visit has shape \(6, 7, 2\); give"
    ):
        crowd_of(people, [Kinds("one", 2), odd])


def test_days_open_with_what_demotion_and_channels_leave(world_of: Any) -> None:
    scenario = Scenario()
    scenario = replace(scenario, sellers=replace(scenario.sellers, campaign_hops=5))
    campaigns = Campaigns.from_offers(
        [
            Offer(1, 0, 0, 1.0, False, 0.0, external=True),
            Offer(2, 1, 0, 1.0, False, 0.0, channel=Channel.OFFICIAL),
        ]
    )
    day = open_day(world_of(scenario), 4, campaigns)
    assert (day.number, day.max_hops) == (4, 5)
    assert day.visible.tolist() == [[1.0, 0.5, 0.2, 0.2, 0.2], [1.0] * 5]
    assert day.posts.tolist() == [[1.0, 0.5, 0.2, 0.2, 0.2], [0.0, 1.0, 1.0, 1.0, 1.0]]
