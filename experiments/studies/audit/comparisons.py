"""What follows from reported figures, against what stands beside it: every pair of claims."""

from collections.abc import Callable, Iterator, Sequence
from math import inf

import numpy as np

from weishang.experiments.analysis import reported
from weishang.experiments.console.format import cell
from weishang.experiments.studies.audit.comparison import Comparison, Span

DAYS_A_YEAR = 365
SECONDS_A_DAY = 86_400
PERIODS_A_YEAR = {"year": 1, "quarter": 4, "month": 12}
HEADER_UNIT = 10_000
"""Table 3's header counts in ten thousands, while its cells name units of their own."""
LARGEST_GROUP = 500
"""Members that an ordinary WeChat group can hold, whatever the article's rule cuts off."""
POSTS_A_DAY = 1
"""A low guess of what someone who sells for a living posts."""
CAMPAIGNS_A_YEAR = 1
"""The least that makes someone part of the trade."""

CHANNELS = ("moments", "oa", "search")
WAYS_TO_PAY = {"qr": "QR code", "mini": "mini-programs", "cross": "across borders"}


def point(name: str) -> float:
    """A reported point."""
    return reported.figure(name).point()


def orders_a_day(channel: str) -> float:
    """Orders of a channel of table 1: visits times conversion."""
    return point(f"t1_{channel}_visits") * point(f"t1_{channel}_conv")


def trade_a_day() -> float:
    """CNY of table 1: orders times their value, over its channels."""
    return sum(orders_a_day(channel) * point(f"t1_{channel}_aov") for channel in CHANNELS)


def payments_a_day() -> float:
    """Payments of table 3 over its ways to pay, each cell in its own unit."""
    return sum(point(f"t3_{way}_volume") for way in WAYS_TO_PAY)


def take_off_share() -> float:
    """Share of campaigns that reach level 2 as table 2 has it, if the mix is to give Moments'.

    Solves (r1 c1 + q r2 c2) / (r1 + q r2) = c for q, with the middles of the reported reach.
    """
    r1, r2 = (Span.reported(name).middle for name in ("t2_l1_reach", "t2_l2_reach"))
    c1, c2, c = point("l1_conv"), point("l2_conv"), point("t1_moments_conv")
    return r1 * (c1 - c) / (r2 * (c - c2))


def compare_users() -> Iterator[Comparison]:
    """The two user counts."""
    users = point("mau_2022q4")
    yield Comparison(
        id="users",
        claim_a="users of the platform in the first section",
        claim_b="users in the introduction",
        arithmetic=cell(users),
        a=Span.at(users),
        b="user_pool",
    )


def compare_trade() -> Iterator[Comparison]:
    """Table 1 summed up against the trade reported in the introduction."""
    terms = [[point(f"t1_{c}_{part}") for part in ("visits", "conv", "aov")] for c in CHANNELS]
    shown = " + ".join(" x ".join(map(cell, term)) for term in terms)
    yield Comparison(
        id="trade",
        claim_a="value of table 1's orders, CNY a day",
        claim_b="several billions of CNY a day",
        arithmetic=f"{shown} = {cell(trade_a_day())}",
        a=Span.at(trade_a_day()),
        b="daily_gmv_order",
    )


def compare_payments() -> Iterator[Comparison]:
    """Table 3's payments against table 1's orders, by number and by value."""
    orders = sum(map(orders_a_day, CHANNELS))
    volumes = {"all ways to pay": payments_a_day(), "mini-programs only": point("t3_mini_volume")}
    for reading, payments in volumes.items():
        yield Comparison(
            id="payments",
            reading=reading,
            claim_a="payments of table 3 a day",
            claim_b="orders of table 1 a day",
            arithmetic=f"{cell(payments)} payments",
            a=Span.at(payments),
            b=Span.at(orders),
        )
    trade, share, payments = trade_a_day(), point("pay_official_share"), payments_a_day()
    values = [point(f"t1_{channel}_aov") for channel in CHANNELS]
    value = trade * share / payments
    yield Comparison(
        id="payment_value",
        claim_a="CNY a payment: table 1's trade over table 3's payments",
        claim_b="CNY an order in table 1",
        arithmetic=f"{cell(trade)} x {cell(share)} / {cell(payments)} = {cell(value)}",
        a=Span.at(value),
        b=Span(min(values), max(values)),
    )


def compare_units() -> Iterator[Comparison]:
    """Table 3's units against what risk control can screen."""
    payments, screened = payments_a_day(), point("risk_tps")
    capacity = screened * SECONDS_A_DAY
    for reading, unit in (
        ("cells carry their own unit", 1),
        ("header's ten thousands apply too", HEADER_UNIT),
    ):
        yield Comparison(
            id="table3_units",
            reading=reading,
            claim_a="payments of table 3 a day",
            claim_b=f"payments that can be screened a day, at {cell(screened)} a second",
            arithmetic=f"{cell(payments)} x {cell(unit)} = {cell(payments * unit)}",
            a=Span.at(payments * unit),
            b=Span(0, capacity),
            ratio=payments * unit / capacity,
        )


def compare_conversions() -> Iterator[Comparison]:
    """Conversions that trust and distance would order: what each reading says of a pair."""
    for name, reading, figure, other in (
        ("equal_conversions", "level 1 is a friend's recommendation", "l1_conv", "conv_friend"),
        (
            "equal_conversions",
            "livestream viewers are strangers",
            "live_conv_traditional",
            "conv_system",
        ),
        ("level2_conversion", "it comes from a friend", "l2_conv", "conv_friend"),
        ("level2_conversion", "it is like the system's", "l2_conv", "conv_system"),
        ("search_and_system", "", "t1_search_conv", "conv_system"),
        ("moments_and_friends", "", "t1_moments_conv", "conv_friend"),
    ):
        value, base = point(figure), point(other)
        yield Comparison(
            id=name,
            reading=reading,
            claim_a=reported.figure(figure).quantity,
            claim_b=reported.figure(other).quantity,
            arithmetic=f"{cell(value)} = {cell(value / base)} x {cell(base)}",
            a=Span.at(value),
            b=other,
        )


def compare_livestreams() -> Iterator[Comparison]:
    """Livestream viewers against friends, whom they should not beat if trust decided alone."""
    live, friend = point("live_conv"), point("conv_friend")
    yield Comparison(
        id="live_strangers",
        claim_a=reported.figure("live_conv").quantity,
        claim_b="at most as many as a friend persuades, if trust falls with distance",
        arithmetic=f"{cell(live)} = {cell(live / friend)} x {cell(friend)}",
        a=Span.at(live),
        b=Span(0, Span.band("conv_friend").high),
        ratio=live / friend,
    )


def compare_moments_mix() -> Iterator[Comparison]:
    """Table 2's levels mixed by reach against the conversion of Moments links."""
    c1, c2, c = point("l1_conv"), point("l2_conv"), point("t1_moments_conv")
    r1, r2 = Span.reported("t2_l1_reach"), Span.reported("t2_l2_reach")
    every = Span(_mix(r1.low, c1, r2.high, c2), _mix(r1.high, c1, r2.low, c2))
    level1, share = (c - c2) / (c1 - c2), take_off_share()
    some = Span.at(_mix(r1.middle, c1, share * r2.middle, c2))
    for reading, mixed, shown in (
        (
            "every campaign as in table 2",
            every,
            f"({r1} x {cell(c1)} + {r2} x {cell(c2)}) / people reached = {every}; {cell(c)} asks "
            f"for {cell(level1)} of the visits from level 1",
        ),
        (
            "few campaigns reach level 2",
            some,
            f"solved for the share that takes off: {cell(r1.middle)} x ({cell(c1)} - {cell(c)}) / "
            f"({cell(r2.middle)} x ({cell(c)} - {cell(c2)})) = {cell(share)}, which gives {some}",
        ),
    ):
        yield Comparison(
            id="moments_mix",
            reading=reading,
            claim_a="conversion of levels 1 and 2 together",
            claim_b="conversion of Moments links",
            arithmetic=shown,
            a=mixed,
            b="t1_moments_conv",
        )


def compare_chain() -> Iterator[Comparison]:
    """Buyers share once with all k friends and nobody overlaps: c1 k^2 and c1 c2 k^3."""
    k = Span.reported("t2_l1_reach")
    c1, c2, kept = point("l1_conv"), point("l2_conv"), point("retention_rich")
    for level, conversions in ((2, [c1]), (3, [c1, c2])):
        for reading, shares in (
            ("every buyer shares", []),
            ("buyers share as good content is shared", [kept] * len(conversions)),
        ):
            factors = [*conversions, *shares]
            rate = float(np.prod(factors))
            reach = Span(rate * k.low**level, rate * k.high**level)
            yield Comparison(
                id=f"chain_level{level}",
                reading=reading,
                claim_a=f"people at level {level} if k = {k} friends each see a share",
                claim_b=f"people reached at level {level} in table 2",
                arithmetic=f"{' x '.join(map(cell, factors))} x k^{level} = {reach}",
                a=reach,
                b=f"t2_l{level}_reach",
            )


def compare_campaigns() -> Iterator[Comparison]:
    """Campaigns that Moments visits leave room for, against the people who work in the trade."""
    visits, people = point("t1_moments_visits"), point("practitioners")
    for reading, (reached, shown) in _reach_of_campaigns().items():
        campaigns = visits / reached
        rate = campaigns * DAYS_A_YEAR / people
        yield Comparison(
            id="campaigns",
            reading=reading,
            claim_a="campaigns a person and year, if all who are reached visit",
            claim_b="people in the trade run at least one campaign a year",
            arithmetic=f"{cell(visits)} visits a day / ({shown}) = {cell(campaigns)} campaigns a "
            f"day; x {DAYS_A_YEAR} / {cell(people)} people = {cell(rate)}",
            a=Span.at(rate),
            b=Span(CAMPAIGNS_A_YEAR, inf),
            ratio=rate / CAMPAIGNS_A_YEAR,
        )


def compare_screening() -> Iterator[Comparison]:
    """What machines leave over against what people review."""
    left, people = 1 - point("review_machine"), point("practitioners")
    reached, _ = _reach_of_campaigns()["few campaigns reach level 2"]
    for reading, posts in (
        ("everyone in the trade posts once a day", people * POSTS_A_DAY),
        ("only the campaigns that visits leave room for", point("t1_moments_visits") / reached),
    ):
        yield Comparison(
            id="screening",
            reading=reading,
            claim_a="posts a day that machines do not screen",
            claim_b="cases a day that people can review",
            arithmetic=f"{cell(posts)} posts x {cell(left)} = {cell(posts * left)}",
            a=Span.at(posts * left),
            b=Span(0, Span.band("review_human").high),
            ratio=posts * left / point("review_human"),
        )


def compare_settlement() -> Iterator[Comparison]:
    """Cross-border settlement, reported twice."""
    days = point("t3_cross_settle")
    yield Comparison(
        id="settlement",
        claim_a=reported.figure("t3_cross_settle").quantity,
        claim_b=f"none: {cell(point('fx_currencies'))} currencies settle at once",
        arithmetic=f"{cell(days)} days",
        a=Span.at(days),
        b=Span.at(0),
    )


def compare_blocks() -> Iterator[Comparison]:
    """Blocked payments against the bound on mistakes: what share of blocks must be right."""
    bound = Span.reported("risk_false_positive").high
    for way, name in WAYS_TO_PAY.items():
        blocked = point(f"t3_{way}_block")
        right = max(0.0, 1 - bound / blocked)
        yield Comparison(
            id="false_positives",
            reading=name,
            claim_a="share of blocked payments that must be rightly blocked",
            claim_b="any share; where it is 0 the bound on mistakes says nothing",
            arithmetic=f"1 - {cell(bound)} / {cell(blocked)}, at least 0 = {cell(right)}",
            a=Span.at(right),
            b=Span(0, 1),
            ratio=bound / blocked,
        )


def compare_groups() -> Iterator[Comparison]:
    """The group cap against what a group can hold, and the two readings of the repurchase ratio."""
    cap, higher = point("group_cap"), point("group_repurchase")
    yield Comparison(
        id="group_cap",
        claim_a="members of the groups that lose traffic",
        claim_b="members that an ordinary group can have",
        arithmetic=f"{cell(cap)} + 1 or more",
        a=Span(cap + 1, inf),
        b=Span(0, LARGEST_GROUP),
    )
    for reading, base in (("so many times as much", 0), ("so many times more", 1)):
        yield Comparison(
            id="group_repurchase",
            reading=reading,
            claim_a="repeat purchase of members over that of others",
            claim_b="so many times higher",
            arithmetic=f"{base} + {cell(higher)} = {cell(base + higher)}",
            a=Span.at(base + higher),
            b="group_repurchase",
        )


def compare_tools() -> Iterator[Comparison]:
    """Sales of merchants with tools over those without."""
    sales, used = point("third_party_gmv"), point("marketing_tool_use")
    each = (sales / used) / ((1 - sales) / (1 - used))
    shown = f"({cell(sales)} / {cell(used)}) / ({cell(1 - sales)} / {cell(1 - used)})"
    for reading, ratio, arithmetic in (
        ("users among all merchants", Span.at(each), f"{shown} = {cell(each)}"),
        (
            "users among merchants with a provider",
            Span(0, inf),
            "the share of merchants with a provider is not told: any value",
        ),
    ):
        yield Comparison(
            id="tool_users",
            reading=reading,
            claim_a="sales of a tool user over those of another merchant",
            claim_b="at least as much, if tools help",
            arithmetic=arithmetic,
            a=ratio,
            b=Span(1, inf),
        )


def compare_sales_rise() -> Iterator[Comparison]:
    """A rise by or to a percentage, and what it makes of a year."""
    rise = point("gmv_lift_tools")
    quarters = PERIODS_A_YEAR["quarter"]
    for reading, base in (("a rise by so much", 0), ("a rise to so much", 1)):
        growth = rise - base
        yearly = (1 + growth) ** quarters
        yield Comparison(
            id="sales_rise",
            reading=reading,
            claim_a="rise of sales in a quarter",
            claim_b="rise of sales in a quarter, as told",
            arithmetic=f"{cell(rise)} - {base} = {cell(growth)}, or x {cell(yearly)} in a year",
            a=Span.at(growth),
            b="gmv_lift_tools",
        )


def compare_survival() -> Iterator[Comparison]:
    """Survival without a period: what it makes of a year."""
    survival = point("survival_compliant")
    for period, times in PERIODS_A_YEAR.items():
        yield Comparison(
            id="survival_period",
            reading=f"the figure is of a {period}",
            claim_a="share that survives a year",
            claim_b="share that survives, period not told",
            arithmetic=f"{cell(survival)}^{times} = {cell(survival**times)}",
            a=Span.at(survival**times),
            b="survival_compliant",
        )


def compare_closings() -> Iterator[Comparison]:
    """Accounts closed against merchants that do not survive, if both are of a year."""
    closed, people = point("bans_2022"), point("practitioners")
    lost = (1 - point("survival_compliant")) * people
    for reading, span in (
        ("closing is why merchants leave", Span.at(closed)),
        ("most leave for other reasons", Span(closed, inf)),
    ):
        yield Comparison(
            id="closings",
            reading=reading,
            claim_a="merchants lost in a year, from accounts closed",
            claim_b="merchants that do not survive a year, all in the trade counted",
            arithmetic=f"{span}; (1 - {cell(1 - lost / people)}) x {cell(people)} = {cell(lost)}",
            a=span,
            b=Span.at(lost),
        )


def _mix(people: float, conversion: float, others: float, theirs: float) -> float:
    return (people * conversion + others * theirs) / (people + others)


def _reach_of_campaigns() -> dict[str, tuple[float, str]]:
    """Mean reach of a campaign and its arithmetic, by reading."""
    reach = [Span.reported(f"t2_l{level}_reach").middle for level in (1, 2, 3)]
    share = take_off_share()
    return {
        "every campaign as in table 2": (sum(reach), " + ".join(map(cell, reach))),
        "few campaigns reach level 2": (
            reach[0] + share * reach[1],
            f"{cell(reach[0])} + {cell(share)} x {cell(reach[1])}",
        ),
    }


COMPARISONS: Sequence[Callable[[], Iterator[Comparison]]] = (
    compare_users,
    compare_trade,
    compare_payments,
    compare_units,
    compare_conversions,
    compare_livestreams,
    compare_moments_mix,
    compare_chain,
    compare_campaigns,
    compare_settlement,
    compare_blocks,
    compare_groups,
    compare_sales_rise,
    compare_tools,
    compare_screening,
    compare_survival,
    compare_closings,
)
