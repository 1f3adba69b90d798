"""Where an experiment runs its markets: people, their groups, replicates, days, sellers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.market_runs import Run, run_markets
from weishang.experiments.simulate.replicates import SeedStream, chats, most_sellers, society
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

MIN_PAIRS = 2
"""An interval needs two pairs."""


@dataclass(frozen=True, eq=False)
class Setting:
    """The people and the replicates in which markets are run.

    Attributes:
        people: the same in all replicates.
        chats: their groups.
        replicates: seeds.
        days: that each market runs.
        sellers: of each market.
    """

    people: Society
    chats: GroupChats
    replicates: Sequence[int]
    days: int
    sellers: int

    @classmethod
    def of(
        cls,
        graph: Path | None,
        users: int,
        seed: int,
        replicates: int,
        days: int,
        sellers: int,
        *,
        nodes: Path | None = None,
        least: int = MIN_PAIRS,
    ) -> "Setting":
        """Read or generate the people, and name the replicates.

        Args:
            graph, users, seed, nodes: as in `replicates.society`.
            replicates: how many, at least `least`.
            days: at least 1.
            sellers: wanted, at least 1; a small graph has room for fewer.
            least: what an experiment needs; two where it compares pairs.

        Raises:
            ValueError: a number is out of range, or the file holds no graph.
        """
        if replicates < least:
            why = ", to compare pairs" if least == MIN_PAIRS else ""
            raise ValueError(f"replicates is {replicates}; give at least {least}{why}")
        if days < 1 or sellers < 1:
            raise ValueError(f"days is {days} and sellers {sellers}; give at least 1 of each")
        usual = Scenario()
        people = society(graph, users, seed, usual.society, nodes)
        return cls(
            people,
            chats(people, usual.groups, seed, nodes),
            [derive(seed, SeedStream.REPLICATE, number) for number in range(replicates)],
            days,
            most_sellers(people, sellers),
        )

    def run(self, scenario: Scenario, what: str, replicates: int | None = None) -> Run:
        """Run the markets of all replicates, or of so many; `what` is shown while it lasts."""
        names = self.replicates[:replicates]
        with stage(what, total=len(names) * self.days) as advance:
            return run_markets(
                self.people, self.chats, scenario, names, self.days, self.sellers, advance
            )

    @property
    def sizes(self) -> dict[str, int]:
        """What a manifest tells of it; `sellers` is a group of the scenario's parameters."""
        return {
            "users": self.people.num_users,
            "replicates": len(self.replicates),
            "days": self.days,
            "num_sellers": self.sellers,
        }
