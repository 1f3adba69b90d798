"""One row per campaign, its counts by reported level."""

from dataclasses import dataclass

import numpy as np

from weishang.experiments.simulate.campaign_rows import campaign_rows
from weishang.kernels import Cascades, Graph
from weishang.model.core.campaigns import Campaigns, Offer


@dataclass
class People:
    """As much of a society as campaign_rows looks at."""

    graph: Graph


def cascades(reach):
    """Counts in which half visit, a fourth buy and an eighth share."""
    reach = np.array(reach)
    return Cascades(reach, reach // 2, reach // 4, reach // 8)


OFFERS = Campaigns.from_offers(
    [
        Offer(campaign=5, seller=1, category=2, price=1.5, rich=True, shareability=0.5),
        Offer(campaign=6, seller=0, category=0, price=0.5, rich=False, shareability=-1.0),
    ]
)
STAR = People(Graph.from_edges([0, 0, 0], [1, 2, 3], directed=False))


def test_one_row_per_campaign_with_three_hops_and_more_as_level_3():
    rows = campaign_rows(
        (1 << 64) - 1,
        STAR,
        OFFERS,
        cascades([[80, 160, 24, 8, 16], [40, 0, 0, 0, 0]]),
        cascades([[200], [200]]),
    )
    first, second = rows.to_dict("records")
    assert first["replicate"] == second["replicate"] == (1 << 64) - 1
    assert (first["campaign"], first["seller"], first["friends"]) == (5, 1, 1)
    assert (second["campaign"], second["seller"], second["friends"]) == (6, 0, 3)
    assert [first[f"reach_{level}"] for level in (1, 2, 3)] == [80, 160, 48]
    assert [first[f"visitors_{level}"] for level in (1, 2, 3)] == [40, 80, 24]
    assert [first[f"buyers_{level}"] for level in (1, 2, 3)] == [20, 40, 12]
    assert [first[f"sharers_{level}"] for level in (1, 2, 3)] == [10, 20, 6]
    assert [second[f"reach_{level}"] for level in (1, 2, 3)] == [40, 0, 0]
    assert [second[f"system_{name}"] for name in ("reach", "visitors", "buyers")] == [200, 100, 50]
    offered = [
        (row["category"], row["price"], row["rich"], row["shareability"]) for row in (first, second)
    ]
    assert offered == [(2, 1.5, True, 0.5), (0, 0.5, False, -1.0)]


def test_a_campaign_of_one_hop_has_no_deeper_levels():
    rows = campaign_rows(1, STAR, OFFERS, cascades([[8], [16]]), cascades([[8], [8]]))
    assert rows["reach_1"].tolist() == [8, 16]
    assert not rows[["reach_2", "reach_3"]].to_numpy().any()
