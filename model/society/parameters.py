"""What a society is made from."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from weishang.model.core.parameters import check_fields, parameter

MAX_CLASSES = int(np.iinfo(np.int8).max)
MAX_PLACES = 1000
"""Regions keep a table of all pairs of places."""
MAX_USERS = int(np.iinfo(np.int32).max)

_FACEBOOK = "Ugander et al. (2011), arXiv:1111.4503"
_ASSUMED = "assumption"
_FOR_CLUSTERING = (
    "assumption; all shares and sizes together are chosen for the local clustering at 100 "
    "friends (.14) and the degeneracy of friends' ties at 100 and 500 friends (15 and 53) of "
    f"{_FACEBOOK}"
)


@dataclass(frozen=True)
class SocietyParameters:
    """What a society is made from; each field carries unit, source, role and prior range.

    The share of a kind of circle is the part that its ties are wanted to be of the friends not
    found in the circles before it: family, school, work, community. The rest are ties by chance.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    mean_friends: float = parameter(
        155.0,
        unit="friends",
        source="Dunbar (2016), doi:10.1098/rsos.150292: about 150 Facebook friends in UK surveys; "
        f"the upper end is Facebook's mean, {_FACEBOOK}",
        role="set",
        low=120.0,
        high=190.0,
    )
    friends_log_sd: float = parameter(
        sqrt(2.0 * log(190.0 / 99.0)),
        unit="log friends",
        source=f"{_FACEBOOK}: mean 190, median 99, read as a lognormal",
        role="set",
        low=0.8,
        high=1.3,
    )
    max_friends: int = parameter(
        5000,
        unit="friends",
        source=f"{_FACEBOOK}: Facebook's limit",
        role="set",
        low=5000,
        high=10000,
    )
    family_share: float = parameter(
        1.0, unit="fraction of friends", source=_FOR_CLUSTERING, role="set", low=0.7, high=1.0
    )
    school_share: float = parameter(
        0.35, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.2, high=0.5
    )
    work_share: float = parameter(
        0.25, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.1, high=0.4
    )
    community_share: float = parameter(
        0.5, unit="fraction of the rest", source=_FOR_CLUSTERING, role="set", low=0.3, high=0.7
    )
    family_size: float = parameter(
        7.0, unit="members", source=_ASSUMED, role="set", low=5.0, high=9.0
    )
    school_size: float = parameter(
        45.0, unit="members", source=_ASSUMED, role="set", low=30.0, high=60.0
    )
    work_size: float = parameter(
        25.0, unit="members", source=_ASSUMED, role="set", low=15.0, high=40.0
    )
    community_size: float = parameter(
        500.0, unit="members", source=_FOR_CLUSTERING, role="set", low=300.0, high=800.0
    )
    homophily: float = parameter(
        0.3,
        unit="Coleman's index",
        source="assumption; that friends are alike: McPherson, Smith-Lovin and Cook "
        "(2001), Annual Review of Sociology 27",
        role="set",
        low=0.0,
        high=0.6,
    )
    num_interests: int = parameter(8, unit="interests", source=_ASSUMED, role="set", low=4, high=16)
    num_budgets: int = parameter(
        5, unit="classes", source="quintiles of income", role="set", low=5, high=5
    )
    num_places: int = parameter(
        16,
        unit="places",
        source="assumption, varied up to the 31 provincial-level regions of mainland China",
        role="set",
        low=8,
        high=31,
    )

    def __post_init__(self) -> None:
        """Check each field, then the two that must fit each other."""
        check_fields(self, _RANGES)
        if not 1.0 < self.mean_friends < self.max_friends:
            raise ValueError(
                f"mean_friends is {self.mean_friends!r}; give a number above 1 and below "
                f"max_friends, {self.max_friends!r}"
            )


_SHARE = (0.0, 1.0)
_SIZE = (1.0, 10_000.0)
_RANGES: dict[str, tuple[float, float]] = {
    "mean_friends": (1.0, MAX_USERS),
    "friends_log_sd": (1e-3, 3.0),
    "max_friends": (2, MAX_USERS),
    "family_share": _SHARE,
    "school_share": _SHARE,
    "work_share": _SHARE,
    "community_share": _SHARE,
    "family_size": _SIZE,
    "school_size": _SIZE,
    "work_size": _SIZE,
    "community_size": _SIZE,
    "homophily": _SHARE,
    "num_interests": (1, MAX_CLASSES),
    "num_budgets": (1, MAX_CLASSES),
    "num_places": (1, MAX_PLACES),
}
"""What the generator can work with; the prior ranges lie inside."""
