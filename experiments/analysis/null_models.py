"""Null models of reach and conversion: what needs no behaviour, differences or network.

Each takes a few totals and returns reach by level, so that it can stand beside the model. A
reported figure that one of these gives as well is implied, not explained.

Sums and powers are written out: NumPy and BLAS round the last digit as the processor has it.
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from weishang.experiments.analysis import reported
from weishang.experiments.analysis.estimands import NEAR, THERE
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.kernels import independent_cascade
from weishang.model.society.society import Society

DEPTH = len(LEVELS)
"""Levels that are given where none is asked for."""


def branching(first: float, second: float, levels: int = DEPTH) -> NDArray[np.float64]:
    """Mean reach of a branching process whose every generation grows as the second did.

    Nobody is reached twice and all campaigns are alike: reach h = first * (second / first)^(h-1).

    Args:
        first, second: people reached at levels 1 and 2; the first above 0.
        levels: how many to give.

    Source: Watson and Galton (1875).
    """
    growth, power, reach = second / first, 1.0, []
    for _ in range(levels):
        reach.append(first * power)
        power *= growth
    return np.array(reach)


def mean_field_sir(
    first: float, second: float, users: int, levels: int = DEPTH
) -> NDArray[np.float64]:
    """New cases by generation of a well-mixed population that meets levels 1 and 2.

    In a generation each susceptible escapes with probability exp(-R * new / users); R is solved
    for from the second generation, and everyone recovers after one.

    Args:
        first, second: people reached at levels 1 and 2; the first above 0.
        users: size of the population.
        levels: how many to give.

    Raises:
        ValueError: the population is too small for level 2.

    Source: Kermack and McKendrick (1927), in discrete time as in Miller and Ting, EoN (2019).
    """
    susceptible = users - first
    if second >= susceptible:
        raise ValueError(f"second is {second:g} of {susceptible:g} susceptible; give fewer")
    rate = -math.log1p(-second / susceptible) * users / first
    new = [first]
    for _ in range(levels - 1):
        new.append(susceptible * -math.expm1(-rate * new[-1] / users))
        susceptible -= new[-1]
    return np.array(new)


def cascade_reach(
    society: Society, sellers: Sequence[int], p: float, seed: int, levels: int = DEPTH
) -> NDArray[np.float64]:
    """Mean reach by level of the independent cascade: everyone reached passes on at p.

    Args:
        society: the people.
        sellers: one campaign each.
        p: chance that a friend is reached.
        seed: of the random numbers, the same for every p.
        levels: hops.
    """
    result = independent_cascade(
        society.graph,
        [[node] for node in sellers],
        p,
        replicas=len(sellers),
        seed=seed,
        max_hops=levels,
    )
    return result.reach.mean(axis=0)


def cascade_meeting(
    society: Society, sellers: Sequence[int], level: int, target: float, seed: int
) -> float:
    """The p at which the independent cascade reaches `target` people at a level; 1 if none does.

    Args:
        society, sellers, seed: as in `cascade_reach`.
        level: 1 or deeper.
        target: people, above 0.
    """

    @cache
    def excess(p: float) -> float:
        return float(cascade_reach(society, sellers, p, seed, level)[-1]) / target - 1.0

    low, high = 0.0, 1.0 / 64.0
    while excess(high) < 0.0 and high < 1.0:
        low, high = high, 2.0 * high
    return float(brentq(excess, low, high, rtol=1e-3)) if excess(high) >= 0.0 else 1.0


def mixture(reach: Sequence[float], conversions: Sequence[float]) -> float:
    """Conversion of levels together: buyers over reached when each level has its own rate."""
    buyers = (people * rate for people, rate in zip(reach, conversions, strict=True))
    return math.fsum(buyers) / math.fsum(reach)


def among_friends(figure: str, reading: str, takes_off: float) -> float:
    """What the fitted figures and the set take-off give by arithmetic; NaN where nothing does.

    Reach at level 3 is that of a branching process on from levels 1 and 2. The conversion of
    Moments links is the mixture of levels, everyone reached taken as a visit.

    Args:
        figure: id of the reported figure.
        reading: of it; a mean over all campaigns but where it is `THERE`, all levels but where it
            names `NEAR`.
        takes_off: share of campaigns that get to level 2.
    """
    first, second = (reported.target(f"t2_l{level}_reach") for level in (1, 2))
    third = float(branching(first, second)[-1])
    if figure == "t2_l3_reach":
        return third if reading == THERE else takes_off * third
    if figure != "t1_moments_conv":
        return float("nan")
    reach = [first, takes_off * second, takes_off * third]
    rates = [reported.target(f"l{level}_conv") for level in (1, 2, 2)]
    levels = 2 if NEAR in reading else 3
    return mixture(reach[:levels], rates[:levels])
