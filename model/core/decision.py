"""The rule of decision: how likely a person is to see, visit, buy and pass on.

One logistic rule, written once. The kernels look its probabilities up in tables; agents do so
through the same tables, so both decide alike. Log odds add up trust in whoever shows the post,
match of interest, price against budget, content, social proof and the campaign's appeal.

Sources: McFadden (1974) for the logistic choice; Kempe, Kleinberg and Tardos (2003) for its
spread; the weights' own sources stand beside them.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from weishang.kernels import CascadeRule
from weishang.model.core.campaigns import Campaigns
from weishang.model.core.parameters import parameter

DOSES = 2
"""First exposure, and second or later: a further one adds nothing (Huang and Lin 2025; Bao et
al. 2013 find the peak of forwarding at the second)."""

SELLER_TRUST = 1.0
"""Trust in a friend who sells: the unit of trust."""
STRANGER_TRUST = 0.0

APPEAL_CELLS = 2001
"""Cells of equal probability over which appeal is averaged."""


@dataclass(frozen=True)
class DecisionWeights:
    """Weights of the decision rule; five are fitted to reported figures, the others are set.

    A weight adds log odds. `view` and `passed_on` are probabilities.
    """

    view: float = parameter(
        0.3222,
        unit="probability",
        source="fitted to t2_l1_reach; Bernstein et al. (CHI 2013) measure .35 on Facebook; 72% of "
        "daily users open Moments (Zhang Xiaolong, WeChat open class, 2021)",
        role="fitted",
        low=0.25,
        high=0.72,
    )
    buy_intercept: float = parameter(
        -4.453,
        unit="log odds",
        source="fitted to conv_system",
        role="fitted",
        low=-8.0,
        high=2.0,
    )
    trust: float = parameter(
        1.375,
        unit="log odds per unit of trust",
        source="fitted to l1_conv; Xu et al. (CSCW 2019) find purchases 3 to 10 times as likely in "
        "social as in ordinary commerce on one platform",
        role="fitted",
        low=0.0,
        high=2.0,
    )
    recommender_trust: float = parameter(
        0.0544,
        unit="trust in the seller = 1",
        source="fitted to l2_conv; Goeree et al. (AEJ Micro 2010): giving falls as 1 / distance; "
        "below 0 is distrust of what is passed on to persuade (Friestad and Wright 1994)",
        role="fitted",
        low=-0.5,
        high=1.0,
    )
    appeal_sd: float = parameter(
        5.081,
        unit="log odds",
        source="fitted to t2_l2_reach over campaigns that get there",
        role="fitted",
        low=0.5,
        high=8.0,
    )
    passed_on: float = parameter(
        0.12,
        unit="probability",
        source="Goel, Watts and Goldstein (EC 2012): 70 to 95% of cascades have nobody after the "
        "seed; geometric middle of 5 to 30%",
        role="set",
        low=0.05,
        high=0.30,
    )
    first_visitors: float = parameter(
        75.0,
        unit="people",
        source="assumption, varied: half of some 150 friends (Dunbar 2016) visit; only the meaning "
        "of `passed_on` rests on it",
        role="set",
        low=40.0,
        high=120.0,
    )
    visit_intercept: float = parameter(
        -1.1,
        unit="log odds",
        source="assumption (a quarter of strangers open an unmatched plain link), varied: no study "
        "gives the opening rate of a friend's link",
        role="set",
        low=-3.0,
        high=1.4,
    )
    match: float = parameter(
        1.0,
        unit="log odds",
        source="assumption, varied; De Bruyn and Lilien (IJRM 2008): affinity raises interest",
        role="set",
        low=0.5,
        high=1.5,
    )
    price: float = parameter(
        2.62,
        unit="log odds per log unit of price over budget",
        source="Bijmolt, van Heerde and Pieters (JMR 2005): mean price elasticity -2.62, which at "
        "small probabilities is the weight",
        role="set",
        low=1.7,
        high=3.5,
    )
    content: float = parameter(
        0.6,
        unit="log odds of rich over plain content",
        source="assumption, varied",
        role="set",
        low=0.0,
        high=1.2,
    )
    proof: float = parameter(
        0.26,
        unit="log odds of a second exposure",
        source="Huang and Lin (J. Marketing 2025): one point more clicks at a first friend's like, "
        "on about 3.5% (WeChat account ads, 2014)",
        role="set",
        low=0.0,
        high=0.5,
    )
    appeal_on_buying: float = parameter(
        0.1,
        unit="log odds per standard deviation of appeal",
        source="assumption, varied: what is worth passing on is slightly better liked",
        role="set",
        low=0.0,
        high=0.3,
    )
    buyers_share: float = parameter(
        1.0,
        unit="log odds of buyers over visitors",
        source="assumption, varied",
        role="set",
        low=0.0,
        high=3.0,
    )


@dataclass(frozen=True)
class Budgets:
    """What people can spend, by class, relative to the mean.

    Attributes:
        relative: a budget a class, in units of the mean budget.
    """

    relative: tuple[float, ...] = parameter(
        (0.233, 0.523, 0.830, 1.285, 2.443),
        unit="mean budget = 1",
        source="disposable income by quintile over the mean, National Bureau of Statistics of "
        "China, 2022: 8,601, 19,303, 30,598, 47,397 and 90,116 over 36,883 CNY a year",
        role="set",
        low=None,
        high=None,
    )


@dataclass(frozen=True, eq=False)
class Leanings:
    """What channels and tools add to the rule, by campaign and level; float64 [C, R].

    Attributes:
        visit: log odds of visiting.
        visit_match: further log odds of visiting of those whose interest matches.
        buy: log odds of buying.
        share: log odds of passing on, of those who visited.
        share_of_buyers: further log odds of those who bought.
        price: factor on the price.
    """

    visit: NDArray[np.float64]
    visit_match: NDArray[np.float64]
    buy: NDArray[np.float64]
    share: NDArray[np.float64]
    share_of_buyers: NDArray[np.float64]
    price: NDArray[np.float64]

    @classmethod
    def none(cls, num_campaigns: int, num_levels: int) -> "Leanings":
        """Leanings that change nothing; the arrays may be written to."""
        shape = (num_campaigns, num_levels)
        zeros = {item.name: np.zeros(shape) for item in fields(cls) if item.name != "price"}
        return cls(**zeros, price=np.ones(shape))

    def __add__(self, other: "Leanings") -> "Leanings":
        """Both: log odds add up, factors on the price multiply."""
        sums = {
            item.name: getattr(self, item.name) + getattr(other, item.name)
            for item in fields(self)
            if item.name != "price"
        }
        return Leanings(**sums, price=self.price * other.price)


def rule(
    campaigns: Campaigns,
    weights: DecisionWeights,
    num_interests: int,
    budgets: Budgets,
    trust_by_level: tuple[float, ...] | None = None,
    *,
    leanings: Leanings | None = None,
    tired: tuple[float, ...] = (0.0,),
    view: NDArray[np.float64] | None = None,
    paths: NDArray[np.int8] | None = None,
) -> CascadeRule:
    """Tables of the rule for every campaign, segment, outcome and dose.

    Args:
        campaigns: C offers.
        weights: of the rule.
        num_interests: I; segment = (interest * number of budget classes + budget class) * F +
            class of fatigue.
        budgets: what the classes can spend.
        trust_by_level: trust at level 1, 2, ...; None means a friend's, then a recommender's.
        leanings: what channels and tools add, by level.
        tired: log odds of visiting that each of F classes of fatigue takes away.
        view: chance of seeing by campaign, layer and hop, float64 [C, L, H]; None is `weights.view`
            for a single graph.
        paths: see CascadeRule.

    Returns:
        CascadeRule with per_cascade tables: visit and buy [C, R, S, 2], share [C, R, 3, S, 2].
    """
    trust = np.array(
        (SELLER_TRUST, weights.recommender_trust) if trust_by_level is None else trust_by_level
    )
    extra = leanings or Leanings.none(len(campaigns), trust.size)
    match, price = _by_segment(campaigns, num_interests, budgets, len(tired))
    tiredness = np.tile(np.array(tired), match.shape[1] // len(tired))
    appeal = campaigns.appeal[:, np.newaxis, np.newaxis, np.newaxis]
    leaning = (
        weights.trust * trust[np.newaxis, :, np.newaxis, np.newaxis]
        + weights.proof * np.arange(DOSES)
        + weights.content * campaigns.rich[:, np.newaxis, np.newaxis, np.newaxis]
    )
    liking = (
        leaning
        + weights.match * match[:, np.newaxis, :, np.newaxis]
        + weights.appeal_on_buying * appeal
    )
    visit = expit(
        weights.visit_intercept
        + liking
        + (
            extra.visit[..., np.newaxis] + extra.visit_match[..., np.newaxis] * match[:, np.newaxis]
        )[..., np.newaxis]
        - tiredness[:, np.newaxis]
    )
    buy = expit(
        weights.buy_intercept
        + liking
        - weights.price
        * (price[:, np.newaxis] + np.log(extra.price)[..., np.newaxis])[..., np.newaxis]
        + extra.buy[..., np.newaxis, np.newaxis]
    )
    passing = (
        share_intercept(weights)
        + weights.appeal_sd * appeal
        + leaning
        + extra.share[..., np.newaxis, np.newaxis]
    )
    share = np.zeros((len(campaigns), trust.size, 3, match.shape[1], DOSES))
    share[:, :, 1] = expit(passing)
    share[:, :, 2] = expit(
        passing + weights.buyers_share + extra.share_of_buyers[..., np.newaxis, np.newaxis]
    )
    if view is None:
        view = np.full((len(campaigns), 1), weights.view)
    return CascadeRule(view, visit, buy, share, doses=DOSES, per_cascade=True, paths=paths)


def chance_of_buying(
    campaigns: Campaigns,
    weights: DecisionWeights,
    budgets: Budgets,
    trust_by_level: tuple[float, ...],
    *,
    row: NDArray[np.integer],
    level: NDArray[np.integer],
    interest: NDArray[np.integer],
    budget_class: NDArray[np.integer],
    dose: NDArray[np.integer] | int,
    leanings: Leanings | None = None,
    price: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The chance that single visitors buy: the same rule, one number an event.

    Args:
        campaigns, weights, budgets, trust_by_level, leanings: as in `rule`.
        row: place of each event's campaign, [E].
        level: of the person, from 1, [E].
        interest, budget_class: of the person, [E].
        dose: exposures so far, [E] or one for all.
        price: factor on the price, [E]; None takes that of the leanings.

    Returns:
        float64 [E].
    """
    extra = leanings or Leanings.none(len(campaigns), len(trust_by_level))
    factor = extra.price[row, level - 1] if price is None else price
    relative = np.log(campaigns.price)[row] - np.log(np.array(budgets.relative))[budget_class]
    liking = (
        weights.trust * np.array(trust_by_level)[level - 1]
        + weights.proof * (np.minimum(dose, DOSES) - 1)
        + weights.content * campaigns.rich[row]
        + weights.match * (interest == campaigns.category[row])
        + weights.appeal_on_buying * campaigns.appeal[row]
    )
    return expit(
        weights.buy_intercept
        + liking
        - weights.price * (relative + np.log(factor))
        + extra.buy[row, level - 1]
    )


@lru_cache(maxsize=256)
def share_intercept(weights: DecisionWeights) -> float:
    """Log odds at which a typical campaign is passed on at all with probability `passed_on`.

    A plain offer of `first_visitors` visiting friends is passed on when any of them shares. Over
    normally distributed appeal that has probability E[1 - (1 - s(appeal))^n], which the intercept
    is solved for.

    Raises:
        ValueError: passed_on is not strictly between 0 and 1.
    """
    if not 0.0 < weights.passed_on < 1.0:
        raise ValueError(f"passed_on is {weights.passed_on}; give a probability inside (0, 1)")
    # Who only reads a scenario would wait for what it brings along.
    from scipy.optimize import brentq

    appeal = weights.appeal_sd * ndtri((np.arange(APPEAL_CELLS) + 0.5) / APPEAL_CELLS)

    def excess(intercept: float) -> float:
        nobody = expit(-(intercept + weights.trust + appeal)) ** weights.first_visitors
        return float(np.mean(1.0 - nobody)) - weights.passed_on

    span = 40.0 + abs(weights.trust) + 10.0 * weights.appeal_sd
    return float(brentq(excess, -span, span, xtol=1e-10))


def _by_segment(
    campaigns: Campaigns, num_interests: int, budgets: Budgets, num_fatigues: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match of interest and log price over budget, each float64 [C, S]."""
    relative = np.repeat(np.array(budgets.relative), num_fatigues)
    interest = np.repeat(np.arange(num_interests), relative.size)
    match = (campaigns.category[:, np.newaxis] == interest).astype(np.float64)
    price = np.log(campaigns.price)[:, np.newaxis] - np.tile(np.log(relative), num_interests)
    return match, price
