"""Designs of a sweep: the points at which its parameters are set.

A grid has all combinations of the values. The first parameter changes slowest; those of the
society and of its groups come before all others, since a change of them makes other people. A
random design draws each point independently. A Latin hypercube cuts each range into as many parts
as there are points and uses each part once (McKay, Beckman and Conover 1979, Technometrics
21:239-245).

A design depends only on the method, the parameters, the number of points and the seed: replicates
    and
policies can be added. A larger random design begins with the points of a smaller one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.experiments.readers.faults import Fault, FaultyFileError, KeyPath
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.sweep.spec.schema import GRID, LATIN_HYPERCUBE, LOG
from weishang.experiments.sweep.spec.sweep_file import SOCIETY, SweepFile, Varied
from weishang.kernels.rng import derive

MAX_RUNS = 1_000_000
MAX_POINTS = 100_000
MAX_VALUES = 2_000_000
"""Points times parameters: some 200 MB."""
MAX_SHOWN = 10**15
"""A larger count is not written out in full."""
GROUPS = "groups."

_EXACT = Context(prec=40)
"""Decimal's exp and ln are rounded correctly, so that a point is the same on every machine."""


@dataclass(frozen=True)
class Point:
    """A point of a design.

    Attributes:
        number: from 0, in the design's order.
        values: by group and name.
    """

    number: int
    values: Mapping[str, Any]


def num_points(file: SweepFile) -> int:
    """How many points a sweep has; 1 where nothing varies."""
    if file.points is not None:
        return file.points
    return math.prod(len(one.values) for one in file.parameters)


def check_size(file: SweepFile) -> None:
    """Refuse a sweep that is too large, before anything of it is made.

    Raises:
        FaultyFileError: a ValueError; there are too many runs, points, or values at all points.
    """
    points = num_points(file)
    runs = points * file.replicates * len(file.policies)
    given: KeyPath = ("parameters",) if file.points is None else ("points",)
    for count, most, key, what in (
        (points, MAX_POINTS, given, "points"),
        (points * len(file.parameters), MAX_VALUES, given, "points times parameters"),
        (runs, MAX_RUNS, ("replicates",), "runs, points times replicates times policies"),
    ):
        if count > most:
            size = f"{count:,}" if count < MAX_SHOWN else f"more than {MAX_SHOWN:,}"
            why = f"{size} {what}; make them at most {most:,}"
            raise FaultyFileError([Fault(str(file.path), file.lines.get(key), key, why)])


def design(file: SweepFile) -> tuple[Point, ...]:
    """All points of a sweep, in their order.

    Raises:
        FaultyFileError: a ValueError; there are too many; see `check_size`.
    """
    check_size(file)
    if file.method == GRID:
        rows = _grid(file.parameters)
    else:
        names = [one.name for one in file.parameters]
        columns = [
            _drawn(one, uniforms)
            for one, uniforms in zip(file.parameters, _uniforms(file).T, strict=True)
        ]
        rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return tuple(Point(number, values) for number, values in enumerate(rows))


def _grid(parameters: Sequence[Varied]) -> Iterator[dict[str, Any]]:
    def makes_less_anew(one: Varied) -> int:
        """0 where a change makes other people, 1 where it makes other groups of them, else 2."""
        return 0 if one.name.startswith(SOCIETY) else 2 - one.name.startswith(GROUPS)

    slowest = sorted(parameters, key=makes_less_anew)
    names = [one.name for one in slowest]
    for values in product(*(one.values for one in slowest)):
        yield dict(zip(names, values, strict=True))


def _uniforms(file: SweepFile) -> NDArray[np.float64]:
    """The design on the unit cube: float64 [points, parameters] in [0, 1)."""
    assert file.points is not None
    rng = np.random.default_rng(derive(file.seed, SeedStream.DESIGN))
    if file.method == LATIN_HYPERCUBE:
        # SciPy's statistics take long to import, and other methods need none.
        from scipy.stats import qmc

        return qmc.LatinHypercube(len(file.parameters), seed=rng).random(file.points)
    return rng.random((file.points, len(file.parameters)))


def _drawn(one: Varied, uniforms: NDArray[np.float64]) -> list[Any]:
    """The values at uniforms in [0, 1]."""
    if one.values:
        last = len(one.values) - 1
        return [one.values[min(int(u * len(one.values)), last)] for u in uniforms.tolist()]
    if one.kind is int:
        # Half a step beyond each end, so that the ends are as likely as the others.
        low, high = one.low - 0.5, one.high + 0.5
        scaled = _scaled(low, high, one.scale, uniforms)
        return [min(max(round(value), one.low), one.high) for value in scaled]
    scaled = _scaled(one.low, one.high, one.scale, uniforms)
    return [min(max(value, one.low), one.high) for value in scaled]


def _scaled(low: float, high: float, scale: str, uniforms: NDArray[np.float64]) -> Iterator[float]:
    if scale == LOG:
        first = _EXACT.ln(Decimal(low))
        length = _EXACT.subtract(_EXACT.ln(Decimal(high)), first)
        for u in uniforms.tolist():
            yield float(_EXACT.exp(_EXACT.fma(Decimal(u), length, first)))
    else:
        for u in uniforms.tolist():
            yield low + u * (high - low)
