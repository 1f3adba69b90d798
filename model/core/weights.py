"""Weights of the decision rule, and what people can spend."""

from dataclasses import dataclass

from weishang.model.core.parameters import parameter


@dataclass(frozen=True)
class DecisionWeights:
    """Weights of the decision rule; five are fitted to reported figures, the others are set.

    A weight adds log odds. `view` and `takeoff_probability` are probabilities.
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
    shareability_sd: float = parameter(
        5.081,
        unit="log odds",
        source="fitted to t2_l2_reach over campaigns that get there",
        role="fitted",
        low=0.5,
        high=8.0,
    )
    takeoff_probability: float = parameter(
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
        "of `takeoff_probability` rests on it",
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
    shareability_on_buying: float = parameter(
        0.1,
        unit="log odds per standard deviation of shareability",
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
