"""System recommendation: the platform shows an offer to people whom it has no friend among."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Cascades, Graph, propagate
from weishang.kernels.rng import UNIFORM_BITS, derive, word_tree
from weishang.model.campaigns import Campaigns
from weishang.model.decision import STRANGER_TRUST, Budgets, DecisionWeights, rule
from weishang.model.parameters import parameter
from weishang.model.purposes import MarketPurpose
from weishang.model.society import Society


@dataclass(frozen=True)
class FeedParameters:
    """Whom the platform shows an offer to."""

    audience: int = parameter(
        200,
        unit="people a campaign",
        source="assumption: a friends' audience's size; a rate does not depend on it",
        role="set",
        low=200,
        high=200,
    )
    targeted: float = parameter(
        0.5,
        unit="fraction of the audience",
        source="assumption, varied: chosen by interest tags; the others are drawn at random",
        role="set",
        low=0.0,
        high=1.0,
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a field is out of range; it is named.
        """
        if self.audience < 1:
            raise ValueError(f"audience is {self.audience}; give at least 1")
        if not 0.0 <= self.targeted <= 1.0:
            raise ValueError(f"targeted is {self.targeted}; give a fraction in [0, 1]")


def recommend(
    society: Society,
    campaigns: Campaigns,
    weights: DecisionWeights,
    budgets: Budgets,
    feed: FeedParameters,
    world: int,
) -> Cascades:
    """Show each campaign to an audience of its own and let it decide, trusting nobody.

    The same kernel as for friends, on a graph of one star a campaign: the platform's place in
    the middle, the audience around it.

    Returns:
        Cascades, int64 [C, 1]; everyone shown is reached, nobody passes it on.
    """
    num_campaigns = len(campaigns)
    audience = draw_audience(society, campaigns, feed, world)
    size = num_campaigns * feed.audience
    rows = np.full(num_campaigns + size, feed.audience, dtype=np.int64)
    rows[num_campaigns:] = 0
    star = Graph.from_csr(
        np.concatenate(([0], np.cumsum(rows))), np.arange(num_campaigns, num_campaigns + size)
    )
    segment = np.zeros(num_campaigns + size, dtype=np.int32)
    segment[num_campaigns:] = society.segment[audience.ravel()]
    shown = replace(weights, view=1.0)
    return propagate(
        star,
        rule(campaigns, shown, society.parameters.num_interests, budgets, (STRANGER_TRUST,)),
        [[place] for place in range(num_campaigns)],
        campaigns.campaign,
        world,
        max_hops=1,
        segment=segment,
    )


def draw_audience(
    society: Society, campaigns: Campaigns, feed: FeedParameters, world: int
) -> NDArray[np.int64]:
    """Nodes shown each campaign, int64 [C, audience]: the targeted first, then the others."""
    states = [derive(world, MarketPurpose.AUDIENCE, int(name)) for name in campaigns.campaign]
    luck = word_tree(states, np.arange(feed.audience, dtype=np.uint64)) >> np.uint64(UNIFORM_BITS)
    by_interest = np.argsort(society.interest, kind="stable")
    ends = np.cumsum(np.bincount(society.interest, minlength=society.parameters.num_interests))
    starts = np.concatenate(([0], ends[:-1]))
    first, count = starts[campaigns.category], (ends - starts)[campaigns.category]
    targeted = round(feed.targeted * feed.audience)
    chosen = (luck * np.uint64(society.num_users)) >> np.uint64(UNIFORM_BITS)
    inside = (luck[:, :targeted] * count[:, np.newaxis].astype(np.uint64)) >> np.uint64(
        UNIFORM_BITS
    )
    nodes = chosen.astype(np.int64)
    nodes[:, :targeted] = by_interest[first[:, np.newaxis] + inside.astype(np.int64)]
    return nodes
