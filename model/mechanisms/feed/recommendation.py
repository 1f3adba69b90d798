"""System recommendation: the platform shows an offer to people, whoever their friends are."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Cascades, Graph, propagate
from weishang.kernels.graph.arrays import offsets, rows_by_class
from weishang.kernels.rng import UNIFORM_BITS, derive, word_tree
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import STRANGER_TRUST, DecisionRule
from weishang.model.core.streams import Stream
from weishang.model.mechanisms.feed.parameters import FeedParameters
from weishang.model.society.society import Society

AUDIENCE = Stream(10, "whom the platform shows an offer")


def recommend(
    society: Society,
    campaigns: Campaigns,
    rule: DecisionRule,
    feed: FeedParameters,
    seed: int,
) -> Cascades:
    """Show each campaign to an audience of its own and let it decide, trusting nobody.

    The same kernel as for friends, on a graph of one star a campaign: the platform's place in
    the middle, the audience around it. Their random words are not those of any friend, and further
    campaigns at the end leave them as they were.

    Returns:
        Cascades, int64 [C, 1]; everyone shown is reached, nobody passes it on.
    """
    audience = draw_audience(society, campaigns, feed, seed)
    # A star's nodes follow each other, the middle first.
    segment = np.zeros((len(campaigns), 1 + feed.audience), dtype=np.int32)
    segment[:, 1:] = society.segment[audience]
    places = np.arange(segment.size).reshape(segment.shape)
    neighbours = np.zeros(segment.shape, dtype=np.int64)
    neighbours[:, 0] = feed.audience
    stars = Graph.from_csr(offsets(neighbours.ravel()), places[:, 1:].ravel())
    decide = rule.tables(
        campaigns,
        society.parameters.num_interests,
        (STRANGER_TRUST,),
        view=np.ones((len(campaigns), 1)),
    )
    return propagate(
        stars,
        replace(decide, share=None),
        places[:, :1],
        campaigns.campaign,
        derive(seed, AUDIENCE),
        max_hops=1,
        segment=segment.ravel(),
    )


def draw_audience(
    society: Society, campaigns: Campaigns, feed: FeedParameters, seed: int
) -> NDArray[np.int64]:
    """Nodes shown each campaign, int64 [C, audience]: the targeted first, then the others.

    Both are drawn with replacement; a person drawn twice decides twice.

    Raises:
        ValueError: a campaign's category is nobody's interest, and some are to be targeted.
    """
    states = [derive(seed, AUDIENCE, int(name)) for name in campaigns.campaign]
    words = word_tree(states, np.arange(feed.audience, dtype=np.uint64)) >> np.uint64(UNIFORM_BITS)
    starts, by_interest = rows_by_class(society.interest, society.parameters.num_interests)
    first, count = starts[campaigns.category], np.diff(starts)[campaigns.category]
    targeted = round(feed.targeted * feed.audience)
    if targeted and not count.all():
        nobody = int(campaigns.category[count == 0][0])
        raise ValueError(f"category is {nobody}, nobody's interest; target one that is")
    chosen = (words * np.uint64(society.num_users)) >> np.uint64(UNIFORM_BITS)
    inside = (words[:, :targeted] * count[:, np.newaxis].astype(np.uint64)) >> np.uint64(
        UNIFORM_BITS
    )
    nodes = chosen.astype(np.int64)
    nodes[:, :targeted] = by_interest[first[:, np.newaxis] + inside.astype(np.int64)]
    return nodes
