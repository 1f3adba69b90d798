"""What sellers are like: who sells, what is offered at what cost, and who is named."""

from dataclasses import dataclass

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.parameters import check_fields, check_number, parameter

CHANNELS = tuple(Channel)
TOOLS = tuple(Tool)


@dataclass(frozen=True)
class SellerParameters:
    """Who sells, what is offered, and what it costs.

    The fields from `channels` to `induced` are the choices of sellers that do not learn, or have
    learnt nothing yet.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    by_ties: float = parameter(
        1.0,
        unit="fraction of sellers",
        source="assumption, varied: found at the end of a random tie, as people with many friends "
        "are likelier to sell (Hinz et al. 2011: the well connected are likelier to join); the "
        "others are found at random",
        role="set",
        low=0.5,
        high=1.0,
    )
    rich_content: float = parameter(
        0.5,
        unit="fraction of offers",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    price_log_sd: float = parameter(
        0.5,
        unit="log price",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    campaign_hops: int = parameter(
        3,
        unit="hops",
        source="assumption, varied by itself: an offer stays up for three rounds; retweets come "
        "within hours (Sysomos 2010), and 1 to 4% of cascades go past one hop (Goel, Watts and "
        "Goldstein, EC 2012)",
        role="set",
        low=3,
        high=5,
    )
    activity: float = parameter(
        0.02,
        unit="probability of a campaign, by seller and day",
        source="assumption, varied: a campaign worth the name every few weeks; table 1 leaves room "
        "for far fewer (t1_moments_visits over a campaign's reach, see results/audit)",
        role="set",
        low=0.005,
        high=0.1,
    )
    channels: tuple[float, ...] = parameter(
        (0.8, 0.1, 0.1),
        unit="fraction of offers in Moments, by official account, as adverts; relative",
        source="assumption, varied: most sell to friends",
        role="set",
        low=(0.6, 0.05, 0.0),
        high=(0.9, 0.3, 0.2),
    )
    tools: tuple[float, ...] = parameter(
        (0.6, 0.1, 0.1, 0.1, 0.1),
        unit="fraction of offers with no tool, discount, team, bargain, livestream; relative",
        source="assumption, varied: no study gives shares of the tools",
        role="set",
        low=(0.3, 0.0, 0.0, 0.0, 0.0),
        high=(0.9, 0.2, 0.2, 0.2, 0.2),
    )
    external: float = parameter(
        0.1,
        unit="fraction of offers that link outside the platform",
        source="assumption, varied",
        role="set",
        low=0.0,
        high=0.3,
    )
    induced: float = parameter(
        0.2,
        unit="fraction of offers that reward sharing, where the platform lets them",
        source="assumption, varied",
        role="set",
        low=0.0,
        high=0.5,
    )
    unit_cost: float = parameter(
        0.6,
        unit="reference price = 1",
        source="assumption, varied: what a seller pays for what sells for 1",
        role="set",
        low=0.4,
        high=0.8,
    )
    content_cost: float = parameter(
        0.5,
        unit="reference price = 1, by offer",
        source="assumption, varied: pictures and text for a rich offer",
        role="set",
        low=0.0,
        high=2.0,
    )
    advert_cost: float = parameter(
        0.3,
        unit="reference price = 1, by thousand people shown",
        source="assumption, varied: some tens of CNY a thousand, for goods of some 200 CNY",
        role="set",
        low=0.1,
        high=0.8,
    )
    livestream_cost: float = parameter(
        2.0,
        unit="reference price = 1, by livestream",
        source="assumption, varied: some hours of a host's time",
        role="set",
        low=0.5,
        high=10.0,
    )
    reward_cost: float = parameter(
        0.05,
        unit="reference price = 1, by person who passes a rewarded offer on",
        source="assumption, varied: a small gift or some CNY",
        role="set",
        low=0.0,
        high=0.2,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)
        for name, actions in _SHARES.items():
            shares = getattr(self, name)
            if not isinstance(shares, tuple) or len(shares) != len(actions):
                names = ", ".join(action.name.lower() for action in actions)
                raise ValueError(f"{name} is {shares!r}; give one share each: {names}")
            for share in shares:
                check_number(name, share, 0.0, 1.0, integer=False)
            if not any(shares):
                raise ValueError(f"{name} is {shares!r}; give at least one share above 0")


_FRACTION = (0.0, 1.0)
_COST = (0.0, 1e6)
_RANGES: dict[str, tuple[float, float]] = {
    "by_ties": _FRACTION,
    "rich_content": _FRACTION,
    "price_log_sd": (0.0, 3.0),
    "campaign_hops": (1, 1_000_000),
    "activity": _FRACTION,
    "external": _FRACTION,
    "induced": _FRACTION,
    "unit_cost": _COST,
    "content_cost": _COST,
    "advert_cost": _COST,
    "livestream_cost": _COST,
    "reward_cost": _COST,
}
_SHARES: dict[str, tuple[Channel, ...] | tuple[Tool, ...]] = {
    "channels": CHANNELS,
    "tools": TOOLS,
}


@dataclass(frozen=True)
class NamedSeller:
    """A seller whom a scenario names.

    Attributes:
        id: its name, of which there is one.
        node: the person who sells; one seller a person.
        category: interest that the goods serve; None: the person's own, by which first followers
            of an account are found in any case.
        price: usual level of the seller's prices, in units of the category's reference price; None:
            drawn.
    """

    id: str
    node: int
    category: int | None = None
    price: float | None = None
