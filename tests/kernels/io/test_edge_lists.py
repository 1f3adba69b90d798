"""Edge lists as people keep them, and every fault named with its file and line."""

import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weishang.kernels import Graph
from weishang.kernels.graph.graph import Dropped
from weishang.kernels.io import edge_lists

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Write bytes to a file of the test's own and give its path."""

    def to_file(content: bytes, name: str = "edges.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def edges_of(graph: Graph) -> list[tuple[int, int]]:
    sources = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    return list(zip(sources.tolist(), graph.indices.tolist(), strict=True))


@pytest.mark.parametrize(
    "content",
    [
        b"0 1\n0 2\n2 1\n",
        b"2 1\n0 2\n0 1",
        b"0\t1\n0\t2\n2\t1\n",
        b"  0   1 \n\t0 \t 2\t\n2 1\n",
        b"# a comment\n0 1\n  % another\n0 2\n#0 7\n2 1\n",
        b"\n\n0 1\n   \n0 2\n\t\n2 1\n\n",
        b"0 1\r\n# c\r\n0 2\r\n\r\n2 1\r\n",
        b"0 1\r0 2\r2 1\r",
        b"\xef\xbb\xbf0 1\n0 2\n2 1\n",
        b"\xef\xbb\xbf# made elsewhere\n0 1\n0 2\n2 1\n",
        b"+0 01\n0 2\n2 1\n",
    ],
    ids=[
        "plain", "unsorted-no-end", "tabs", "indented", "comments", "blank", "crlf", "cr",
        "bom", "bom-comment", "signed",
    ],
)  # fmt: skip
def test_the_same_edges_in_many_hands(write: Writer, content: bytes) -> None:
    assert edges_of(Graph.from_edge_list(write(content))) == [(0, 1), (0, 2), (2, 1)]
    zipped = write(gzip.compress(content), "edges.txt.gz")
    assert edges_of(Graph.from_edge_list(str(zipped))) == [(0, 1), (0, 2), (2, 1)]


def test_gzip_is_known_by_its_content_too(write: Writer) -> None:
    graph = Graph.from_edge_list(write(gzip.compress(b"0 1\n"), "edges.dat"))
    assert edges_of(graph) == [(0, 1)]


def test_nodes_without_edges_count_up_to_the_largest_id(write: Writer) -> None:
    graph = Graph.from_edge_list(write(b"5 2\n"))
    assert graph.num_nodes == 6
    assert graph.degrees.tolist() == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("weight", ["0.1", "0.30000000000000004", "1e-3", "1", "0", ".5", "-0"])
def test_weights_are_read_to_the_last_bit(write: Writer, weight: str) -> None:
    graph = Graph.from_edge_list(write(f"# from to weight\n1 0 {weight}\n0 1 0.7\n".encode()))
    assert graph.weights.tolist() == [0.7, float(weight)]


def test_a_simple_graph_drops_and_counts(write: Writer) -> None:
    path = write(b"0 1\n0 1\n1 0\n2 2\n0 1\n2 2\n1 2\n")
    directed = Graph.from_edge_list(path)
    assert edges_of(directed) == [(0, 1), (1, 0), (1, 2)]
    assert directed.dropped == Dropped(self_loops=2, repeats=2)
    undirected = Graph.from_edge_list(path, directed=False)
    assert edges_of(undirected) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert undirected.dropped == Dropped(self_loops=2, repeats=3)


def test_repeats_that_agree_in_weight_are_dropped(write: Writer) -> None:
    path = write(b"0 1 .5\n1 0 0.50\n0 1 5e-1\n")
    graph = Graph.from_edge_list(path, directed=False)
    assert edges_of(graph) == [(0, 1), (1, 0)]
    assert graph.weights.tolist() == [0.5, 0.5]
    assert graph.dropped == Dropped(repeats=2)


@pytest.mark.parametrize(
    ("name", "directed", "num_nodes", "num_edges", "dropped"),
    [
        ("facebook_combined.txt", False, 4_039, 176_468, Dropped()),
        ("wiki-vote.txt", True, 8_298, 103_689, Dropped()),
        ("nethept.txt", False, 15_233, 62_752, Dropped(self_loops=39, repeats=27_476)),
    ],
)
def test_public_graphs(
    shared_graph: Callable[[str], Path],
    name: str,
    directed: bool,
    num_nodes: int,
    num_edges: int,
    dropped: Dropped,
) -> None:
    path = shared_graph(name)
    graph = Graph.from_edge_list(path, directed=directed)
    assert (graph.num_nodes, graph.num_edges, graph.dropped) == (num_nodes, num_edges, dropped)
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    pairs = {tuple(map(int, line.split()[:2])) for line in lines}
    if not directed:
        pairs |= {(v, u) for u, v in pairs}
    assert edges_of(graph) == sorted(pair for pair in pairs if pair[0] != pair[1])


def test_blocks_meet_at_whole_lines(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{i} {i * 7 % 100} 0.{i % 9 + 1}" for i in range(100)]
    path = write("\n".join(["# head", *lines]).encode())
    whole = Graph.from_edge_list(path)
    monkeypatch.setattr(edge_lists, "BLOCK_BYTES", 13)
    assert Graph.from_edge_list(path).fingerprint() == whole.fingerprint()


def test_a_late_fault_keeps_its_line_number(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_lists, "BLOCK_BYTES", 64)
    path = write(b"# head\n" + b"0 1\n" * 500 + b"0 x\n" + b"0 1\n" * 500)
    with pytest.raises(ValueError, match=r"edges\.txt, line 502: 'x' is not a node id"):
        Graph.from_edge_list(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0 1\n1 b\n", "line 2: 'b' is not a node id"),
        (b"# c\n\n0 1\na 1\n", "line 4: 'a' is not a node id"),
        (b"0 1\n2 1.0\n", "line 2: '1.0' is not a node id"),
        (b"0 1\n2 NaN\n", "line 2: 'NaN' is not a node id"),
        (b"0 1\n2 1_0\n", "line 2: '1_0' is not a node id"),
        (b'0 1\n"2" 3\n', "line 2: '\"2\"' is not a node id"),
        (b"0\x00 1\n", r"line 1: '0\\x00' is not a node id"),
        (b"0 \xff\n", r"line 1: '\\\\xff' is not a node id"),
        (b"0 1\n-1 2\n", "line 2: node id '-1' is negative"),
        (b"0 1\n1 2147483648\n", r"line 2: node id '2147483648' is past 2\^31 - 1"),
        (b"0 1\n1 18446744073709551616\n", "line 2: node id '18446744073709551616' is past"),
        (b"0 1\n1 " + b"9" * 5_000 + b"\n", "line 2: node id '9{37}...' is past"),
        (b"0 1 .5\n1 2 nan\n", "line 2: weight 'nan' is outside"),
        (b"0 1 .5\n1 2 inf\n", "line 2: weight 'inf' is outside"),
        (b"0 1 .5\n1 2 -0.1\n", "line 2: weight '-0.1' is outside"),
        (b"0 1 .5\n1 2 1.5\n", "line 2: weight '1.5' is outside"),
        (b"0 1 .5\n1 2 half\n", "line 2: weight 'half' is outside"),
        (b"0 1 7\n", "line 1: weight '7' is outside"),
        (b"0 1\n1 2 .5\n", "line 2: 3 columns where 2 are expected"),
        (b"0 1 .5\n1 2\n", "line 2: 2 columns where 3 are expected"),
        (b"0 1 .5\n1\n", "line 2: 1 columns where 3 are expected"),
        (b"7\n", "line 1: 1 columns"),
        (b"0,1\n", "line 1: 1 columns"),
        (b"0 1 2 3\n", "line 1: 4 columns"),
        (b"0 1 # why\n", "line 1: 4 columns"),
    ],
)
def test_a_faulty_line_is_named(write: Writer, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=rf"edges\.txt, {message}"):
        Graph.from_edge_list(write(content))
    zipped = write(gzip.compress(content), "edges.gz")
    with pytest.raises(ValueError, match=rf"edges\.gz, {message}"):
        Graph.from_edge_list(zipped)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"# only\n% words\n"])
def test_nothing_in_it(write: Writer, content: bytes) -> None:
    for path in (write(content), write(gzip.compress(content), "edges.txt.gz")):
        with pytest.raises(ValueError, match=re.escape(f"{path}: no edge in it")):
            Graph.from_edge_list(path)


def test_missing_or_a_folder(tmp_path: Path) -> None:
    for name in ("missing.txt", "missing.txt.gz"):
        with pytest.raises(ValueError, match=rf"{name}: No such file"):
            Graph.from_edge_list(tmp_path / name)
    with pytest.raises(ValueError, match="is a folder"):
        Graph.from_edge_list(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_not_allowed_to_read(write: Writer) -> None:
    path = write(b"0 1\n")
    path.chmod(0)
    with pytest.raises(ValueError, match=r"edges\.txt: Permission denied"):
        Graph.from_edge_list(path)


def test_truncated_gzip_names_the_last_whole_line(write: Writer) -> None:
    text = "".join(f"{i} {i * 31 % 20_011}\n" for i in range(20_000)).encode()
    packed = gzip.compress(text)
    for keep in (12, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        path = write(packed[:keep], "edges.txt.gz")
        with pytest.raises(ValueError, match=r"edges\.txt\.gz: broken gzip data") as caught:
            Graph.from_edge_list(path)
        line = int(re.search(r"after line (\d+)", str(caught.value))[1])
        assert line <= 20_000
        assert line > 0.7 * 20_000 * keep / len(packed) - 5_000


def test_what_is_no_gzip_behind_its_name(write: Writer) -> None:
    for content in (b"0 1\n", gzip.compress(b"0 1\n") + b"leftover"):
        with pytest.raises(ValueError, match=r"edges\.gz: broken gzip data"):
            Graph.from_edge_list(write(content, "edges.gz"))
    damaged = bytearray(gzip.compress(bytes(range(48, 58)) * 500))
    damaged[30] ^= 0xFF
    with pytest.raises(ValueError, match=r"edges\.gz: broken gzip data"):
        Graph.from_edge_list(write(bytes(damaged), "edges.gz"))


def test_repeats_that_disagree_in_weight_are_named(write: Writer) -> None:
    path = write(b"# c\n0 1 .5\n1 0 .5\n0 1 .5\n\n0 1 .6\n")
    with pytest.raises(ValueError, match=r"edges\.txt, lines 2, 4, 6: edge 0 1 is repeated"):
        Graph.from_edge_list(path)
    path = write(b"3 2 .5\n2 3 .25\n")
    assert Graph.from_edge_list(path).num_edges == 2
    with pytest.raises(ValueError, match=r"edges\.txt, lines 1, 2: edge 2 3 is repeated"):
        Graph.from_edge_list(path, directed=False)


@pytest.mark.parametrize("largest", [2**31 - 1, 2**30, edge_lists.FREE_NODES])
def test_one_huge_id_is_no_graph(write: Writer, largest: int) -> None:
    path = write(b"0 1\n0 %d\n" % largest)
    with pytest.raises(ValueError, match=rf"edges\.txt: id {largest} .* renumber the nodes"):
        Graph.from_edge_list(path)
    path = write(b"0 1\n0 %d\n" % (edge_lists.FREE_NODES - 1))
    assert Graph.from_edge_list(path).num_nodes == edge_lists.FREE_NODES


def test_a_sparse_graph_is_one_with_an_edge_for_sixteen_nodes(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_lists, "FREE_NODES", 10)
    assert Graph.from_edge_list(write(b"0 1\n0 31\n")).num_nodes == 32
    with pytest.raises(ValueError, match=r"id 32 .* makes 33 nodes of 2 edges, fewer than one for"):
        Graph.from_edge_list(write(b"0 1\n0 32\n"))


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        (5, r"edges\.txt: edges up to those from line 1 take 0\.0 GB of 0\.0 GB of memory"),
        (130, r"edges\.txt: id 999 .* makes 1000 nodes: row offsets take 0\.0 GB"),
    ],
)
def test_what_does_not_fit_is_refused(
    write: Writer, monkeypatch: pytest.MonkeyPatch, pages: int, told: str
) -> None:
    path = write(b"0 1\n" * 40 + b"0 999\n")
    small = {"SC_PAGE_SIZE": 100, "SC_PHYS_PAGES": pages}
    monkeypatch.setattr(os, "sysconf", small.__getitem__)
    with pytest.raises(ValueError, match=told):
        Graph.from_edge_list(path)


def test_a_line_of_many_columns_is_refused(write: Writer) -> None:
    with pytest.raises(ValueError, match=r"line 1: 100000 columns where 3 are expected"):
        Graph.from_edge_list(write(b"0 " * 100_000))


def test_many_lines_that_disagree_are_not_all_named(write: Writer) -> None:
    path = write(b"0 1 .5\n" * 30 + b"0 1 .6\n")
    numbers = ", ".join(str(number) for number in range(1, 11))
    with pytest.raises(ValueError, match=rf"lines {numbers} and perhaps more: edge 0 1"):
        Graph.from_edge_list(path)


CELLS = st.sampled_from(
    [b"0", b"1", b"2", b"12", b"-0", b"-1", b"+3", b"007", b"0.5", b"1", b".25", b"nan", b"x", b"#",
     b"%", b"1e0", b"2147483647", b"2147483648", b"9" * 19, b"9" * 25, b"", b"NA", b"inf", b"1_0",
     b'"1"', b"True", b"\xc3\xa9", b"0x1"]
)  # fmt: skip
LINES = st.lists(CELLS, max_size=4).map(b" ".join)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(LINES, max_size=5),
    good=st.lists(st.sampled_from([b"0 1", b"1 2", b"0 1 0.5", b"2 0 1"]), max_size=4),
    end=st.sampled_from([b"\n", b"\r\n"]),
    mixed=st.randoms(use_true_random=False),
)
def test_the_quick_parser_reads_and_refuses_what_the_exact_one_does(
    lines: list[bytes],
    good: list[bytes],
    end: bytes,
    mixed: object,
    write: Writer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = [*lines, *good]
    mixed.shuffle(content)
    path = write(end.join(content))
    quick = outcome(path)
    with monkeypatch.context() as patch:
        patch.setattr(edge_lists, "_parse_fast", lambda text, columns: None)
        assert outcome(path) == quick


def outcome(path: Path) -> object:
    """The edges, or the words of the refusal."""
    try:
        edges = edge_lists.read(path)
    except ValueError as error:
        return str(error)
    weights = None if edges.weights is None else edges.weights.tolist()
    return edges.source.tolist(), edges.target.tolist(), weights
