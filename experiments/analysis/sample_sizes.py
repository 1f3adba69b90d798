"""How many replicates a question takes, from how much replicates were seen to differ.

Replicates are independent draws, pairs of replicates too, so the rules for means of independent
values hold. All functions take numbers or arrays of one shape and give an array of that shape.

Sources: Law (2015), "Simulation Modeling and Analysis", chapters 9 and 10, for intervals over
replications and for pairs; Cohen (1988), "Statistical Power Analysis for the Behavioral Sciences",
chapter 2, for the power of t tests; Browne (1995), Statistics in Medicine 14, 1933-1940, and Kieser
and Wassmer (1996), Biometrical Journal 38, 941-949, for the upper limit of a pilot's variance.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEAST = 2
"""Fewer replicates have no interval."""
MOST = 2.0**40
"""Beyond it numbers are reported as infinite."""

Numbers = NDArray[np.float64]
Enough = Callable[[Numbers], NDArray[np.bool_]]
"""Whether this many replicates are enough; once they are, more are too."""


def for_mean(sd: ArrayLike, margin: ArrayLike, confidence: float) -> Numbers:
    """Replicates, so that Student's interval of a mean reaches at most `margin` to either side.

    Args:
        sd: standard deviation between replicates, at least 0.
        margin: above 0, in the unit of sd.
        confidence: of the interval, in (0, 1).

    Returns:
        Whole numbers from LEAST to MOST, or infinite; NaN where sd or margin is not as said.

    Example:
        >>> for_mean([1.0, 0.0], 0.5, 0.95)
        array([18.,  2.])
    """
    spread, allowed = _alike(sd, margin)

    def enough(replicates: Numbers) -> NDArray[np.bool_]:
        return _critical(replicates - 1, confidence) * spread / np.sqrt(replicates) <= allowed

    return _smallest(enough, _usable(spread, allowed))


def for_pairs(sd: ArrayLike, effect: ArrayLike, power: float, confidence: float) -> Numbers:
    """Pairs of replicates, so that a two-sided t test over their differences finds an effect.

    Args:
        sd: standard deviation of the differences, at least 0.
        effect: to be found, above 0, in the unit of sd.
        power: chance that the test finds it, in (0, 1).
        confidence: one minus the chance that the test finds what is not there, in (0, 1).

    Returns:
        As `for_mean`.

    Example:
        >>> for_pairs(1.0, 0.5, power=0.8, confidence=0.95)
        array(34.)
    """
    spread, size = _alike(sd, effect)

    def enough(pairs: Numbers) -> NDArray[np.bool_]:
        shift = np.sqrt(pairs) * _ratio(size, spread)
        return _power(shift, pairs - 1, confidence) >= power

    return _smallest(enough, _usable(spread, size))


def for_independent(sd: ArrayLike, effect: ArrayLike, power: float, confidence: float) -> Numbers:
    """Replicates of two scenarios with seeds of their own, so that a t test finds an effect.

    Args:
        sd: standard deviation between replicates of one scenario; the root of the mean variance
            where
            the two differ.
        effect, power, confidence: as in `for_pairs`.

    Returns:
        As `for_mean`; as many runs as that number of pairs has.

    Example:
        >>> for_independent(1.0, 0.5, power=0.8, confidence=0.95)
        array(64.)
    """
    spread, size = _alike(sd, effect)

    def enough(replicates: Numbers) -> NDArray[np.bool_]:
        shift = np.sqrt(replicates / 2) * _ratio(size, spread)
        return _power(shift, 2 * (replicates - 1), confidence) >= power

    return _smallest(enough, _usable(spread, size))


def upper_sd(sd: ArrayLike, replicates: int, sure: float) -> Numbers:
    """The upper limit of a standard deviation that was measured over a few normal values.

    Args:
        sd: measured.
        replicates: over how many, at least LEAST.
        sure: chance that the limit is above the true one, in (0, 1).

    Example:
        >>> upper_sd(1.0, replicates=10, sure=0.9).round(3)
        np.float64(1.469)
    """
    freedom = replicates - 1
    return np.asarray(sd, dtype=np.float64) * np.sqrt(freedom / stats.chi2.ppf(1 - sure, freedom))


def _alike(*values: ArrayLike) -> tuple[Numbers, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in values)))


def _usable(spread: Numbers, size: Numbers) -> NDArray[np.bool_]:
    return np.isfinite(spread) & (spread >= 0.0) & np.isfinite(size) & (size > 0.0)


def _ratio(size: Numbers, spread: Numbers) -> Numbers:
    """Effects in standard deviations; infinite where nothing varies."""
    none = np.full(size.shape, np.inf)
    return np.divide(size, spread, out=none, where=spread != 0.0)


def _critical(freedom: Numbers, confidence: float) -> Numbers:
    return np.asarray(stats.t.ppf((1.0 + confidence) / 2.0, freedom))


def _power(shift: Numbers, freedom: Numbers, confidence: float) -> Numbers:
    """Chance that |t| is beyond its critical value when its noncentrality is `shift`."""
    critical = _critical(freedom, confidence)
    power = stats.nct.sf(critical, freedom, shift) + stats.nct.cdf(-critical, freedom, shift)
    # SciPy gives up on large noncentralities. Beside one, the normal part of t is a constant, and
    # what is left is the chi-square part.
    without = stats.chi2.cdf(freedom * (shift / critical) ** 2, freedom)
    return np.where(np.isfinite(power), power, without)


def _smallest(enough: Enough, usable: NDArray[np.bool_]) -> Numbers:
    """The least number that is enough, by doubling and halving; NaN where not usable."""
    high = np.full(usable.shape, float(LEAST))
    while not (done := enough(high) | ~usable | (high >= MOST)).all():
        high = np.where(done, high, 2.0 * high)
    beyond = usable & ~enough(high)
    low = np.floor(high / 2.0)
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        done = enough(middle)
        high, low = np.where(done, middle, high), np.where(done, low, middle)
    return np.where(beyond, np.inf, np.where(usable, high, np.nan))
