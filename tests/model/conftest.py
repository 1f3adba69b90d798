"""What tests of the model share: finished cascades for the tools, people and shops for search."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from weishang.kernels import Events, Graph, Strangers, propagate
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Channel, Offer, Tool
from weishang.model.core.decision import chance_of_buying, rule
from weishang.model.core.shops import Shops
from weishang.model.core.social_distance import PATHS, Layer, trust_by_level
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.market import tools
from weishang.model.market.tools import ToolParameters
from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

PEOPLE, HOPS, INTERESTS = 60, 6, 2
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
TRUST = trust_by_level(recommender=0.3, follower=0.5, group=0.5)


@dataclass(frozen=True, eq=False)
class SmallWorld:
    """Campaigns that have run their course among some dozens of people."""

    campaigns: Campaigns
    events: Events
    leanings: Adjustments
    parameters: ToolParameters
    world: int
    interest: np.ndarray
    budget_class: np.ndarray

    def chance(self, chosen: np.ndarray, price: np.ndarray) -> np.ndarray:
        """The rule's chance that people buy at these factors on the price, at first sight."""
        node = self.events.node[chosen]
        return chance_of_buying(
            self.campaigns,
            WEIGHTS,
            BUDGETS,
            TRUST,
            row=self.events.row[chosen],
            level=self.events.level[chosen],
            interest=self.interest[node],
            budget_class=self.budget_class[node],
            dose=1,
            leanings=self.leanings,
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


def _small_world(seed: int, parameters: ToolParameters, choices: list[Tool]) -> SmallWorld:
    rng = np.random.default_rng(seed)
    world = int(rng.integers(2**63))
    campaigns = _offers(rng, choices)
    interest = rng.integers(INTERESTS, size=PEOPLE)
    budget_class = rng.integers(len(BUDGETS.relative), size=PEOPLE)
    leanings = tools.leanings(campaigns, parameters)
    view = np.zeros((len(campaigns), len(Layer), HOPS))
    view[:, Layer.FRIENDS] = WEIGHTS.view
    view[campaigns.channel == Channel.ADVERT, Layer.ADVERT, 0] = 1.0
    view[campaigns.tool == Tool.LIVESTREAM, Layer.ROOM, 0] = 0.5
    view[campaigns.tool == Tool.BARGAIN, Layer.BARGAIN] = 0.3
    friends = Graph.from_edges(*rng.integers(PEOPLE, size=(2, 150)), num_nodes=PEOPLE)
    slots = {Layer.ROOM: 20, Layer.BARGAIN: 4, Layer.ADVERT: 8}
    strangers = [Strangers(PEOPLE, slots.get(layer, 0)) for layer in Layer]
    events = propagate(
        [friends, *strangers[1:]],
        rule(
            campaigns, WEIGHTS, INTERESTS, BUDGETS, TRUST, leanings=leanings, view=view, paths=PATHS
        ),
        campaigns.seller[:, np.newaxis],
        campaigns.campaign,
        world,
        max_hops=HOPS,
        segment=interest * len(BUDGETS.relative) + budget_class,
        record="events",
        backend="reference",
    ).events
    assert events is not None
    return SmallWorld(campaigns, events, leanings, parameters, world, interest, budget_class)


@pytest.fixture(scope="session")
def small_world() -> Callable[..., SmallWorld]:
    """A small world by seed and parameters, with two campaigns of each tool."""

    def build(
        seed: int,
        parameters: ToolParameters | None = None,
        choices: list[Tool] | None = None,
    ) -> SmallWorld:
        return _small_world(seed, parameters or ToolParameters(), choices or [*Tool, *Tool])

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
