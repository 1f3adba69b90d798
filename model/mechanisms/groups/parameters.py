"""Parameters of group chats: how groups grow, who sees what is posted there, who posts."""

from dataclasses import dataclass

from weishang.model.core.parameters import check_fields, parameter

MIN_SIZE = 3
"""A smaller group is a conversation."""


@dataclass(frozen=True)
class GroupParameters:
    """Who is in which group chat; each field carries unit, source, role and prior range.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    groups_per_person: float = parameter(
        10.0,
        unit="groups",
        source="assumption, varied: those that people still read; of 2,002 WeChat users 25% were "
        "in fewer than 10 groups and 59% in 10 to 30 (China Youth Daily 2020, by way of the press)",
        role="set",
        low=5.0,
        high=20.0,
    )
    median_size: float = parameter(
        8.0,
        unit="members",
        source="assumption, varied: a family or some colleagues",
        role="set",
        low=5.0,
        high=15.0,
    )
    size_log_sd: float = parameter(
        1.2,
        unit="log members",
        source="assumption, varied: mean 16 members; 2% of groups have more than 100",
        role="set",
        low=0.8,
        high=1.5,
    )
    max_size: int = parameter(
        2000,
        unit="members",
        source="assumption, varied: some large groups of customers are past the platform's cap; "
        "at the lower end none is",
        role="set",
        low=500,
        high=5000,
    )
    invited: float = parameter(
        0.8,
        unit="fraction of members",
        source="assumption, varied: members of WeChat groups are invited by friends who are in "
        "(Qiu et al., WWW 2016, arXiv:1512.07831); the others come for the interest, by a code",
        role="set",
        low=0.5,
        high=1.0,
    )
    by_founder: float = parameter(
        0.5,
        unit="fraction of invitations",
        source="assumption, varied: trees of invitations into WeChat groups are now broad, now "
        "deep (Qiu et al., WWW 2016, arXiv:1512.07831)",
        role="set",
        low=0.2,
        high=0.8,
    )
    local: float = parameter(
        0.5,
        unit="fraction of members",
        source="assumption, varied: live where the founder does; the rest may live anywhere",
        role="set",
        low=0.0,
        high=1.0,
    )
    active: float = parameter(
        0.67,
        unit="fraction of members",
        source="reported figure group_weekly_active; the others see nothing",
        role="set",
        low=0.603,
        high=0.737,
    )
    post: float = parameter(
        0.1,
        unit="probability",
        source="assumption, varied: that a sharer posts in a group of theirs; no study gives it",
        role="set",
        low=0.02,
        high=0.3,
    )
    sellers_size: float = parameter(
        286.0,
        unit="members",
        source="reported figure group_mean_size, which is of the 500 largest groups: an upper end, "
        "varied downwards",
        role="set",
        low=50.0,
        high=286.0,
    )
    sellers_log_sd: float = parameter(
        0.5, unit="log members", source="assumption, varied", role="set", low=0.2, high=0.8
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_SHARE = (0.0, 1.0)
_SIZE = (MIN_SIZE, 1_000_000)
_LOG_SD = (0.0, 3.0)
_RANGES: dict[str, tuple[float, float]] = {
    "groups_per_person": (0.0, 1000.0),
    "median_size": _SIZE,
    "size_log_sd": _LOG_SD,
    "max_size": _SIZE,
    "invited": _SHARE,
    "by_founder": _SHARE,
    "local": _SHARE,
    "active": _SHARE,
    "post": _SHARE,
    "sellers_size": _SIZE,
    "sellers_log_sd": _LOG_SD,
}
"""What groups can be formed with; the prior ranges lie inside."""
