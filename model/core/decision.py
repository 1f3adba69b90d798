"""The decision rule: how likely a person is to see, visit, buy and pass on.

Written once. The kernels look its probabilities up in tables; agents do so through the same tables,
so both engines decide alike. Utilities, in log odds, add up trust in whoever shows the post, match
of interest, price against budget, content, social proof and the campaign's shareability; a rule
turns utilities into probabilities. Two rules ship: a logistic one, and a threshold rule beside it.

Sources: McFadden (1974) for the logistic choice; Granovetter (1978), "Threshold models of
collective behavior", AJS 83, for thresholds that differ among people; Kempe, Kleinberg and Tardos
(2003) for how either spreads; the weights' own sources stand beside them.
"""

import math
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from weishang.kernels import CascadeRule
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.weights import Budgets, DecisionWeights

SELLER_TRUST = 1.0
"""Trust in a friend who sells: the unit of trust."""
STRANGER_TRUST = 0.0

SHAREABILITY_CELLS = 2001
"""Cells of equal probability over which shareability is averaged."""


class DecisionRule(ABC):
    """How utilities become probabilities: a rule of your own is a subclass with one method.

    Attributes:
        weights, budgets: what utilities are made of.
        exposures: how many exposure counts are told apart; a further exposure adds nothing.

    Example:
        >>> import numpy as np
        >>> from weishang.model.core.decision import DecisionRule
        >>> class Cautious(DecisionRule):
        ...     def probability(self, utility):
        ...         return 0.5 * (1.0 + np.tanh(utility - 1.0))
    """

    exposures: ClassVar[int] = 2

    def __init__(self, weights: DecisionWeights, budgets: Budgets) -> None:
        """Take what utilities are made of."""
        self.weights, self.budgets = weights, budgets

    @abstractmethod
    def probability(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability, in [0, 1], of doing what has this utility; it never falls with it."""

    def refusal(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability of not doing it."""
        return 1.0 - self.probability(utility)

    def tables(
        self,
        campaigns: Campaigns,
        num_interests: int,
        trust: tuple[float, ...] | None = None,
        *,
        adjustments: Adjustments | None = None,
        num_classes: int = 1,
        view: NDArray[np.float64] | None = None,
        paths: NDArray[np.int8] | None = None,
    ) -> CascadeRule:
        """Probabilities for every campaign, social distance, segment, outcome and exposure count.

        Args:
            campaigns: C offers.
            num_interests: I; segment = (interest * number of budget classes + budget class) * F +
                class of the mechanisms.
            trust: at distance 1, 2, ..., R of them; None means a friend's, then a recommender's.
            adjustments: what mechanisms add, by distance and class.
            num_classes: F.
            view: chance of seeing by campaign, layer and hop, float64 [C, L, H]; None is
                `weights.view` for a single graph.
            paths: see CascadeRule.

        Returns:
            CascadeRule with per_cascade tables: visit and buy [C, R, S, D], share [C, R, 3, S, D].
        """
        weights = self.weights
        by_distance = np.array(
            (SELLER_TRUST, weights.recommender_trust) if trust is None else trust
        )
        extra = adjustments or Adjustments.none()
        match, price = self._by_segment(campaigns, num_interests, num_classes)
        segments = match.shape[1]

        def by_segment(array: NDArray[np.float64]) -> NDArray[np.float64]:
            """[C, R, F] as [C, R, S, 1]; the class is the segment's last digit."""
            if array.shape[-1] > 1:
                array = np.tile(array, segments // array.shape[-1])
            return array[..., np.newaxis]

        shareability = campaigns.shareability[:, np.newaxis, np.newaxis, np.newaxis]
        attitude = (
            weights.trust * by_distance[np.newaxis, :, np.newaxis, np.newaxis]
            + weights.proof * np.arange(self.exposures)
            + weights.content * campaigns.rich[:, np.newaxis, np.newaxis, np.newaxis]
        )
        liking = (
            attitude
            + weights.match * match[:, np.newaxis, :, np.newaxis]
            + weights.shareability_on_buying * shareability
        )
        visit = self.probability(
            weights.visit_intercept
            + liking
            + (
                by_segment(extra.visit)
                + by_segment(extra.visit_match) * match[:, np.newaxis, :, np.newaxis]
            )
        )
        buy = self.probability(
            weights.buy_intercept
            + liking
            - weights.price
            * (price[:, np.newaxis, :, np.newaxis] + np.log(by_segment(extra.price)))
            + by_segment(extra.buy)
        )
        passing = (
            share_intercept(type(self), weights)
            + weights.shareability_sd * shareability
            + attitude
            + by_segment(extra.share)
        )
        share = np.zeros((len(campaigns), by_distance.size, 3, segments, self.exposures))
        share[:, :, 1] = self.probability(passing)
        share[:, :, 2] = self.probability(
            passing + weights.buyers_share + by_segment(extra.share_of_buyers)
        )
        if view is None:
            view = np.full((len(campaigns), 1), weights.view)
        return CascadeRule(
            view, visit, buy, share, doses=self.exposures, per_cascade=True, paths=paths
        )

    def chance_of_buying(
        self,
        campaigns: Campaigns,
        trust: tuple[float, ...],
        *,
        row: NDArray[np.integer],
        distance: NDArray[np.integer],
        interest: NDArray[np.integer],
        budget_class: NDArray[np.integer],
        exposures: NDArray[np.integer] | int = 1,
        person_class: NDArray[np.integer] | int = 0,
        adjustments: Adjustments | None = None,
        price: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """The chance that single visitors buy: the same rule, one number per event.

        Args:
            campaigns, trust, adjustments: as in `tables`.
            row: place of each event's campaign, [E].
            distance: of the person, from 1, [E].
            interest, budget_class: of the person, [E].
            exposures: so far, [E] or one for all.
            person_class: of the mechanisms, [E] or one for all.
            price: factor on the price, [E]; None takes that of the adjustments.

        Returns:
            float64 [E].
        """
        weights = self.weights
        shape = (len(campaigns), len(trust), -1)
        extra = adjustments or Adjustments.none()
        at = row, distance - 1, person_class
        factor = looked_up(extra.price, shape, *at) if price is None else price
        relative = np.log(campaigns.price)[row]
        relative = relative - np.log(np.array(self.budgets.relative))[budget_class]
        liking = (
            weights.trust * np.array(trust)[distance - 1]
            + weights.proof * (np.minimum(exposures, self.exposures) - 1)
            + weights.content * campaigns.rich[row]
            + weights.match * (interest == campaigns.category[row])
            + weights.shareability_on_buying * campaigns.shareability[row]
        )
        return self.probability(
            weights.buy_intercept
            + liking
            - weights.price * (relative + np.log(factor))
            + looked_up(extra.buy, shape, *at)
        )

    def _by_segment(
        self, campaigns: Campaigns, num_interests: int, num_classes: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Match of interest and log price over budget, each float64 [C, S]."""
        relative = np.repeat(np.array(self.budgets.relative), num_classes)
        interest = np.repeat(np.arange(num_interests), relative.size)
        match = (campaigns.category[:, np.newaxis] == interest).astype(np.float64)
        price = np.log(campaigns.price)[:, np.newaxis] - np.tile(np.log(relative), num_interests)
        return match, price


class LogisticRule(DecisionRule):
    """The logistic choice (McFadden 1974): utilities are log odds.

    A first exposure is told apart from a second or later one: a further one adds nothing (Huang and
    Lin 2025; Bao et al. 2013 find the peak of forwarding at the second).
    """

    def probability(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        """One over one plus the exponential of minus the utility."""
        return np.asarray(expit(utility))

    def refusal(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of minus the utility, which is exact where the probability is close to 1."""
        return np.asarray(expit(-utility))


class ThresholdRule(DecisionRule):
    """Thresholds (Granovetter 1978): a person acts once utility passes a threshold of their own.

    Thresholds are spread evenly over an interval around 0, with the mean and the standard
    deviation, pi / sqrt(3), of the logistic rule's. Beyond the interval nobody acts, or everybody
    does: there are no rare impulses. Each exposure up to the fifth adds to social proof, as
    neighbours do in Granovetter's model; the logistic rule stops at the second. There is no further
    parameter.
    """

    exposures = 5
    REACH: ClassVar[float] = math.pi
    """Half the interval's length: sqrt(3) standard deviations."""

    def probability(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        """The fraction of people whose threshold lies below the utility."""
        return np.clip(0.5 + utility / (2.0 * self.REACH), 0.0, 1.0)


def looked_up(
    array: NDArray[np.float64],
    shape: tuple[int, ...],
    row: NDArray[np.integer],
    distance_index: NDArray[np.integer],
    person_class: NDArray[np.integer] | int,
) -> NDArray[np.float64]:
    """Entries [E] of an array [C, R, F] whose axes of length 1 stand for all."""
    campaigns, distances = shape[:2]
    wide = np.broadcast_to(array, (campaigns, distances, array.shape[-1]))
    return wide[row, distance_index, 0 if array.shape[-1] == 1 else person_class]


@lru_cache(maxsize=256)
def share_intercept(rule: type[DecisionRule], weights: DecisionWeights) -> float:
    """Utility of passing on at which a typical campaign takes off with `takeoff_probability`.

    A plain offer of `first_visitors` visiting friends takes off when any of them passes it on. Over
    normally distributed shareability that has probability E[1 - (1 - s(shareability))^n], which the
    intercept is solved for.

    Args:
        rule: the class of the rule.
        weights: of the rule.

    Raises:
        ValueError: takeoff_probability is not strictly between 0 and 1.
    """
    if not 0.0 < weights.takeoff_probability < 1.0:
        raise ValueError(
            f"takeoff_probability is {weights.takeoff_probability}; give a number inside (0, 1)"
        )
    # A command that only reads a scenario would wait for what this imports.
    from scipy.optimize import brentq

    shareability = weights.shareability_sd * ndtri(
        (np.arange(SHAREABILITY_CELLS) + 0.5) / SHAREABILITY_CELLS
    )
    refusal = rule(weights, Budgets()).refusal

    def excess(intercept: float) -> float:
        nobody = refusal(intercept + weights.trust + shareability) ** weights.first_visitors
        return float(np.mean(1.0 - nobody)) - weights.takeoff_probability

    span = 40.0 + abs(weights.trust) + 10.0 * weights.shareability_sd
    return float(brentq(excess, -span, span, xtol=1e-10))
