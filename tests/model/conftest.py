"""What tests of the model share: days of mechanisms, finished cascades, people and shops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from weishang.kernels import Events, Graph, Strangers, propagate
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.choices import PLAIN, Options
from weishang.model.core.decision import LogisticRule
from weishang.model.core.shops import Shops
from weishang.model.core.social_distance import (
    FRIENDS,
    NUM_DISTANCES,
    SocialDistance,
    trust_by_distance,
)
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.market.market import Market
from weishang.model.market.spread import open_day
from weishang.model.mechanisms import default_mechanisms
from weishang.model.mechanisms.adverts.adverts import ADVERT
from weishang.model.mechanisms.bargain.bargain import BARGAIN
from weishang.model.mechanisms.livestream.livestream import ROOM_CARD
from weishang.model.mechanisms.mechanism import Day, Draft, World
from weishang.model.scenario import BaseScenario, Scenario
from weishang.model.sellers.seller import Seller
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

PEOPLE, HOPS, INTERESTS = 60, 6, 2
NUM_LAYERS = 7
"""Those up to the adverts'."""
BUDGETS = Budgets((0.6, 1.4))
WEIGHTS = DecisionWeights(
    view=0.6,
    buy_intercept=-0.5,
    trust=0.5,
    recommender_trust=0.3,
    shareability_sd=0.5,
    takeoff_probability=0.9,
    first_visitors=4.0,
    visit_intercept=0.8,
    proof=1.5,
)
"""Much is visited, bought and passed on, and second exposures tell."""
RULE = LogisticRule(WEIGHTS, BUDGETS)
TRUST = trust_by_distance(0.3, {SocialDistance.FOLLOWER: 0.5, SocialDistance.GROUP_MEMBER: 0.5})
TOOLS = ("discount", "team_purchase", "bargain", "livestream", "reward")
"""Mechanisms that act on campaigns with a tool or a reward."""


@pytest.fixture(scope="session")
def world_of() -> Callable[..., World]:
    """A world for the mechanisms, with groups of parameters as given."""

    def build(
        scenario: BaseScenario | None = None,
        seed: int = 7,
        society: Any = None,
        sellers: Sequence[Any] = (),
        chats: Any = None,
        **groups: Any,
    ) -> World:
        scenario = replace(scenario or Scenario(), **groups)
        rule = LogisticRule(scenario.weights, scenario.budgets)
        return World(society, scenario, seed, sellers, rule, chats, "vectorized")

    return build


@pytest.fixture(scope="session")
def added_by(world_of: Callable[..., World]) -> Callable[..., Any]:
    """What a mechanism without a state adds to the rule for campaigns, under its own parameters."""

    def added(kind: type, campaigns: Campaigns, parameters: Any = None) -> Any:
        groups = {} if parameters is None else {kind.group or kind.name: parameters}
        world = world_of(**groups)
        return kind().adjust(world, None, open_day(world, 0, campaigns))

    return added


@pytest.fixture(scope="session")
def open_day_of(world_of: Callable[..., World]) -> Callable[..., Day]:
    """A day with its campaigns, before they spread."""

    def build(campaigns: Campaigns, number: int = 0, world: World | None = None) -> Day:
        return open_day(world or world_of(), number, campaigns)

    return build


@pytest.fixture(scope="session")
def draft_of() -> Callable[..., Draft]:
    """A draft of the day before any mechanism settles: all at the campaign's price."""

    def build(events: Events, chance: Any, price: np.ndarray | None = None) -> Draft:
        size = len(events)
        return Draft(
            events,
            price=np.ones(size) if price is None else price,
            bought=events.bought,
            refunded=np.zeros(size, dtype=np.bool_),
            items=np.ones(size, dtype=np.int32),
            chance=chance,
        )

    return build


class Noting(Seller):
    """A seller who notes what may be chosen."""

    def choose_offer(self, options: Options = PLAIN) -> Offer | None:
        """Note it, and choose."""
        self.seen = options
        return super().choose_offer(options)


@pytest.fixture(scope="session")
def options_of() -> Callable[..., Options]:
    """What all sellers of a scenario's market may choose, given that all have accounts or none."""
    ring = Graph.from_edges(range(40), [*range(1, 40), 0], directed=False)
    alike = np.zeros(40, dtype=np.int8)
    people = Society(ring, alike, alike, ring.degrees, SocietyParameters())

    def build(scenario: BaseScenario, *, account: bool) -> Options:
        followers = replace(scenario.followers, with_account=float(account))
        nobodys = GroupChats.none(people.num_users)
        with Market(
            people,
            replace(scenario, followers=followers),
            3,
            2,
            chats=nobodys,
            seller=Noting,
        ) as market:
            market.choose_campaigns()
            (seen,) = {one.seen for one in market.sellers}
        return seen

    return build


@dataclass(frozen=True, eq=False)
class SmallWorld:
    """Campaigns that have run their course among some dozens of people."""

    world: World
    day: Day
    events: Events
    adjustments: Adjustments
    interest: np.ndarray
    budget_class: np.ndarray

    @property
    def campaigns(self) -> Campaigns:
        """The day's."""
        return self.day.campaigns

    @property
    def seed(self) -> int:
        """Of the cascades."""
        return self.world.seed

    def chance(self, chosen: np.ndarray, price: np.ndarray) -> np.ndarray:
        """The rule's chance that people buy at these factors on the price, at first sight."""
        node = self.events.node[chosen]
        return RULE.chance_of_buying(
            self.campaigns,
            TRUST,
            row=self.events.row[chosen],
            distance=self.events.level[chosen],
            interest=self.interest[node],
            budget_class=self.budget_class[node],
            exposures=1,
            adjustments=self.adjustments,
            price=price,
        )


def _offers(rng: np.random.Generator, choices: list[Tool]) -> Campaigns:
    return Campaigns.from_offers(
        [
            Offer(
                campaign=int(rng.integers(2**63)),
                seller=int(rng.integers(PEOPLE)),
                category=int(rng.integers(INTERESTS)),
                price=float(np.exp(0.3 * rng.standard_normal())),
                rich=bool(rng.random() < 0.5),
                shareability=float(rng.standard_normal()),
                channel=rng.choice([Channel.MOMENTS, Channel.ADVERT]),
                tool=tool,
                induced=bool(rng.random() < 0.3),
            )
            for tool in rng.permutation(choices).tolist()
        ]
    )


def _small_world(seed: int, scenario: BaseScenario, choices: list[Tool]) -> SmallWorld:
    rng = np.random.default_rng(seed)
    world = World(None, scenario, int(rng.integers(2**63)), (), RULE, None, "vectorized")
    campaigns = _offers(rng, choices)
    day = open_day(world, 0, campaigns)
    interest = rng.integers(INTERESTS, size=PEOPLE)
    budget_class = rng.integers(len(BUDGETS.relative), size=PEOPLE)
    adjustments = Adjustments.none(len(campaigns), NUM_DISTANCES)
    for one in default_mechanisms():
        if one.name in TOOLS:
            adjustments += one.adjust(world, None, day)
    view = np.zeros((len(campaigns), NUM_LAYERS, HOPS))
    view[:, FRIENDS.number] = WEIGHTS.view
    view[campaigns.channel == Channel.ADVERT, ADVERT.number, 0] = 1.0
    view[campaigns.tool == Tool.LIVESTREAM, ROOM_CARD.number, 0] = 0.5
    view[campaigns.tool == Tool.BARGAIN, BARGAIN.number] = 0.3
    friends = Graph.from_edges(*rng.integers(PEOPLE, size=(2, 150)), num_nodes=PEOPLE)
    layers: list[Any] = [friends, *[Strangers(PEOPLE, 0)] * (NUM_LAYERS - 1)]
    paths = np.tile(np.array(FRIENDS.path, dtype=np.int8), (NUM_LAYERS, 1))
    for layer, slots in ((ROOM_CARD, 20), (BARGAIN, 4), (ADVERT, 8)):
        layers[layer.number], paths[layer.number] = Strangers(PEOPLE, slots), layer.path
    events = propagate(
        layers,
        RULE.tables(campaigns, INTERESTS, TRUST, adjustments=adjustments, view=view, paths=paths),
        campaigns.seller[:, np.newaxis],
        campaigns.campaign,
        world.seed,
        max_hops=HOPS,
        segment=interest * len(BUDGETS.relative) + budget_class,
        record="events",
        backend="reference",
    ).events
    assert events is not None
    return SmallWorld(world, day, events, adjustments, interest, budget_class)


@pytest.fixture(scope="session")
def small_world() -> Callable[..., SmallWorld]:
    """A small world by seed and groups of parameters, with two campaigns of each tool."""

    def build(seed: int, choices: list[Tool] | None = None, **groups: Any) -> SmallWorld:
        return _small_world(seed, replace(Scenario(), **groups), choices or [*Tool, *Tool])

    return build


@pytest.fixture(scope="session")
def offers_of() -> Callable[..., Campaigns]:
    """Like offers, one a tool."""

    def build(*choices: Tool, **changes: object) -> Campaigns:
        usual = {"seller": 0, "category": 1, "price": 1.0, "rich": False, "shareability": 0.0}
        return Campaigns.from_offers(
            [
                Offer(campaign=100 + number, tool=tool, **{**usual, **changes})
                for number, tool in enumerate(choices)
            ]
        )

    return build


@pytest.fixture(scope="session")
def events_of() -> Callable[..., Events]:
    """Events of people written down as (row, hop, node, parent, level, what they did).

    What they did is some of the letters v (visited), b (bought), s (shared).
    """

    def build(campaigns: Campaigns, *people: tuple[int, int, int, int, int, str]) -> Events:
        row, hop, node, parent, level = (
            np.array([person[at] for person in people], dtype=np.int64) for at in range(5)
        )
        visited, bought, shared = (
            np.array([letter in person[5] for person in people], dtype=np.bool_) for letter in "vbs"
        )
        return Events.from_columns(
            campaigns.campaign, row, node, hop, parent, visited, bought, hop * shared, level
        )

    return build


@pytest.fixture(scope="session")
def townspeople() -> Callable[..., Society]:
    """People of all places: the generator would settle one community, so few, in one."""

    def build(users: int = 600, seed: int = 5, friends: float = 15.0) -> Society:
        parameters = SocietyParameters(mean_friends=friends, num_interests=3, num_places=4)
        rng = np.random.default_rng(seed)
        society = generate(parameters, users, rng)
        return replace(society, place=rng.integers(4, size=users, dtype=np.int16))

    return build


@pytest.fixture(scope="session")
def shops_of() -> Callable[..., Shops]:
    """Shops of random people in the category of their interest, with many ties in the ranking."""

    def build(
        society: Society,
        count: int,
        seed: int,
        prices: Sequence[float] = (0.5, 1.0, 1.0, 2.0),
        orders: int = 4,
    ) -> Shops:
        rng = np.random.default_rng(seed)
        node = rng.choice(society.num_users, count, replace=False).astype(np.int32)
        return Shops(
            node=node,
            category=society.interest[node],
            price=rng.choice(prices, count),
            rich=rng.random(count) < 0.5,
            popularity=rng.integers(orders, size=count),
        )

    return build
