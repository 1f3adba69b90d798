"""Parameters of livestreams: whom a room is shown to, what entering takes, how long people stay."""

from dataclasses import dataclass

from weishang.model.core.parameters import check_fields, parameter

MAX_MINUTES = 24 * 60
MAX_SLOTS = 100_000_000
MAX_LOG_ODDS = 20.0


@dataclass(frozen=True)
class LivestreamParameters:
    """Whom a room is shown to, what entering takes, and how long people stay.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    slots: int = parameter(
        10_000,
        unit="strangers shown the room",
        source="assumption, varied over two powers of ten: reach at level 3 rests on it",
        role="set",
        low=1_000,
        high=100_000,
    )
    seen: float = parameter(
        0.3,
        unit="probability",
        source="assumption, varied: a stranger notices the room's card about as often as a friend "
        "sees a post",
        role="set",
        low=0.1,
        high=0.6,
    )
    near: float = parameter(
        0.5,
        unit="fraction of those strangers chosen by interest and place",
        source="assumption, varied; as `feed.targeted`",
        role="set",
        low=0.0,
        high=1.0,
    )
    watch_cost: float = parameter(
        1.0,
        unit="log odds of entering that the minutes cost everyone",
        source="assumption, varied: to watch takes minutes, to open a link seconds",
        role="set",
        low=0.0,
        high=2.0,
    )
    boredom: float = parameter(
        1.5,
        unit="log odds of entering that they cost those of other interests on top",
        source="assumption, varied: minutes are not given to what is of no interest; this is the "
        "selection of viewers",
        role="set",
        low=0.0,
        high=3.0,
    )
    answers: float = parameter(
        0.2,
        unit="log odds of buying",
        source="assumption, varied: the host answers questions; Wongkitrungrueng and Assarut (J. "
        "Business Research 2020) tie livestreams to trust in small sellers and give no such size",
        role="set",
        low=0.0,
        high=0.5,
    )
    traditional: bool = parameter(
        False,
        unit="a room outside a mini-program",
        source="the article's comparison: mini-program livestreams against traditional ones",
        role="set",
        low=False,
        high=True,
    )
    friction: float = parameter(
        0.5,
        unit="log odds of buying that are lost on the way to another shop",
        source="assumption, varied; in traditional rooms only",
        role="set",
        low=0.0,
        high=1.5,
    )
    minutes: int = parameter(
        120,
        unit="minutes of a livestream",
        source="assumption, varied: an evening",
        role="set",
        low=60,
        high=240,
    )
    reaction: float = parameter(
        15.0,
        unit="minutes",
        source="assumption, varied: from the arrival of who told them to their own, on average; "
        "moves arrivals and orders in time and changes none",
        role="set",
        low=5.0,
        high=45.0,
    )
    mean_stay: float = parameter(
        10.0,
        unit="minutes",
        source="assumption, varied; moves orders in time and changes none",
        role="set",
        low=3.0,
        high=30.0,
    )
    offer_every: int = parameter(
        15,
        unit="minutes between presentations of the offer",
        source="assumption, varied; moves orders in time and changes none",
        role="set",
        low=5,
        high=30,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        if not isinstance(self.traditional, bool):
            raise ValueError(f"traditional is {self.traditional!r}; give True or False")
        check_fields(self, _RANGES)


_PROBABILITY = (0.0, 1.0)
_LOG_ODDS = (0.0, MAX_LOG_ODDS)
_RANGES: dict[str, tuple[float, float]] = {
    "slots": (0, MAX_SLOTS),
    "seen": _PROBABILITY,
    "near": _PROBABILITY,
    "watch_cost": _LOG_ODDS,
    "boredom": _LOG_ODDS,
    "answers": _LOG_ODDS,
    "friction": _LOG_ODDS,
    "minutes": (1, MAX_MINUTES),
    "reaction": (0.0, MAX_MINUTES),
    "mean_stay": (1.0, MAX_MINUTES),
    "offer_every": (1, MAX_MINUTES),
}
"""What the mechanism works with; the prior ranges lie inside."""
