"""The platform's rules: what sellers may do, and what is shown less."""

from dataclasses import dataclass

from weishang.kernels.graph.validation import MAX_NODES
from weishang.model.core.parameters import check_number, parameter


@dataclass(frozen=True)
class PlatformRules:
    """What the platform allows, demotes and puts first."""

    induced_sharing: bool = parameter(
        False,
        unit="allowed or not",
        source="the platform's rule against rewards for sharing, as the article tells it",
        role="set",
        low=False,
        high=True,
    )
    livestreams: bool = parameter(
        True,
        unit="allowed or not",
        source="the platform's mini-program livestreams, as the article tells it",
        role="set",
        low=False,
        high=True,
    )
    friends_first: bool = parameter(
        True,
        unit="friends' posts first or the platform's choice",
        source="the article: distribution among friends comes before recommendation",
        role="set",
        low=False,
        high=True,
    )
    feed_share: float = parameter(
        0.5,
        unit="fraction of what friends would see",
        source="assumption, varied: what goes to people of the platform's choice where friends do "
        "not come first",
        role="set",
        low=0.2,
        high=0.8,
    )
    group_cap: int = parameter(
        500,
        unit="people",
        source="reported figure group_cap",
        role="set",
        low=200,
        high=1000,
    )
    group_demotion: float = parameter(
        0.3,
        unit="fraction of the view left to larger groups",
        source="assumption, varied: the article tells that traffic is cut and not by how much",
        role="set",
        low=0.1,
        high=0.6,
    )
    link_demotion: tuple[float, ...] = parameter(
        (1.0, 0.5, 0.2),
        unit="fraction of the view left to external links, by hop",
        source="assumption: the platform's rules on external links tell of steps (a warning, less "
        "traffic, none) and no figures",
        role="set",
        low=None,
        high=None,
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a field is out of range; it is named.
        """
        check_number("group_cap", self.group_cap, 1, MAX_NODES - 1, integer=True)
        for name in ("feed_share", "group_demotion"):
            check_number(name, getattr(self, name), 0.0, 1.0, integer=False)
        if not self.link_demotion:
            raise ValueError(
                f"link_demotion is {self.link_demotion!r}; give fractions in [0, 1], one a hop"
            )
        for step in self.link_demotion:
            check_number("link_demotion", step, 0.0, 1.0, integer=False)
