"""Null models of reach and conversion: what comes without behaviour, differences or a network.

Each takes a few totals and returns reach by level, so that it can stand beside the model. A
reported figure that one of these gives as well is implied, not explained.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from weishang.kernels import independent_cascade
from weishang.model.society.society import Society

LEVELS = 3


def branching(first: float, second: float, levels: int = LEVELS) -> NDArray[np.float64]:
    """Mean reach of a branching process whose every generation grows as the second did.

    Nobody is reached twice and all campaigns are alike: reach h = first * (second / first)^(h-1).

    Args:
        first, second: people reached at levels 1 and 2; the first above 0.
        levels: how many to give.

    Source: Watson and Galton (1875).
    """
    return first * (second / first) ** np.arange(levels, dtype=np.float64)


def mean_field_sir(
    first: float, second: float, users: int, levels: int = LEVELS
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
    society: Society, sellers: Sequence[int], p: float, seed: int, levels: int = LEVELS
) -> NDArray[np.float64]:
    """Mean reach by level of the independent cascade: everyone reached passes on at p.

    Args:
        society: the people.
        sellers: one campaign each.
        p: chance that a friend is reached.
        seed: of the luck, the same for every p.
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
    """The p at which the independent cascade reaches so many people at a level; 1 if none does.

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
    people = np.asarray(reach, dtype=np.float64)
    return float(people @ np.asarray(conversions, dtype=np.float64) / people.sum())


def gives_as_well(
    null: float, value: float, interval: tuple[float, float], holds: Callable[[float], bool]
) -> bool:
    """Whether a null model gives a figure as well as the model does.

    It does when its value lies in the model's interval, or both lie inside the reported band.
    """
    return interval[0] <= null <= interval[1] or (holds(null) and holds(value))
