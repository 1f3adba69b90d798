"""One row per campaign of a day: who offered what, and what came of it by level.

Level 3 is three hops and more.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.kernels import Cascades
from weishang.model.core.campaigns import Campaigns
from weishang.model.society.society import Society

LEVELS = (1, 2, 3)
MEASURES = ("reach", "visitors", "buyers", "sharers")


def campaign_rows(
    replicate: int, society: Society, campaigns: Campaigns, result: Cascades, shown: Cascades
) -> pd.DataFrame:
    """One row per campaign: who offered what, counts by level, and what strangers did.

    Args:
        replicate: seed of the replicate.
        society: the people.
        campaigns: C offers.
        result: their cascades among friends.
        shown: the same offers shown by the platform.
    """
    columns: dict[str, NDArray[np.generic]] = {
        "replicate": np.full(len(campaigns), replicate, dtype=np.uint64),
        "campaign": campaigns.campaign,
        "seller": campaigns.seller,
        "friends": society.graph.degrees[campaigns.seller],
        "category": campaigns.category,
        "price": campaigns.price,
        "rich": campaigns.rich,
        "shareability": campaigns.shareability,
    }
    for measure in MEASURES:
        counts = getattr(result, measure)
        for level in LEVELS:
            last = level == LEVELS[-1]
            of_level = counts[:, level - 1 :] if last else counts[:, level - 1 : level]
            columns[f"{measure}_{level}"] = of_level.sum(axis=1)
    for measure in ("reach", "visitors", "buyers"):
        columns[f"system_{measure}"] = getattr(shown, measure).sum(axis=1)
    return pd.DataFrame(columns)
