"""What a sweep file may hold: pydantic models of its top, and of a parameter that varies."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator

from weishang.experiments.readers.faults import shown
from weishang.experiments.scenario import validators
from weishang.experiments.simulate.replicates import MIN_USERS

GRID, RANDOM, LATIN_HYPERCUBE = METHODS = ("grid", "random", "latin_hypercube")
LOG = "log"
LONGEST_NAME = 64
"""Characters of a sweep's and of a policy's name: one is a folder's, one a column's cell."""
MAX_USERS = (1 << 31) - 1
"""Ids of people have 32 bits."""
MAX_DAYS = 100_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def name(value: str) -> str:
    """Check for a name that can be a folder's."""
    if _NAME.fullmatch(value) is None or len(value) > LONGEST_NAME:
        raise ValueError(
            f"is {shown(value)}; give at most {LONGEST_NAME} of a-z, 0-9, _ and -, a letter or "
            "digit first"
        )
    return value


def _between(low: int, high: int) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"is {shown(value)}; give {low:,} to {high:,}")
        return value

    return AfterValidator(check)


_Text = Annotated[str, AfterValidator(validators.no_blank)]
_Count = Annotated[int, AfterValidator(validators.at_least_one)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class SweepModel(_Strict):
    """The top-level keys of a sweep file; entries of the two tables are checked one by one."""

    format: Annotated[int, PlainValidator(validators.this_format)]
    name: Annotated[str, AfterValidator(name)]
    title: _Text | None = None
    scenario: str | None = None
    method: Literal["grid", "random", "latin_hypercube"]
    points: _Count | None = None
    seed: Annotated[int, AfterValidator(validators.natural)]
    users: Annotated[int, _between(MIN_USERS, MAX_USERS)]
    sellers: _Count
    days: Annotated[int, _between(1, MAX_DAYS)]
    replicates: _Count
    runs_a_part: _Count | None = None
    save_days: bool = False
    parameters: dict[str, Any] = {}
    policies: dict[str, dict[str, Any]] = {}


class VariedModel(_Strict):
    """A parameter that varies: over values, or between two ends."""

    values: tuple[Any, ...] | None = None
    low: Any = None
    high: Any = None
    scale: Literal["linear", "log"] = "linear"


WANTED = {
    "format": str(validators.FORMAT),
    "name": 'a name for the folder of its results, such as "trust"',
    "method": f"one of {', '.join(METHODS)}",
    "seed": "an integer from 0 on",
    "users": "how many people there are",
    "sellers": "how many of them sell",
    "days": "how many days a run has",
    "replicates": "how many replicates, each with random numbers of its own",
}
"""What to give for each required key."""
