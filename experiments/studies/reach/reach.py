"""Reach and conversion by level, from behaviour.

Claim: when people who decide by one rule, on a network of friends, are fitted to five reported
figures by five weights, table 2's reach at level 3 and table 1's conversion of Moments links are
what this shows, whether or not they are what the article says.
Command: weishang reach [--graph FILE] [--users N] [--seed S] [--out DIR]
Runtime: about two minutes on two cores at 1,000,000 users.
Output: results/reach (campaigns.parquet, estimands.csv, weights.csv, ..) and results/verdicts.csv.
"""

from dataclasses import fields, replace
from functools import partial
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from weishang.experiments.analysis import fitting, prior, verdicts
from weishang.experiments.analysis.estimands import BY_REACHED, BY_VISITS, THERE, values
from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
)
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.replicates import (
    SeedStream,
    most_sellers,
    run_replicate,
    society,
)
from weishang.experiments.storage.codebook import add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.common import record, study
from weishang.experiments.studies.reach import codebook, figures, verdict_rules
from weishang.experiments.studies.reach.estimands import ESTIMANDS, TOOK_OFF
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.society.describe import describe
from weishang.model.society.society import Society

REPLICATES = 8
CAMPAIGNS = 2000
HOPS_CAMPAIGNS = 300
SHOWN_BY_HOPS = (
    ("t2_l3_reach", THERE),
    ("t1_moments_conv", BY_VISITS),
    ("t1_moments_conv", BY_REACHED),
)
PRIOR_CAMPAIGNS = 60
"""Campaigns per draw of the prior predictive; their own scatter is part of the range."""
AMONG_FRIENDS = ("by_ties", "rich_content", "price_log_sd")
BEYOND_FRIENDS = tuple(
    item.name for item in fields(SellerParameters) if item.name not in AMONG_FRIENDS
)
"""What sellers decide where more than friends spread campaigns, and how long an offer lasts."""


def reach(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    replicates: Annotated[
        int, typer.Option(help="Replicates, each with its own random numbers.")
    ] = REPLICATES,
    campaigns: Annotated[int, typer.Option(help="Campaigns per replicate.")] = CAMPAIGNS,
) -> None:
    """Reach and conversion by level, from behaviour (tables 1 and 2)."""
    if replicates < 1 or campaigns < 1:
        raise ValueError(
            f"replicates is {replicates} and campaigns {campaigns}; give at least 1 of each"
        )
    with study("reach", out, "Reach and conversion by level", seed, [graph], judges=True) as report:
        people = society(graph, users, seed, Scenario().society)
        campaigns = most_sellers(people, campaigns)
        names = [derive(seed, SeedStream.REPLICATE, number) for number in range(replicates)]
        scenario, weights = _fitted(people, Scenario(), names, campaigns, refit=graph is None)
        run = partial(_replicates, people, names=names, campaigns=campaigns)
        rows, off = run(scenario), run(without_shareability(scenario), what="shareability off")
        draws = prior_predictive(people, scenario, seed)
        hops = _while_offers_last(people, scenario, seed)
        estimates = verdict_rules.estimates(rows, off, draws, scenario, seed)
        sizes = {"users": people.num_users, "replicates": replicates, "campaigns": campaigns}
        record(report, people, scenario, sizes)
        _write(report, people, scenario, seed, weights, rows, draws, hops, estimates)
    verdicts.update(out, "reach", verdict_rules.judge(estimates, weights, judged=graph is None))


def prior_predictive(people: Society, scenario: Scenario, seed: int) -> pd.DataFrame:
    """Every estimand at parameters drawn from their prior ranges, one row per draw.

    The society and the number of hops stay as they are; so does what has no range.
    """
    sellers = most_sellers(people, PRIOR_CAMPAIGNS)

    def draw(rng: np.random.Generator) -> Scenario:
        return replace(
            scenario,
            weights=prior.drawn_group(scenario.weights, rng),
            sellers=prior.drawn_group(scenario.sellers, rng, BEYOND_FRIENDS),
            feed=prior.drawn_group(scenario.feed, rng, prior.FIXED["feed"]),
        )

    def measure(there: Scenario, replicate: int) -> dict[str, float]:
        rows = run_replicate(people, there, replicate, sellers)
        found = values(ESTIMANDS, {"campaigns": rows})
        return {prior.column(*key): value for key, value in found.items()}

    return prior.predictive(draw, measure, seed)


def without_shareability(scenario: Scenario) -> Scenario:
    """Campaigns all alike in shareability, passed on at all as often as before."""
    return replace(scenario, weights=replace(scenario.weights, shareability_sd=0.0))


def _fitted(
    people: Society, scenario: Scenario, names: list[int], campaigns: int, refit: bool
) -> tuple[Scenario, pd.DataFrame]:
    """The scenario with fitted weights; a file's graph keeps those of the default society."""
    trial = fitting.Trial.of(people, scenario, names, campaigns)
    if not refit:
        return scenario, fitting.as_table(fitting.measuring(trial), scenario.weights)
    with stage("fit five weights", total=None) as advance:
        weights, table = fitting.fit(trial, scenario.weights, advance)
    return replace(scenario, weights=weights), table


def _replicates(
    people: Society, scenario: Scenario, names: list[int], campaigns: int, what: str = "replicates"
) -> pd.DataFrame:
    parts = []
    with stage(what, total=len(names)) as advance:
        for name in names:
            parts.append(run_replicate(people, scenario, name, campaigns))
            advance()
    return pd.concat(parts, ignore_index=True)


def _while_offers_last(people: Society, scenario: Scenario, seed: int) -> pd.DataFrame:
    """What a longer life of an offer changes: the same campaigns, more rounds of sharing."""
    span = next(x.metadata for x in fields(scenario.sellers) if x.name == "campaign_hops")
    lives = range(span["low"], span["high"] + 1)
    size = most_sellers(people, HOPS_CAMPAIGNS)
    rows = []
    with stage("longer offers", total=len(lives)) as advance:
        for hops in lives:
            longer = replace(scenario, sellers=replace(scenario.sellers, campaign_hops=hops))
            campaigns = run_replicate(people, longer, derive(seed, SeedStream.REPLICATE, 0), size)
            found = values(ESTIMANDS, {"campaigns": campaigns})
            shown = {f"{name}, {reading}": found[name, reading] for name, reading in SHOWN_BY_HOPS}
            rows.append({"hops": hops, **shown})
            advance()
    return pd.DataFrame(rows)


def _write(
    report: Report,
    people: Society,
    scenario: Scenario,
    seed: int,
    weights: pd.DataFrame,
    rows: pd.DataFrame,
    draws: pd.DataFrame,
    hops: pd.DataFrame,
    estimates: pd.DataFrame,
) -> None:
    report.data("campaigns", rows)
    report.data("prior", draws)
    report.table(
        "estimands",
        estimates,
        "Reach and conversion",
        "Value and 95% interval over campaigns and replicates; 5-95% of the prior predictive; "
        "value "
        "when campaigns do not differ in shareability; what arithmetic on fitted figures gives "
        "(null: a branching process, a mixture of levels); reported band. Conversions are "
        "fractions, reach is in people. Level 3 is three hops and more.",
    )
    report.table("take_off", _take_off(rows), "Campaigns that get to a level")
    report.table(
        "hops",
        hops,
        "While an offer lasts",
        "The same campaigns of one replicate with more rounds of sharing: level 3 is all from the "
        "third hop on, and soon the whole network.",
    )
    report.table(
        "weights",
        weights,
        "Fitted weights",
        "Found by Brent's method in [low, high] with common random numbers, on the campaigns that "
        "are reported; log odds but for `view`, a probability.",
    )
    measures = describe(people, np.random.default_rng([seed, SeedStream.DESCRIBE]))
    report.table(
        "society", pd.DataFrame(measures.items(), columns=["measure", "value"]), "The society"
    )
    parameters = pd.DataFrame(scenario.described())
    as_text = {name: parameters[name].map(str) for name in ("value", "low", "high")}
    report.table("parameters", parameters.assign(**as_text), "Parameters")
    add_codebook(report, codebook.TABLES)
    report.figure("reach", figures.reach_by_level, "campaigns", "estimands")
    report.figure("conversion", figures.conversions, "estimands")


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
