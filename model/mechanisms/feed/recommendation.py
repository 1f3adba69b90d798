"""System recommendation: the platform shows an offer to people, whoever their friends are."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Cascades, Graph, propagate
from weishang.kernels.graph.arrays import offsets, rows_by_class
from weishang.kernels.graph.validation import MAX_NODES
from weishang.kernels.rng import UNIFORM_BITS, derive, word_tree
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import STRANGER_TRUST, Budgets, DecisionWeights, rule
from weishang.model.core.parameters import check_number, parameter
from weishang.model.core.streams import MarketPurpose
from weishang.model.society.society import Society


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
        check_number("audience", self.audience, 1, MAX_NODES, integer=True)
        check_number("targeted", self.targeted, 0.0, 1.0, integer=False)


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
    the middle, the audience around it. Their luck is not that of any friend, and further
    campaigns at the end leave it as it was.

    Returns:
        Cascades, int64 [C, 1]; everyone shown is reached, nobody passes it on.
    """
    audience = draw_audience(society, campaigns, feed, world)
    # A star's nodes follow each other, the middle first.
    segment = np.zeros((len(campaigns), 1 + feed.audience), dtype=np.int32)
    segment[:, 1:] = society.segment[audience]
    places = np.arange(segment.size).reshape(segment.shape)
    neighbours = np.zeros(segment.shape, dtype=np.int64)
    neighbours[:, 0] = feed.audience
    stars = Graph.from_csr(offsets(neighbours.ravel()), places[:, 1:].ravel())
    shown = replace(weights, view=1.0)
    decide = rule(campaigns, shown, society.parameters.num_interests, budgets, (STRANGER_TRUST,))
    return propagate(
        stars,
        replace(decide, share=None),
        places[:, :1],
        campaigns.campaign,
        derive(world, MarketPurpose.AUDIENCE),
        max_hops=1,
        segment=segment.ravel(),
    )


def draw_audience(
    society: Society, campaigns: Campaigns, feed: FeedParameters, world: int
) -> NDArray[np.int64]:
    """Nodes shown each campaign, int64 [C, audience]: the targeted first, then the others.

    Both are drawn with replacement; a person drawn twice decides twice.

    Raises:
        ValueError: a campaign's category is nobody's interest, and some are to be targeted.
    """
    states = [derive(world, MarketPurpose.AUDIENCE, int(name)) for name in campaigns.campaign]
    luck = word_tree(states, np.arange(feed.audience, dtype=np.uint64)) >> np.uint64(UNIFORM_BITS)
    starts, by_interest = rows_by_class(society.interest, society.parameters.num_interests)
    first, count = starts[campaigns.category], np.diff(starts)[campaigns.category]
    targeted = round(feed.targeted * feed.audience)
    if targeted and not count.all():
        nobody = int(campaigns.category[count == 0][0])
        raise ValueError(f"category is {nobody}, nobody's interest; target one that is")
    chosen = (luck * np.uint64(society.num_users)) >> np.uint64(UNIFORM_BITS)
    inside = (luck[:, :targeted] * count[:, np.newaxis].astype(np.uint64)) >> np.uint64(
        UNIFORM_BITS
    )
    nodes = chosen.astype(np.int64)
    nodes[:, :targeted] = by_interest[first[:, np.newaxis] + inside.astype(np.int64)]
    return nodes
