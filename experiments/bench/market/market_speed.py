"""How long a simulated day takes, what it takes in memory, and where the time goes.

Claim: a market of 1,000,000 consumers and 10,000 Mesa sellers takes at most five seconds a day
on two cores at the default activity, and at most 4 GB.
Command: weishang market-speed [--users N] [--sellers N] [--out DIR]
Runtime: about three minutes on two cores at 1,000,000 users.
Output: results/market (days.csv, profile.csv, claims.csv, ..).
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.figure import Figure

from weishang.experiments.console.command import RESULTS, OutOption, SeedOption, UsersOption
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.codebook import PLACE_AND_TIME
from weishang.experiments.simulate.replicates import SeedStream, chats, society
from weishang.experiments.storage import figure_style
from weishang.experiments.storage.codebook import Entry, add_codebook
from weishang.experiments.storage.report import Report
from weishang.kernels.rng import derive
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

DAYS = 5
ACTIVITIES = (1, 5)
"""Times the default activity."""
SECONDS_A_DAY, GIGABYTES = 5.0, 4.0
STATUS = Path("/proc/self/status")
KIBIBYTE, GIGABYTE = 1024, 1e9

WHOLE = "whole day"
"""The row of a profile that all others are shares of; measured from outside the market."""
NOT_WORTH = 1e-3
"""Stages of a smaller share are added up in one row."""
SMALL = "stages under a thousandth each"


def market_speed(
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
    sellers: Annotated[int, typer.Option(help="Mesa sellers.")] = 10_000,
    days: Annotated[int, typer.Option(help="Days a measurement.")] = DAYS,
) -> None:
    """Time simulated days of a market, and profile them."""
    if sellers < 1 or days < 1:
        raise ValueError(f"sellers is {sellers} and days {days}; give at least 1 of each")
    title = "How long a simulated day takes"
    with Report("market", out, title=title, seed=seed) as report:
        usual = Scenario()
        people = society(None, users, seed, usual.society)
        groups = chats(people, usual.groups, seed)
        replicate = derive(seed, SeedStream.REPLICATE, 0)
        report.graph_hash = people.graph.fingerprint()
        sizes = {"users": users, "num_sellers": sellers, "days": days}
        report.parameters = {**usual.values(), **sizes}
        warm = Market(people, usual, replicate, sellers, chats=groups)
        with stage("compile, and warm up"):
            warm.step()
        # Mesa 3.3 keeps every model: its arrays would count as the next one's.
        warm.close()
        timed = pd.concat(
            [
                _timed(people, groups, usual, replicate, sellers, days, times)
                for times in ACTIVITIES
            ],
            ignore_index=True,
        )
        profile = _profile(people, groups, usual, replicate, sellers, days)
        _write(report, timed, profile)


def _timed(
    people: Society,
    groups: GroupChats,
    usual: Scenario,
    replicate: int,
    sellers: int,
    days: int,
    times: int,
) -> pd.DataFrame:
    """A row a day: campaigns, people reached, seconds, resident memory at its peak so far."""
    market = Market(people, _busier(usual, times), replicate, sellers, chats=groups)
    rows = []
    with stage(f"days at {times} times the default activity", days) as advance:
        for _ in range(days):
            start = time.perf_counter()
            market.step()
            seconds = time.perf_counter() - start
            rows.append(
                {
                    "activity": market.parameters.sellers.activity,
                    "day": market.day,
                    "campaigns": len(market.today.campaigns),
                    "reached": int(market.today.cascades.reach.sum()),
                    "seconds": seconds,
                    "peak_gb": _peak_bytes() / GIGABYTE,
                }
            )
            advance()
    market.close()
    return pd.DataFrame(rows)


def _busier(usual: Scenario, times: int) -> Scenario:
    activity = min(1.0, times * usual.sellers.activity)
    return replace(usual, sellers=replace(usual.sellers, activity=activity))


def _profile(
    people: Society, groups: GroupChats, usual: Scenario, replicate: int, sellers: int, days: int
) -> pd.DataFrame:
    """A row per stage of the day, as the market itself times them, beside the whole day."""
    market = Market(people, usual, replicate, sellers, chats=groups)
    whole = 0.0
    with stage("profile", days) as advance:
        for _ in range(days):
            start = time.perf_counter()
            market.step()
            whole += time.perf_counter() - start
            advance()
    spent = {
        name: seconds for name, seconds in market.seconds.items() if seconds >= NOT_WORTH * whole
    }
    spent[SMALL] = sum(market.seconds.values()) - sum(spent.values())
    spent[WHOLE] = whole
    market.close()
    return pd.DataFrame(
        {
            "stage": list(spent),
            "seconds_a_day": [seconds / days for seconds in spent.values()],
            "share": [seconds / whole for seconds in spent.values()],
        }
    )


def _peak_bytes() -> float:
    """Resident memory of this process at its peak; NaN where the system does not tell."""
    if not STATUS.exists():
        return float("nan")
    for line in STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KIBIBYTE
    return float("nan")


def _write(report: Report, timed: pd.DataFrame, profile: pd.DataFrame) -> None:
    usual = timed["activity"] == timed["activity"].min()
    median, peak = timed.loc[usual, "seconds"].median(), timed.loc[usual, "peak_gb"].max()
    claims = pd.DataFrame(
        {
            "claim": ["seconds a day, median", "resident memory at its peak, GB"],
            "measured": [median, peak],
            "at_most": [SECONDS_A_DAY, GIGABYTES],
            "met": [median <= SECONDS_A_DAY, peak <= GIGABYTES],
        }
    )
    report.table("claims", claims, "Claims", "At the default activity; society and groups included")
    report.table(
        "days",
        timed,
        "Days",
        "`reached` counts a person once a campaign. `peak_gb` is of the process so far, the making "
        "of the society included.",
    )
    report.table(
        "profile",
        profile,
        "Where the time goes",
        "At the default activity. The market times its stages; the whole day is measured from "
        "outside, so what the stages leave of it is shown by nothing else.",
    )
    add_codebook(report, COLUMNS)
    report.figure("profile", _draw_profile, "profile")


def _draw_profile(profile: pd.DataFrame) -> Figure:
    figure, axes = figure_style.canvas(height=3.6)
    rising = profile[profile["stage"] != WHOLE].sort_values("seconds_a_day")
    axes.barh(rising["stage"], rising["seconds_a_day"])
    axes.set(xlabel="seconds a simulated day", ylabel="stage of the day")
    return figure


COLUMNS: dict[str, dict[str, Entry]] = {
    "claims": {
        "claim": ("text", "what is measured, and its unit"),
        "measured": ("of the claim", "at the default activity"),
        "at_most": ("of the claim", "the bar, fixed before the measurement"),
        "met": ("yes or no", "measured is not above the bar"),
    },
    "days": {
        "activity": ("fraction", "probability that a seller starts a campaign on a day"),
        "day": PLACE_AND_TIME["day"],
        "campaigns": ("campaigns", "that start on that day"),
        "reached": ("people", "by all campaigns of the day, each once a campaign"),
        "seconds": ("seconds", "wall time of the day"),
        "peak_gb": ("GB of 10^9 bytes", "resident memory of the process at its peak so far"),
    },
    "profile": {
        "stage": ("name", "of the day"),
        "seconds_a_day": ("seconds", "mean over days"),
        "share": ("fraction", "of the day's time"),
    },
}
"""What every column means, with its unit, by file."""
