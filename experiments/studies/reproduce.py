"""Rebuild the reported tables: the experiments behind them one after the other, then verdicts.

Claim: those of reach, nulls, channels, tools, livestream, policies and audit.
Command: weishang reproduce [--graph FILE | --users N]. Runtime: some minutes on two cores.
Output: a folder of DIR each, and DIR/verdicts.csv.
"""

from collections.abc import Callable
from pathlib import Path

from weishang.experiments.analysis import verdicts
from weishang.experiments.console.command import (
    RESULTS,
    GraphOption,
    OutOption,
    SeedOption,
    UsersOption,
)
from weishang.experiments.console.output import show
from weishang.experiments.console.progress import stage
from weishang.experiments.studies.audit.audit import audit
from weishang.experiments.studies.channels.channels import channels
from weishang.experiments.studies.livestream.livestream import livestream
from weishang.experiments.studies.nulls import nulls
from weishang.experiments.studies.paired.policies import policies
from weishang.experiments.studies.paired.tools import tools
from weishang.experiments.studies.reach.reach import reach

ON_A_SOCIETY: tuple[Callable[..., None], ...] = (
    reach,
    nulls,
    channels,
    tools,
    livestream,
    policies,
)
"""Experiments that share a society, in the order in which they are run."""

SHOWN = ["id", "role", "reading", "band", "simulated", "interval", "verdict"]


def reproduce(
    graph: GraphOption = None,
    users: UsersOption = 1_000_000,
    seed: SeedOption = 2026,
    out: OutOption = RESULTS,
) -> None:
    """Rebuild the reported tables and judge every figure in them."""
    common = {"graph": graph, "users": users, "seed": seed, "out": out}
    with stage("reproduce", 1 + len(ON_A_SOCIETY)) as advance:
        for experiment in ON_A_SOCIETY:
            experiment(**common)
            advance()
        audit(out=out)
        advance()
    show_verdicts(out)


def show_verdicts(out: Path) -> None:
    """Print `out/verdicts.csv`, the columns that say whether a figure is met."""
    table = verdicts.read(out)
    table["band"] = verdicts.spans(table["reported_low"], table["reported_high"])
    table["interval"] = verdicts.spans(table["ci_low"], table["ci_high"])
    show(table[SHOWN], f"{out / verdicts.NAME}: simulated against reported")
