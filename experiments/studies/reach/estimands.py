"""Figures of tables 1 and 2 among friends alone: what is counted over whom.

A level's conversion is buyers over reached, a channel's is buyers over visits; the other reading
stands beside it.
"""

from weishang.experiments.analysis.estimands import (
    ALL,
    BY_REACHED,
    BY_VISITS,
    NEAR,
    THERE,
    Estimand,
    each,
    there,
    total,
)
from weishang.experiments.simulate.campaign_rows import LEVELS

ESTIMANDS = (
    *(Estimand(f"t2_l{k}_reach", THERE, total("reach", k), there(k)) for k in LEVELS),
    *(Estimand(f"t2_l{k}_reach", ALL, total("reach", k), each) for k in LEVELS),
    *(Estimand(f"l{k}_conv", BY_REACHED, total("buyers", k), total("reach", k)) for k in (1, 2)),
    *(Estimand(f"l{k}_conv", BY_VISITS, total("buyers", k), total("visitors", k)) for k in (1, 2)),
    Estimand("conv_friend", BY_REACHED, total("buyers", 1), total("reach", 1)),
    Estimand("conv_system", BY_REACHED, total("system_buyers"), total("system_reach")),
    Estimand("conv_system", BY_VISITS, total("system_buyers"), total("system_visitors")),
    Estimand("t1_moments_conv", BY_VISITS, total("buyers", *LEVELS), total("visitors", *LEVELS)),
    Estimand("t1_moments_conv", BY_REACHED, total("buyers", *LEVELS), total("reach", *LEVELS)),
    Estimand(
        "t1_moments_conv", f"{BY_VISITS}, {NEAR}", total("buyers", 1, 2), total("visitors", 1, 2)
    ),
    Estimand(
        "t1_moments_conv", f"{BY_REACHED}, {NEAR}", total("buyers", 1, 2), total("reach", 1, 2)
    ),
)
"""Every figure that the reach experiment gives, the main reading of a figure first."""

TOOK_OFF = {level: Estimand("", f"gets to level {level}", there(level), each) for level in (2, 3)}
