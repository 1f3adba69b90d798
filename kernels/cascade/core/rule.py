"""The rule of a cascade: probabilities by hop, segment, outcome and dose.

Three nested decisions, called visit, buy and share. What is visited or bought, from whom and at
what price, is not known here: it has gone into the probabilities.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weishang.kernels.rng import CERTAIN, as_float64, threshold

OUTCOMES = 3
"""Passed by, visited, bought: the middle axis of a share table."""
MAX_LEVEL = 127
"""Levels of a rule with paths are kept in eight bits."""


class Tables(NamedTuple):
    """A rule as integer thresholds, every table present and every axis in its place.

    uint64 in [0, 2^32]. The first axis has one entry, or one a cascade. Row h - 1 serves level h
    and the last row every deeper one. The dose axis has one entry or `doses`.

    Attributes:
        view: [1 or C, L, H].
        visit, buy: [1 or C, H, S, 1 or D].
        share: [1 or C, H, 3, S, 1 or D].
        doses: D.
        paths: int8 [L, R + 1], the level that a layer leads to from each level; None: one more.
    """

    view: NDArray[np.uint64]
    visit: NDArray[np.uint64]
    buy: NDArray[np.uint64]
    share: NDArray[np.uint64]
    doses: int
    paths: NDArray[np.int8] | None = None

    @property
    def num_segments(self) -> int:
        """S."""
        return self.visit.shape[2]

    @property
    def used_doses(self) -> int:
        """Exposures that some table tells apart: 1 where all tables are constant in dose."""
        return max(table.shape[-1] for table in (self.visit, self.buy, self.share))


@dataclass(frozen=True, eq=False)
class CascadeRule:
    """Probabilities of seeing, visiting, buying and sharing; float64 in [0, 1].

    Each table has its own number of rows H and repeats its last row for deeper hops. With
    `doses` = D > 1, visit, buy and share may have a last axis of length D; a table without it
    is constant in dose. With `per_cascade` every table has a first axis of length C.

    Attributes:
        view: [H], or [L, H] for a list of L layers: a friend sees a post of hop h.
        visit: [H, S] or None (everyone hit visits).
        buy: [H, S] or None (nobody buys); asked of visitors.
        share: [H, 3, S] or None (nobody shares), by outcome passed by, visited, bought.
        doses: exposures that are told apart, D >= 1.
        per_cascade: whether cascades have tables of their own.
        paths: [L, R + 1] integers in [1, R], R at most 127: whoever a layer's post first reaches
            gets the level paths[layer, level of the poster], 0 being the seeds' level. None: a
            person's level is the hop.

    Raises:
        ValueError: a number outside [0, 1] or no float64, or shapes that disagree.
    """

    view: ArrayLike
    visit: ArrayLike | None = None
    buy: ArrayLike | None = None
    share: ArrayLike | None = None
    doses: int = 1
    per_cascade: bool = False
    paths: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check the numbers and the shapes that need no graph, so that a bad rule fails here."""
        if isinstance(self.doses, bool) or not isinstance(self.doses, int | np.integer):
            raise ValueError(f"doses is {self.doses!r}; give an integer of at least 1")
        if self.doses < 1:
            raise ValueError(f"doses is {self.doses}; give an integer of at least 1")
        view = as_float64(self.view, "view")
        self._tables(view.ndim > 1 + self.per_cascade, None, None)

    def tables(self, num_layers: int | None, num_cascades: int) -> Tables:
        """The thresholds of this rule on a graph of that many layers.

        Args:
            num_layers: layers in the list, or None for a single graph (`view` has no layer axis).
            num_cascades: C.

        Raises:
            ValueError: an axis does not fit the layers or the batch.
        """
        return self._tables(num_layers is not None, num_layers, num_cascades)

    def _tables(self, layered: bool, num_layers: int | None, num_cascades: int | None) -> Tables:
        view = self._read("view", self.view, "L H" if layered else "H", num_cascades)
        if not layered:
            view = view[:, np.newaxis]
        if num_layers is not None and view.shape[1] != num_layers:
            raise ValueError(
                f"view has {view.shape[1]} rows of layers but the graph has {num_layers} layers"
            )
        read = {
            name: self._read(name, values, axes, num_cascades)
            for name, values, axes in (
                ("visit", self.visit, "H S"),
                ("buy", self.buy, "H S"),
                ("share", self.share, "H 3 S"),
            )
            if values is not None
        }
        segments = {name: table.shape[-2] for name, table in read.items()}
        if len(set(segments.values())) > 1:
            raise ValueError(f"tables disagree on the number of segments S: {segments}")
        num_segments = next(iter(segments.values()), 1)
        everyone = np.full((1, 1, num_segments, 1), CERTAIN, dtype=np.uint64)
        nobody = np.zeros((1, 1, num_segments, 1), dtype=np.uint64)
        silent = np.zeros((1, 1, OUTCOMES, num_segments, 1), dtype=np.uint64)
        return Tables(
            view,
            read.get("visit", everyone),
            read.get("buy", nobody),
            read.get("share", silent),
            int(self.doses),
            None if self.paths is None else _paths(self.paths, view.shape[1]),
        )

    def _read(
        self, name: str, values: ArrayLike, axes: str, num_cascades: int | None
    ) -> NDArray[np.uint64]:
        """Check one table and give it its first axis and, view aside, its dose axis."""
        names = (["C"] if self.per_cascade else []) + axes.split()
        table = threshold(values, name)
        dosed = name != "view" and self.doses > 1 and table.ndim == len(names) + 1
        expected = [*names, "D"] if dosed else names
        fixed = {"3": OUTCOMES, "D": int(self.doses)}
        if num_cascades is not None:
            fixed["C"] = num_cascades
        fits = table.ndim == len(expected) and all(
            size == fixed.get(axis, size) and (size > 0 or axis == "C")
            for axis, size in zip(expected, table.shape, strict=True)
        )
        if not fits:
            known = "".join(f", {axis} = {size}" for axis, size in fixed.items() if axis in names)
            may_dose = " or with a last axis D" if name != "view" and self.doses > 1 else ""
            raise ValueError(
                f"{name} has shape {table.shape}; give [{', '.join(names)}]{may_dose} "
                f"(no axis empty{known}, D = {self.doses})"
            )
        if not self.per_cascade:
            table = table[np.newaxis]
        if name != "view" and not dosed:
            table = table[..., np.newaxis]
        return np.ascontiguousarray(table)


def _paths(values: ArrayLike, num_layers: int) -> NDArray[np.int8]:
    """Check the paths of `num_layers` layers."""
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "iu" or array.shape[1] < 2:
        raise ValueError(f"paths has {array.dtype} {array.shape}; give integers [L, R + 1], R > 0")
    if array.shape[0] != num_layers:
        raise ValueError(f"paths has {array.shape[0]} rows but there are {num_layers} layers")
    last = array.shape[1] - 1
    if last > MAX_LEVEL:
        raise ValueError(f"paths knows {last} levels; give at most {MAX_LEVEL}")
    outside = array[(array < 1) | (array > last)]
    if outside.size:
        raise ValueError(f"paths holds {outside[0]}; a level lies in [1, {last}]")
    return np.ascontiguousarray(array, dtype=np.int8)
