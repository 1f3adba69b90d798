"""People's attributes from a file: what it says is taken, and what is odd in it is named."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from weishang.experiments.readers import people, table_blocks
from weishang.experiments.readers.people import read_nodes
from weishang.kernels import Graph
from weishang.model.society.group_chats import NO_FOUNDER
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters

PARAMETERS = SocietyParameters(num_interests=4, num_budgets=5, num_places=300)
N = 6
FULL = """node,interest,budget,place,groups
4,3,0,299,book club|7
0,0,4,0,
2,,1,17, 7 |book club
"""


def _read(folder, text, num_nodes=N, name="nodes.csv"):
    path = folder / name
    path.write_text(text)
    return read_nodes(path, num_nodes, PARAMETERS)


def _chats(groups):
    return [row.tolist() for row in np.split(groups.members, groups.bounds[1:-1])]


def test_columns_are_put_where_their_nodes_are(tmp_path):
    known = _read(tmp_path, FULL)
    assert known.interest.tolist() == [0, -1, -1, -1, 3, -1]
    assert known.budget_class.tolist() == [4, -1, 1, -1, 0, -1]
    assert known.place.tolist() == [0, -1, 17, -1, 299, -1]
    assert (known.interest.dtype, known.place.dtype) == (np.int8, np.int16)
    assert _chats(known.groups) == [[2, 4], [2, 4]]
    assert known.groups.founder.tolist() == [NO_FOUNDER] * 2
    assert known.groups.num_people == N


def test_columns_that_are_missing_stay_unknown(tmp_path):
    known = _read(tmp_path, "node,budget\n1,2\n")
    assert known.interest is known.place is known.groups is None
    assert known.budget_class.tolist() == [-1, 2, -1, -1, -1, -1]


def test_groups_do_not_depend_on_the_order_of_rows(tmp_path):
    rows = ["3,b|a", "0,c", "5,a|c|b", "1,"]
    one, other = (
        _read(tmp_path, "\n".join(["node,groups", *order])).groups for order in (rows, rows[::-1])
    )
    assert _chats(one) == [[3, 5], [3, 5], [0, 5]]
    assert one.fingerprint() == other.fingerprint()


def test_nobody_in_a_group(tmp_path):
    groups = _read(tmp_path, "node,groups\n1,\n").groups
    assert (groups.num_groups, groups.bounds.tolist()) == (0, [0])


def test_parquet_says_the_same(tmp_path):
    table = pd.read_csv(_file(tmp_path, FULL), dtype={"groups": "str"})
    assert table["interest"].dtype.kind == "f"
    path = tmp_path / "nodes.parquet"
    table.to_parquet(path)
    known, same = read_nodes(path, N, PARAMETERS), _read(tmp_path, FULL)
    for name in ("interest", "budget_class", "place"):
        assert np.array_equal(getattr(known, name), getattr(same, name))
    assert known.groups.fingerprint() == same.groups.fingerprint()


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([2, None, 0], pa.uint8()),
        pa.array([2.0, None, 0.0]),
        pa.array(["2", "", "0"]),
        pa.array(["2.0", None, " 0 "]),
        pa.array(["2", None, "0"]).dictionary_encode(),
    ],
    ids=str,
)
def test_parquet_takes_whole_numbers_of_any_type(tmp_path, cells):
    path = tmp_path / "nodes.parquet"
    nodes = pa.array([5, 1, 0], pa.int32())
    parquet.write_table(pa.table({"node": nodes, "interest": cells}), path)
    assert read_nodes(path, N, PARAMETERS).interest.tolist() == [0, -1, -1, -1, -1, 2]


def test_parquet_takes_groups_of_numbers_and_an_empty_column(tmp_path):
    path = tmp_path / "nodes.parquet"
    for cells, chats in ((pa.array([7, None, 7]), [[0, 5]]), (pa.nulls(3), [])):
        table = pa.table({"node": [5, 1, 0], "groups": cells, "place": pa.nulls(3)})
        parquet.write_table(table, path)
        known = read_nodes(path, N, PARAMETERS)
        assert known.groups.num_groups == len(chats)
        assert not chats or _chats(known.groups) == chats
        assert (known.place == -1).all()


def _file(folder, text):
    path = folder / "nodes.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("node,intrest\n0,1\n", r":1: unknown column 'intrest'; the nearest is 'interest'"),
        ("node,Budget\n0,1\n", r":1: unknown column 'Budget'; the nearest is 'budget'"),
        ("\nnode;interest\n0;1\n", r":2: unknown column 'node;interest'"),
        ("interest,place\n0,1\n", r":1: no column 'node'"),
        ("node\n0\n", r":1: only 'node'; give any of interest"),
        ("node,place,place\n0,1,1\n", r":1: column 'place' stands twice"),
        ("node,place\n", r": no node in it; give a row a node"),
        ("", r": is empty"),
        ("node,place\n0,1\n1,2\n0,1\n", r":4: node 0 stands in line 2 already"),
        ("node,place\n6,1\n", r":2: node is '6'; give a node of the graph, .* in 0 \.\. 5"),
        ("node,place\n-1,1\n", r":2: node is '-1'; give a node of the graph"),
        ("node,place\n1.5,1\n", r":2: node is '1\.5'; give a node of the graph"),
        ("node,place\n,1\n", r":2: node is missing; give its id"),
        ("node,place\n0,1\n1,NaN\n", r":3: place is 'NaN'; give a class, .* in 0 \.\. 299"),
        ("node,place\n0,300\n", r":2: place is '300'; give a class"),
        ("node,interest\n0,sport\n", r":2: interest is 'sport'; give a class, .* in 0 \.\. 3"),
        ("node,interest\n0,-1\n", r":2: interest is '-1'; give a class"),
        ("node,interest\n0,1e0\n", r":2: interest is '1e0'; give a class"),
        ("node,interest\n0,99999999999999999999\n", r":2: interest is '9{20}'; give a class"),
        ("node,budget\n0,0.83\n", r":2: budget is '0\.83'; give a class, .* in 0 \.\. 4"),
        ("node,groups\n0,a\n1,a||b\n", r":3: names a group with an empty id"),
        ("node,groups\n0,|\n", r":2: names a group with an empty id"),
        ("node,groups\n0,a|b|a\n", r":2: names group 'a' twice"),
        ("node,groups\n0," + "x" * 101 + "\n", r":2: group id 'x{37}\.\.\.' has more than 100"),
    ],
)
def test_a_fault_is_named_with_file_and_line(tmp_path, text, fault):
    with pytest.raises(ValueError, match=rf"^\S+nodes\.csv{fault}"):
        _read(tmp_path, text)


def test_too_many_memberships_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(people, "MOST_MEMBERSHIPS", 3)
    with pytest.raises(ValueError, match=r"nodes\.csv:3: more than 3 memberships so far"):
        _read(tmp_path, "node,groups\n0,a|b\n1,a|b\n")


def test_a_node_twice_is_found_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(table_blocks, "BLOCK_BYTES", 8)
    with pytest.raises(ValueError, match=r":7: node 1 stands in line 3 already"):
        _read(tmp_path, "node,place\n0,1\n1,1\n2,1\n3,1\n4,1\n1,1\n")


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (pa.array([0.0, float("nan")]), r", row 2: interest is 'nan'; give a class"),
        (pa.array([0.0, 1.5]), r", row 2: interest is '1\.5'; give a class"),
        (pa.array([0, -1]), r", row 2: interest is '-1'; give a class"),
        (pa.array([0, 2**64 - 1], pa.uint64()), r", row 2: interest is '18446744073709551615'"),
        (pa.array([0.0, 1e300]), r", row 2: interest is '1e\+300'; give a class"),
        (pa.array([True, False]), r": column 'interest' is of bool; give whole numbers"),
        (pa.array([[1], [2]]), r": column 'interest' is of list<.*give numbers or text"),
    ],
    ids=str,
)
def test_a_fault_in_parquet_is_named_with_its_row(tmp_path, cells, fault):
    path = tmp_path / "nodes.parquet"
    parquet.write_table(pa.table({"node": [0, 1], "interest": cells}), path)
    with pytest.raises(ValueError, match=rf"^\S+nodes\.parquet{fault}"):
        read_nodes(path, N, PARAMETERS)


def test_parquet_groups_of_another_type_are_refused(tmp_path):
    path = tmp_path / "nodes.parquet"
    parquet.write_table(pa.table({"node": [0, 1], "groups": [["a"], ["b"]]}), path)
    with pytest.raises(ValueError, match=r"column 'groups' is of list<.*give numbers or text"):
        read_nodes(path, N, PARAMETERS)


@given(
    cells=st.lists(
        st.tuples(
            st.sampled_from(["0", "1", "5", "6", "-1", "", "x", "3.0"]),
            st.sampled_from(["0", "3", "4", "", " 2", "nan", "1.0", '"1"']),
            st.sampled_from(["", "a", "a|b", "|", "a|a", "b | c", '"a,b"']),
        ),
        max_size=6,
    )
)
def test_a_table_is_read_or_refused_in_one_line(tmp_path_factory, cells):
    text = "node,interest,groups\n" + "".join(f"{','.join(row)}\n" for row in cells)
    known, fault = _known_or_fault(tmp_path_factory.mktemp("any"), text)
    if fault:
        assert "nodes.csv" in fault
        assert "\n" not in fault
        return
    for node, interest, groups in cells:
        at = int(float(node))
        number = interest.strip(' "')
        assert known.interest[at] == (int(float(number)) if number else -1)
        assert (known.groups.members == at).sum() == len([x for x in groups.split("|") if x])


def _known_or_fault(folder, text):
    try:
        return _read(folder, text), ""
    except ValueError as error:
        return None, str(error)


def test_a_graph_takes_what_the_file_says_and_imputes_the_rest(tmp_path):
    ring = Graph.from_edges(np.arange(N), (np.arange(N) + 1) % N, directed=False)
    known = _read(tmp_path, FULL)
    society = from_graph(ring, PARAMETERS, np.random.default_rng(1), known)
    for name in ("interest", "budget_class", "place"):
        given, taken = getattr(known, name), getattr(society, name)
        assert np.array_equal(taken[given >= 0], given[given >= 0])
        assert set(taken) <= set(given[given >= 0])
    assert society.place[5] in (society.place[0], society.place[4])
