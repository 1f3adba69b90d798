"""Reach and conversion by level, from behaviour.

Claim: people who decide by one rule, on a network of friends, give table 2's reach at level 3 and
table 1's conversion of Moments links, once five weights are fitted to five other figures.
Command: python -m weishang.experiments.reach [--graph FILE] [--users N] [--seed S] [--out DIR]
Runtime: about two minutes on two cores at 1,000,000 users.
Output: results/reach (campaigns.parquet, estimands.csv, weights.csv, ..) and results/verdicts.csv.
"""

from dataclasses import fields, replace
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from weishang.experiments import fitting, null_models, reach_figures, reported, verdicts
from weishang.experiments.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
    run,
    stage,
)
from weishang.experiments.estimands import (
    BY_REACHED,
    BY_VISITS,
    ESTIMANDS,
    NEAR,
    THERE,
    TOOK_OFF,
    values,
    with_intervals,
)
from weishang.experiments.report import Report
from weishang.experiments.verdicts import Verdict
from weishang.experiments.worlds import most_sellers, run_world, society
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.society import Society, describe

WORLDS = 8
CAMPAIGNS = 2000
FIT_CAMPAIGNS = 10_000
FIT_FEW = 2000
PRIOR_DRAWS = 40
PRIOR_CAMPAIGNS = 60
PRIOR_INTERVAL = (0.05, 0.95)

COMES_OUT = ("t2_l3_reach", "t1_moments_conv")
IMPLIED = ("conv_friend",)

FIT, WORLD, PRIOR, BOOTSTRAP, DESCRIBE = range(5)
"""Branches of the seed: what is fitted, reported and drawn from the prior meets its own luck."""


def reach(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    worlds: Annotated[int, typer.Option(help="Worlds, each with its own luck.")] = WORLDS,
    campaigns: Annotated[int, typer.Option(help="Campaigns a world.")] = CAMPAIGNS,
) -> None:
    """Reach and conversion by level, from behaviour (tables 1 and 2)."""
    if worlds < 1 or campaigns < 1:
        raise ValueError(f"worlds is {worlds} and campaigns {campaigns}; give at least 1 of each")
    inputs = [] if graph is None else [graph]
    title = "Reach and conversion by level"
    with Report("reach", out, title=title, seed=seed, inputs=inputs) as report:
        people = society(graph, users, seed, Scenario().society)
        campaigns = most_sellers(people, campaigns)
        scenario, weights = _fitted(people, Scenario(), seed, refit=graph is None)
        rows = _worlds(people, scenario, seed, worlds, campaigns)
        off = _worlds(people, _without_appeal(scenario), seed, worlds, campaigns, "appeal off")
        prior = _prior_predictive(people, scenario, seed)
        estimates = _judged(rows, off, prior, scenario, seed)
        report.graph_hash = people.graph.fingerprint()
        sizes = {"users": people.num_users, "worlds": worlds, "campaigns": campaigns}
        report.parameters = {**scenario.values(), **sizes}
        _write(report, people, scenario, seed, weights, rows, prior, estimates)
    verdicts.update(out, _verdicts(estimates, judged=graph is None))


def _fitted(
    people: Society, scenario: Scenario, seed: int, refit: bool
) -> tuple[Scenario, pd.DataFrame]:
    """The scenario with fitted weights; a file's graph keeps those of the default society."""
    size, few = (most_sellers(people, wanted) for wanted in (FIT_CAMPAIGNS, FIT_FEW))
    trial = fitting.Trial.of(people, scenario, derive(seed, FIT), size, few)
    if not refit:
        return scenario, fitting.as_table(trial, scenario.weights)
    with stage("fit five weights", total=None) as advance:
        weights, table = fitting.fit(trial, scenario.weights, advance)
    return replace(scenario, weights=weights), table


def _worlds(
    people: Society,
    scenario: Scenario,
    seed: int,
    worlds: int,
    campaigns: int,
    what: str = "worlds",
) -> pd.DataFrame:
    parts = []
    with stage(what, total=worlds) as advance:
        for number in range(worlds):
            parts.append(run_world(people, scenario, derive(seed, WORLD, number), campaigns))
            advance()
    return pd.concat(parts, ignore_index=True)


def _without_appeal(scenario: Scenario) -> Scenario:
    """Campaigns all alike in appeal, passed on at all as often as before."""
    return replace(scenario, weights=replace(scenario.weights, appeal_sd=0.0))


def _prior_predictive(people: Society, scenario: Scenario, seed: int) -> pd.DataFrame:
    """Every estimand at parameters drawn from their prior ranges: a row a draw."""
    rng = np.random.default_rng([seed, PRIOR])
    sellers = most_sellers(people, PRIOR_CAMPAIGNS)
    draws = []
    with stage("prior predictive", total=PRIOR_DRAWS) as advance:
        for number in range(PRIOR_DRAWS):
            drawn = replace(
                scenario,
                weights=_drawn(scenario.weights, rng),
                sellers=_drawn(scenario.sellers, rng, fixed=("campaign_hops",)),
                feed=_drawn(scenario.feed, rng, fixed=("audience",)),
            )
            result = values(run_world(people, drawn, derive(seed, PRIOR, number), sellers))
            draws.append({f"{name} | {reading}": x for (name, reading), x in result.items()})
            advance()
    return pd.DataFrame(draws)


def _drawn(part: Any, rng: np.random.Generator, fixed: tuple[str, ...] = ()) -> Any:
    """A copy with every field uniform in its prior range, but for the fixed ones."""
    free = [item for item in fields(part) if item.name not in fixed]
    return replace(
        part,
        **{x.name: float(rng.uniform(x.metadata["low"], x.metadata["high"])) for x in free},
    )


def _judged(
    rows: pd.DataFrame, off: pd.DataFrame, prior: pd.DataFrame, scenario: Scenario, seed: int
) -> pd.DataFrame:
    """Every estimand with interval, prior range, value without differences in appeal, and null."""
    table = with_intervals(rows, np.random.default_rng([seed, BOOTSTRAP]))
    ranges = [
        prior[f"{item.figure} | {item.reading}"].quantile(list(PRIOR_INTERVAL)).tolist()
        for item in ESTIMANDS
    ]
    table["prior_low"], table["prior_high"] = zip(*ranges, strict=True)
    without = values(off)
    table["appeal_off"] = [without[item.figure, item.reading] for item in ESTIMANDS]
    table["null"] = [_null(item.figure, item.reading, scenario) for item in ESTIMANDS]
    for end in ("low", "high"):
        bands = [getattr(reported.figure(name), f"band_{end}") for name in table["figure"]]
        table[f"reported_{end}"] = [np.nan if band is None else band for band in bands]
    return table


def _verdicts(estimates: pd.DataFrame, judged: bool) -> list[Verdict]:
    return [_verdict(row, judged) for row in estimates.to_dict("records")]


def _verdict(row: dict[Any, Any], judged: bool) -> Verdict:
    """The row's verdict; a role that the numbers do not bear is lowered."""
    common = {
        "id": row["figure"],
        "reading": row["reading"],
        "simulated": row["value"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "prior_low": row["prior_low"],
        "prior_high": row["prior_high"],
        "mechanism_off": row["appeal_off"],
        "why": WHY.get((row["figure"], row["reading"]), "") if judged else OWN_GRAPH,
        "judged": judged,
    }
    if row["figure"] not in COMES_OUT:
        return Verdict(role="implied" if row["figure"] in IMPLIED else "fitted", **common)
    if _null_gives_it(row):
        return Verdict(role="implied", **common)
    try:
        return Verdict(role="comes out", **common)
    except ValueError:
        return Verdict(role="implied", **common)


def _null_gives_it(row: dict[Any, Any]) -> bool:
    """Whether arithmetic on what is fitted and set, and no behaviour, gives the figure too."""
    return null_models.gives_as_well(
        row["null"],
        row["value"],
        (row["ci_low"], row["ci_high"]),
        reported.figure(row["figure"]).holds,
    )


def _null(name: str, reading: str, scenario: Scenario) -> float:
    """What the fitted figures and the set take-off give by arithmetic; NaN where nothing does.

    Reach at level 3 is that of a branching process on from levels 1 and 2; the conversion of
    Moments links is the mixture of levels when `passed_on` of the campaigns get to level 2.
    """
    first, second = (fitting.target(f"t2_l{level}_reach") for level in (1, 2))
    third = float(null_models.branching(first, second)[-1])
    takes_off = scenario.weights.passed_on
    if name == "t2_l3_reach":
        return third if reading == THERE else takes_off * third
    if name != "t1_moments_conv":
        return float("nan")
    reach = [first, takes_off * second, takes_off * third]
    rates = [fitting.target("l1_conv"), fitting.target("l2_conv"), fitting.target("l2_conv")]
    levels = 2 if NEAR in reading else 3
    return null_models.mixture(reach[:levels], rates[:levels])


OWN_GRAPH = "a graph of one's own: the figure does not speak of it; weights not fitted again"
WHY = {
    ("t2_l1_reach", THERE): "fitted by view, which comes near the .35 measured on Facebook",
    ("t2_l2_reach", THERE): "fitted by the spread of appeal",
    ("t2_l3_reach", THERE): "friends alone, three hops; no groups or livestreams yet",
    ("l1_conv", BY_REACHED): "fitted by trust in the seller",
    ("l2_conv", BY_REACHED): "fitted by trust in a recommender",
    ("conv_system", BY_REACHED): "fitted by the intercept of buying",
    ("conv_friend", BY_REACHED): "the same number as level 1",
    ("t1_moments_conv", BY_VISITS): "all levels come by Moments links; those who only saw the post "
    "are no visits, and how many open it has no source",
    ("t1_moments_conv", BY_REACHED): "the reading in which everyone reached is a visit",
}


def _write(
    report: Report,
    people: Society,
    scenario: Scenario,
    seed: int,
    weights: pd.DataFrame,
    rows: pd.DataFrame,
    prior: pd.DataFrame,
    estimates: pd.DataFrame,
) -> None:
    report.data("campaigns", rows)
    report.data("prior", prior)
    report.table(
        "estimands",
        estimates,
        "Reach and conversion",
        "Value and 95% interval over campaigns and worlds; 5-95% of the prior predictive; value "
        "when campaigns do not differ in appeal; what arithmetic on fitted figures gives (null: a "
        "branching process, a mixture of levels); reported band. Conversions are fractions, reach "
        "is in people. Level 3 is three hops and more.",
    )
    report.table("take_off", _take_off(rows), "Campaigns that get to a level")
    report.table(
        "weights",
        weights,
        "Fitted weights",
        "Found by Brent's method in [low, high] with common random numbers, in a world of their "
        "own; log odds but for `view`, a probability.",
    )
    measures = describe(people, np.random.default_rng([seed, DESCRIBE]))
    report.table(
        "society", pd.DataFrame(measures.items(), columns=["measure", "value"]), "The society"
    )
    report.table("parameters", _parameters(scenario), "Parameters")
    report.figure("reach", reach_figures.reach_by_level, "campaigns", "estimands")
    report.figure("conversion", reach_figures.conversions, "estimands")


def _take_off(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "level": level,
                "share_of_campaigns": item.value(rows),
                "median_reach_there": float(
                    rows.loc[rows[f"reach_{level}"] > 0, f"reach_{level}"].median()
                ),
                "largest_reach": int(rows[f"reach_{level}"].max()),
            }
            for level, item in TOOK_OFF.items()
        ]
    )


def _parameters(scenario: Scenario) -> pd.DataFrame:
    table = pd.DataFrame(scenario.described())
    return table.assign(**{name: table[name].map(str) for name in ("value", "low", "high")})


if __name__ == "__main__":
    run(reach)
