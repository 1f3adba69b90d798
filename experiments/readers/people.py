"""People's attributes from a file: interest, budget, place and groups by node.

`--nodes FILE` is CSV (with a line of column names) or Parquet. The column `node` holds node ids of
the graph, each once; any of these may stand beside it:

    interest  0 .. num_interests - 1
    budget    class of the budget, 0 .. num_budgets - 1, poorest first
    place     0 .. num_places - 1
    groups    ids of the person's group chats, any text, separated by |

A person who is not in the file, and an empty cell of interest, budget or place, is imputed, as is
a column that is not there: `weishang.model.society.from_graph` says how. With a column `groups`,
groups are as the file says: whoever has none there is in none.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from weishang.experiments.readers.table_blocks import Block, TableFile, open_table, shown
from weishang.kernels.graph import csr
from weishang.model.society.attributes import UNKNOWN, NodeAttributes
from weishang.model.society.group_chats import NO_FOUNDER, GroupChats
from weishang.model.society.parameters import SocietyParameters

NODE, INTEREST, BUDGET, PLACE, GROUPS = COLUMNS = ("node", "interest", "budget", "place", "groups")
SEPARATOR = "|"
LONGEST_ID = 100
"""Characters of a group's id."""
MOST_MEMBERSHIPS = 100_000_000
"""Of all people together: some 4 GB."""
WHOLE_FLOATS = 2.0**53
"""Below this, a float that is whole is exact."""


def read_nodes(path: Path, num_nodes: int, parameters: SocietyParameters) -> NodeAttributes:
    """Read what a file tells of a graph's people.

    Groups are numbered in the order of their ids as text, whatever the order of the rows.

    Args:
        path: CSV or Parquet, told apart by their first bytes.
        num_nodes: N of the graph.
        parameters: give the numbers of interests, budgets and places.

    Returns:
        NodeAttributes; reading takes some 200 MB for the text, 12 bytes a person and 40 a
        membership.

    Raises:
        ValueError: the file cannot be read or is too large; a column is unknown, missing or stands
            twice; a node is outside the graph or stands twice; a cell is no whole number in range.
            File and line are named (in a Parquet file the row).
    """
    table = open_table(path)
    _check_columns(table)
    limits = {
        INTEREST: parameters.num_interests,
        BUDGET: parameters.num_budgets,
        PLACE: parameters.num_places,
    }
    people = _People(table, num_nodes, limits)
    for block in table.blocks():
        people.add(block)
    if not people.seen.any():
        raise ValueError(f"{path}: no node in it; give a row a node")
    return people.attributes()


class _People:
    """What has been read so far.

    Attributes:
        seen: line or row of each node, int64 [N]; 0 where it has not been met.
    """

    def __init__(self, table: TableFile, num_nodes: int, limits: dict[str, int]) -> None:
        self.table = table
        self.seen = np.zeros(num_nodes, dtype=np.int64)
        self._limits = {name: limit for name, limit in limits.items() if name in table.names}
        self._classes: dict[str, NDArray[Any]] = {
            name: np.full(num_nodes, UNKNOWN, dtype=np.int16 if name == PLACE else np.int8)
            for name in self._limits
        }
        self._numbers: dict[str, int] = {}
        self._memberships = 0
        self._groups = [np.empty(0, dtype=np.int32)]
        self._members = [np.empty(0, dtype=np.int32)]

    def add(self, block: Block) -> None:
        """Take in some rows."""
        nodes = self._nodes(block)
        for name, limit in self._limits.items():
            self._classes[name][nodes] = self._whole_numbers(block, name, limit)
        if GROUPS in block.columns:
            self._join_groups(block, nodes)

    def attributes(self) -> NodeAttributes:
        """All that was read."""
        return NodeAttributes(
            self.seen.size,
            interest=self._classes.get(INTEREST),
            budget_class=self._classes.get(BUDGET),
            place=self._classes.get(PLACE),
            groups=self._group_chats() if GROUPS in self.table.names else None,
        )

    def _nodes(self, block: Block) -> NDArray[np.int64]:
        nodes = self._whole_numbers(block, NODE, self.seen.size)
        missing = np.flatnonzero(nodes == UNKNOWN)
        if missing.size:
            self.table.refuse(int(block.at[missing[0]]), "node is missing; give its id")
        _, first, same = np.unique(nodes, return_index=True, return_inverse=True)
        met = np.where(self.seen[nodes] > 0, self.seen[nodes], block.at[first][same])
        again = np.flatnonzero(met < block.at)
        if again.size:
            node, before = nodes[again[0]], met[again[0]]
            unit = "line" if self.table.header else "row"
            self.table.refuse(
                int(block.at[again[0]]), f"node {node} stands in {unit} {before} already"
            )
        self.seen[nodes] = block.at
        return nodes

    def _whole_numbers(self, block: Block, name: str, limit: int) -> NDArray[np.int64]:
        """A column as numbers in [0, limit), UNKNOWN where a cell is empty."""
        column = block.columns[name]
        values, bad = self._numbers_of(column, name)
        bad |= (values >= limit) | (values < UNKNOWN)
        faults = np.flatnonzero(bad)
        if faults.size:
            cell = shown(column[int(faults[0])].as_py())
            what = "a node of the graph" if name == NODE else "a class"
            self.table.refuse(
                int(block.at[faults[0]]),
                f"{name} is {cell}; give {what}, a whole number in 0 .. {limit - 1}",
            )
        return values

    def _numbers_of(self, column: Any, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Whole numbers, UNKNOWN where there is none, and which cells hold something else."""
        if _is_text(column.type):
            return _from_text(column)
        if pa.types.is_integer(column.type):
            values = pc.fill_null(pc.cast(column, pa.int64(), safe=False), UNKNOWN)
            missing = pc.is_null(column).to_numpy(zero_copy_only=False)
            numbers = values.to_numpy(zero_copy_only=False)
            return numbers, ~missing & (numbers < 0)
        if pa.types.is_floating(column.type):
            return _from_floats(column)
        if pa.types.is_null(column.type):
            return np.full(len(column), UNKNOWN, dtype=np.int64), np.zeros(len(column), dtype=bool)
        return self.table.refuse_header(f"column {name!r} is of {column.type}; give whole numbers")

    def _join_groups(self, block: Block, nodes: NDArray[np.int64]) -> None:
        column = block.columns[GROUPS]
        if not (_is_text(column.type) or pa.types.is_integer(column.type)):
            if pa.types.is_null(column.type):
                return
            self.table.refuse_header(f"column {GROUPS!r} is of {column.type}; give text, as in a|b")
        text = pc.fill_null(pc.utf8_trim_whitespace(pc.cast(column, pa.string())), "")
        some = np.flatnonzero(pc.not_equal(text, "").to_numpy(zero_copy_only=False))
        lists = pc.split_pattern(text.take(pa.array(some)), SEPARATOR)
        rows = some[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)]
        ids = pc.dictionary_encode(pc.utf8_trim_whitespace(pc.list_flatten(lists)))
        inside = ids.indices.to_numpy(zero_copy_only=False)
        names = ids.dictionary.to_pylist()
        self._check_ids(block, rows, inside, names)
        fresh = [self._numbers.setdefault(name, len(self._numbers)) for name in names]
        self._groups.append(np.array(fresh, dtype=np.int32)[inside])
        self._members.append(nodes[rows].astype(np.int32))
        self._memberships += rows.size
        if self._memberships > MOST_MEMBERSHIPS:
            self.table.refuse(
                int(block.at[-1]),
                f"more than {MOST_MEMBERSHIPS:,} memberships so far; give fewer groups",
            )

    def _check_ids(
        self,
        block: Block,
        rows: NDArray[np.int64],
        inside: NDArray[np.int32],
        names: list[str],
    ) -> None:
        bad = np.array([not 0 < len(name) <= LONGEST_ID for name in names], dtype=bool)[inside]
        _, first = np.unique(rows * len(names) + inside, return_index=True)
        if first.size < rows.size:
            bad |= ~np.isin(np.arange(rows.size), first)
        if not bad.any():
            return
        fault = int(np.flatnonzero(bad)[0])
        name = names[inside[fault]]
        told = f"names group {shown(name)} twice"
        if not name:
            told = f"names a group with an empty id; separate ids by one {SEPARATOR}"
        elif len(name) > LONGEST_ID:
            told = f"group id {shown(name)} has more than {LONGEST_ID} characters"
        self.table.refuse(int(block.at[rows[fault]]), told)

    def _group_chats(self) -> GroupChats:
        names = list(self._numbers)
        rank = np.empty(len(names), dtype=np.int32)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        groups = rank[np.concatenate(self._groups)]
        members = np.concatenate(self._members)
        bounds, members, _ = csr.build_rows(len(names), groups, members, None, directed=True)
        founder = np.full(len(names), NO_FOUNDER, dtype=np.int32)
        return GroupChats(self.seen.size, bounds, members, founder)


def _check_columns(table: TableFile) -> None:
    for name in table.names:
        if name not in COLUMNS:
            (nearest,) = get_close_matches(name[:LONGEST_ID].lower(), COLUMNS, n=1, cutoff=0.0)
            table.refuse_header(
                f"unknown column {shown(name)}; the nearest is {nearest!r}, of {', '.join(COLUMNS)}"
            )
    if NODE not in table.names:
        table.refuse_header(f"no column {NODE!r}; give the node of each row")
    if len(table.names) == 1:
        table.refuse_header(f"only {NODE!r}; give any of {', '.join(COLUMNS[1:])}")


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _from_text(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole numbers from text; 3.0 is one, as tables with gaps are often written."""
    text = pc.fill_null(pc.utf8_trim_whitespace(column), "")
    is_number = pc.match_substring_regex(text, r"^[0-9]{1,18}(\.0*)?$")
    digits = pc.replace_substring_regex(pc.if_else(is_number, text, "-1"), r"\.0*$", "")
    is_bad = pc.and_(pc.invert(is_number), pc.not_equal(text, ""))
    values = pc.cast(digits, pa.int64()).to_numpy(zero_copy_only=False)
    return values, is_bad.to_numpy(zero_copy_only=False)


def _from_floats(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    missing = pc.is_null(column).to_numpy(zero_copy_only=False)
    values = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False).astype(np.float64)
    whole = (values >= 0.0) & (values < WHOLE_FLOATS) & (values == np.floor(values))
    numbers = np.where(whole & ~missing, values, UNKNOWN).astype(np.int64)
    return numbers, ~whole & ~missing
