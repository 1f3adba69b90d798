"""A scenario: every parameter of a world, each with value, unit, source and role."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from weishang.model.core.channels import ChannelParameters
from weishang.model.core.decision import Budgets, DecisionWeights
from weishang.model.core.orders import MoneyParameters
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.switches import Mechanisms
from weishang.model.market.tools import RewardParameters, ToolParameters
from weishang.model.mechanisms.accounts.followers import FollowerParameters
from weishang.model.mechanisms.bargain.bargain import BargainParameters
from weishang.model.mechanisms.basket.basket import BasketParameters
from weishang.model.mechanisms.discount.discount import DiscountParameters
from weishang.model.mechanisms.fatigue.attention import AttentionParameters
from weishang.model.mechanisms.feed.recommendation import FeedParameters
from weishang.model.mechanisms.groups.groups import GroupParameters
from weishang.model.mechanisms.livestream.livestream import LivestreamParameters
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.team_purchase.team_purchase import TeamParameters
from weishang.model.sellers.learning import LearningParameters
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.society.society import SocietyParameters


@dataclass(frozen=True)
class Scenario:
    """All that decides a world besides its seed and its size."""

    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    rules: PlatformRules = field(default_factory=PlatformRules)
    society: SocietyParameters = field(default_factory=SocietyParameters)
    groups: GroupParameters = field(default_factory=GroupParameters)
    weights: DecisionWeights = field(default_factory=DecisionWeights)
    budgets: Budgets = field(default_factory=Budgets)
    attention: AttentionParameters = field(default_factory=AttentionParameters)
    sellers: SellerParameters = field(default_factory=SellerParameters)
    learning: LearningParameters = field(default_factory=LearningParameters)
    channels: ChannelParameters = field(default_factory=ChannelParameters)
    followers: FollowerParameters = field(default_factory=FollowerParameters)
    feed: FeedParameters = field(default_factory=FeedParameters)
    search: SearchParameters = field(default_factory=SearchParameters)
    basket: BasketParameters = field(default_factory=BasketParameters)
    discount: DiscountParameters = field(default_factory=DiscountParameters)
    team_purchase: TeamParameters = field(default_factory=TeamParameters)
    bargain: BargainParameters = field(default_factory=BargainParameters)
    livestream: LivestreamParameters = field(default_factory=LivestreamParameters)
    reward: RewardParameters = field(default_factory=RewardParameters)
    money: MoneyParameters = field(default_factory=MoneyParameters)

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

    def friends_only(self) -> "Scenario":
        """The same without all that is not a seller's post a day among friends."""
        sellers = replace(self.sellers, activity=1.0)
        return replace(self, mechanisms=Mechanisms.none(), sellers=sellers)

    @property
    def tools(self) -> ToolParameters:
        """The parameters of all tools together."""
        return ToolParameters(
            self.discount, self.team_purchase, self.bargain, self.livestream, self.reward
        )

    @property
    def tiring(self) -> AttentionParameters:
        """How people tire; not at all where fatigue is off."""
        return self.attention if self.mechanisms.fatigue else AttentionParameters.tireless()

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
