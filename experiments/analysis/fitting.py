"""Fit the five weights that reported figures decide, one at a time, with common random numbers.

Each weight moves its own figure steadily once those before it are fixed, so Brent's method finds
it in a bracket inside its prior range: view -> t2_l1_reach, buy_intercept -> conv_system,
trust -> l1_conv, shareability_sd -> t2_l2_reach, recommender_trust -> l2_conv. What couples them
(shareability moves buying a little, and a person of level 1 may buy at a later friend's post) is
resolved by further rounds, in short brackets, until every figure is met. All values of a weight
meet the same random numbers, so differences between them are the weight's own. Where no value in
the bracket meets the figure, the weight takes the nearer end, and the table says so. The campaigns
are those that are reported on: a fitted figure is met by choice, and only what is not fitted can be
wrong.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from weishang.experiments.analysis.reported import target
from weishang.kernels import Cascades
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.decision import LogisticRule
from weishang.model.core.weights import DecisionWeights
from weishang.model.market.market import Market
from weishang.model.market.spread import spread_among_friends
from weishang.model.mechanisms.feed.recommendation import recommend
from weishang.model.scenario import Scenario
from weishang.model.society.society import Society

TOLERANCE = 0.01
"""Relative miss of a figure, at the end of a round, that calls for another round."""
SEARCH_TOLERANCE = 0.001
"""Relative miss of a figure at which the search of its weight stops."""
MAX_ROUNDS = 4
WEIGHT_TOLERANCE = 1e-6
"""Width of a bracket at which a search ends at a jump of the figure, which counts people."""
FIRST_STEP = 0.02
"""First step of a search away from the present value, as a share of the prior range."""


@dataclass(frozen=True)
class Trial:
    """Campaigns of some replicates, in which weights are tried.

    Attributes:
        society, scenario: the people, and all that is not tried.
        days: replicate and campaigns; what sellers offer does not depend on the weights.
    """

    society: Society
    scenario: Scenario
    days: tuple[tuple[int, Campaigns], ...]

    @classmethod
    def of(
        cls, society: Society, scenario: Scenario, replicates: Sequence[int], sellers: int
    ) -> "Trial":
        """Let this many sellers of each replicate choose their offers."""
        days = []
        for replicate in replicates:
            market = Market(society, scenario.friends_only(), replicate, sellers)
            days.append((replicate, market.choose_campaigns()))
        return cls(society, scenario, tuple(days))

    def among_friends(self, weights: DecisionWeights, hops: int) -> Cascades:
        """Spread the campaigns of all replicates for this many hops."""
        rule = LogisticRule(weights, self.scenario.budgets)
        return _together(
            spread_among_friends(self.society, campaigns, rule, replicate, max_hops=hops)
            for replicate, campaigns in self.days
        )

    def among_strangers(self, weights: DecisionWeights) -> Cascades:
        """Show the campaigns to the platform's audiences."""
        rule = LogisticRule(weights, self.scenario.budgets)
        return _together(
            recommend(self.society, campaigns, rule, self.scenario.feed, replicate)
            for replicate, campaigns in self.days
        )


def _together(results: Iterable[Cascades]) -> Cascades:
    """Results of several replicates, one under the other."""
    counts = [np.stack([x.reach, x.visitors, x.buyers, x.sharers]) for x in results]
    return Cascades.from_counts(np.concatenate(counts, axis=1))


def first_reach(trial: Trial, weights: DecisionWeights) -> float:
    """People reached at level 1, mean over campaigns."""
    return float(trial.among_friends(weights, 1).reach[:, 0].mean())


def first_conversion(trial: Trial, weights: DecisionWeights) -> float:
    """Buyers over reached at level 1, but for the few who buy after the second hop."""
    return _conversion(trial.among_friends(weights, 2), 0)


def system_conversion(trial: Trial, weights: DecisionWeights) -> float:
    """Buyers over those whom the platform shows an offer."""
    return _conversion(trial.among_strangers(weights), 0)


def second_reach(trial: Trial, weights: DecisionWeights) -> float:
    """People reached at level 2, mean over the campaigns that get there; 0 if none does."""
    reach = trial.among_friends(weights, 2).reach[:, 1]
    return float(reach[reach > 0].mean()) if reach.any() else 0.0


def second_conversion(trial: Trial, weights: DecisionWeights) -> float:
    """Buyers over reached at level 2, for as long as campaigns last; 0 if nobody is reached."""
    hops = trial.scenario.sellers.campaign_hops
    return _conversion(trial.among_friends(weights, hops), 1)


def _conversion(result: Cascades, column: int) -> float:
    reach = int(result.reach[:, column].sum())
    return int(result.buyers[:, column].sum()) / reach if reach else 0.0


@dataclass(frozen=True)
class Fit:
    """A weight and the figure that decides it.

    Attributes:
        weight: name of the field.
        figure: id of the reported figure.
        measure: what the model gives for it; rises with the weight.
    """

    weight: str
    figure: str
    measure: Callable[[Trial, DecisionWeights], float]

    @property
    def target(self) -> float:
        """What the weight is fitted to."""
        return target(self.figure)


FITS = (
    Fit("view", "t2_l1_reach", first_reach),
    Fit("buy_intercept", "conv_system", system_conversion),
    Fit("trust", "l1_conv", first_conversion),
    Fit("shareability_sd", "t2_l2_reach", second_reach),
    Fit("recommender_trust", "l2_conv", second_conversion),
)


Measure = Callable[[Fit, DecisionWeights], float]


def measuring(trial: Trial) -> Measure:
    """What a trial gives for a fit at some weights; each is worked out once."""
    return cache(lambda item, weights: item.measure(trial, weights))


def fit(
    trial: Trial, start: DecisionWeights, advance: Callable[[], None] = lambda: None
) -> tuple[DecisionWeights, pd.DataFrame]:
    """Find the weights at which the trial's campaigns meet the reported figures.

    Args:
        trial: the campaigns that are reported on.
        start: the other weights, and where the search begins.
        advance: called after each search of one weight.

    Returns:
        The weights, and `as_table` with rounds, evaluations and found (False: the figure is not
        to be met, and the weight is the nearer end of the bracket).
    """
    measure = measuring(trial)
    weights, rounds = start, 0
    evaluations = dict.fromkeys((item.weight for item in FITS), 0)
    while rounds < MAX_ROUNDS:
        rounds += 1
        found = {}
        for item in FITS:
            value, found[item], tries = _search(measure, weights, item)
            weights = replace(weights, **{item.weight: value})
            evaluations[item.weight] += tries
            advance()
        met = [abs(measure(item, weights) / item.target - 1.0) <= TOLERANCE for item in FITS]
        if all(one or not found[item] for one, item in zip(met, FITS, strict=True)):
            break
    table = as_table(measure, weights)
    table["rounds"] = rounds
    table["evaluations"] = list(evaluations.values())
    table["found"] = met
    return weights, table


def as_table(measure: Measure, weights: DecisionWeights) -> pd.DataFrame:
    """One row per fitted weight: weight, value, low, high, figure, target, reached."""
    return pd.DataFrame(
        [
            {
                "weight": item.weight,
                "value": getattr(weights, item.weight),
                "low": _bracket(item)[0],
                "high": _bracket(item)[1],
                "figure": item.figure,
                "target": item.target,
                "reached": measure(item, weights),
            }
            for item in FITS
        ]
    )


def _search(measure: Measure, weights: DecisionWeights, item: Fit) -> tuple[float, bool, int]:
    """One weight by Brent's method: value, whether the figure is met, evaluations."""
    tried: dict[float, float] = {}

    def excess(value: float) -> float:
        if value not in tried:
            measured = measure(item, replace(weights, **{item.weight: value}))
            miss = measured / item.target - 1.0
            tried[value] = 0.0 if abs(miss) < SEARCH_TOLERANCE else miss
        return tried[value]

    # Far values cost most, as whole societies are reached: the bracket grows from the present one.
    ends = _bracket(item)
    here = min(max(float(getattr(weights, item.weight)), ends[0]), ends[1])
    end = ends[0] if excess(here) > 0.0 else ends[1]
    step, near, far = FIRST_STEP * (ends[1] - ends[0]), here, here
    while excess(here) * excess(far) > 0.0 and far != end:
        near, far = far, max(end, far - step) if end < here else min(end, far + step)
        step *= 2.0
    if excess(near) * excess(far) > 0.0:
        return far, False, len(tried)
    value = float(brentq(excess, near, far, xtol=WEIGHT_TOLERANCE)) if near != far else here
    return value, True, len(tried)


def _bracket(item: Fit) -> tuple[float, float]:
    metadata = next(x.metadata for x in fields(DecisionWeights) if x.name == item.weight)
    return metadata["low"], metadata["high"]
