"""Parameters of official accounts: who has one, and who follows it."""

from dataclasses import dataclass

from weishang.model.core.parameters import check_fields, parameter


@dataclass(frozen=True)
class FollowerParameters:
    """Who has an official account, and who follows it.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    with_account: float = parameter(
        0.5,
        unit="fraction of sellers",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    median_followers: float = parameter(
        300.0,
        unit="followers",
        source="assumption, varied: a small shop's account has as many as its owner has friends, "
        "and some more",
        role="set",
        low=100.0,
        high=1000.0,
    )
    followers_log_sd: float = parameter(
        1.0,
        unit="log followers",
        source="assumption, varied: as unequal as numbers of friends",
        role="set",
        low=0.5,
        high=1.5,
    )
    interested: float = parameter(
        0.6,
        unit="fraction of first followers",
        source="assumption, varied: chosen for the category; the others are anyone",
        role="set",
        low=0.2,
        high=0.9,
    )
    follow: float = parameter(
        0.3,
        unit="probability that a buyer follows",
        source="assumption, varied",
        role="set",
        low=0.1,
        high=0.6,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_SHARE = (0.0, 1.0)
_RANGES: dict[str, tuple[float, float]] = {
    "with_account": _SHARE,
    "median_followers": (0.0, 1e8),
    "followers_log_sd": (0.0, 3.0),
    "interested": _SHARE,
    "follow": _SHARE,
}
"""What accounts can be opened with; the prior ranges lie inside."""
