"""A scenario: every parameter of a world, each with value, unit, source and role."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

from weishang.model.decision import Budgets, DecisionWeights
from weishang.model.recommendation import FeedParameters
from weishang.model.seller import SellerParameters
from weishang.model.society import SocietyParameters


@dataclass(frozen=True)
class Scenario:
    """All that decides a world besides its seed and its size."""

    society: SocietyParameters = field(default_factory=SocietyParameters)
    weights: DecisionWeights = field(default_factory=DecisionWeights)
    budgets: Budgets = field(default_factory=Budgets)
    sellers: SellerParameters = field(default_factory=SellerParameters)
    feed: FeedParameters = field(default_factory=FeedParameters)

    def __post_init__(self) -> None:
        """Check that the parts fit each other.

        Raises:
            ValueError: budgets and the society's classes disagree.
        """
        if len(self.budgets.relative) != self.society.num_budgets:
            raise ValueError(
                f"budgets.relative has {len(self.budgets.relative)} classes but "
                f"society.num_budgets is {self.society.num_budgets}; give one budget a class"
            )

    def values(self) -> dict[str, Any]:
        """Values by group and name, for a manifest."""
        return asdict(self)

    def described(self) -> Iterator[dict[str, Any]]:
        """A row a parameter: name, value, unit, source, role, low, high."""
        for group in fields(self):
            part = getattr(self, group.name)
            assert is_dataclass(part)
            for item in fields(part):
                value = {"name": f"{group.name}.{item.name}", "value": getattr(part, item.name)}
                yield {**value, **item.metadata}
