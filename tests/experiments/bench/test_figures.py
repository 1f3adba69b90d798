"""The benchmark's figures: no two programs look alike, and marks stand where the numbers are."""

import pandas as pd
import pytest

from weishang.experiments.bench import figures

GROWTH = pd.DataFrame(
    {
        "nodes": [10_000, 100_000],
        "graph_bytes": [480_000, 4_800_000],
        "median": [20.0, 30.0],
        "min": [19.0, 28.0],
        "max": [22.0, 33.0],
        "bound": [2.0, 3.0],
    }
)


def test_no_two_programs_look_alike() -> None:
    styles = [figures._style(name) for name in figures.NAMES]
    assert len({(one["color"], one["marker"]) for one in styles}) == len(styles)
    assert len({one["marker"] for one in styles}) == len(styles)


def test_caches_are_marked_where_the_graph_fills_them() -> None:
    caches = pd.DataFrame([(1, 32_768), (2, 1 << 20), (3, 3 << 20)], columns=["level", "bytes"])
    (axes,) = figures.draw_growth(GROWTH, caches).axes
    upright = [line.get_xdata() for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert [ends[0] for ends in upright] == pytest.approx([(1 << 20) / 48, (3 << 20) / 48])
    assert [text.get_text() for text in axes.texts] == ["L2: 1 MiB", "L3: 3 MiB"]


def test_growth_needs_no_caches() -> None:
    none = pd.DataFrame(columns=["level", "bytes"])
    (axes,) = figures.draw_growth(GROWTH, none).axes
    assert len(axes.texts) == 0


def test_cost_is_of_the_largest_graph() -> None:
    rows = [
        (nodes, p, name, cost)
        for nodes in (1_000, 9_000)
        for p in (0.02, 0.1)
        for name, cost in (("numba", nodes + p), ("pynetim", nodes * 10 + p))
    ]
    speed = pd.DataFrame(rows, columns=["nodes", "p", "program", "ns_a_person"])
    bound = pd.DataFrame({"p": [0.02, 0.1], "bound": [5.0, 6.0]})
    backends, others = figures.draw_cost(speed, bound).axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in others.lines}
    assert drawn == {
        "numba": [9_000.02, 9_000.1],
        "pynetim": [90_000.02, 90_000.1],
        "reads alone": [5.0, 6.0],
    }
    assert [line.get_label() for line in backends.lines] == ["numba", "reads alone"]


def test_speeds_are_drawn_in_their_setting() -> None:
    rows = [(9, 0.1, "numba", 50.0), (9, 0.2, "numba", 40.0), (9, 0.2, "EoN", 2.0)]
    speed = pd.DataFrame(rows, columns=["nodes", "p", "program", "median"])
    speed = speed.assign(min=speed["median"] / 2, max=speed["median"] * 2)
    absent = pd.DataFrame({"program": ["NDlib"], "median": [float("nan")]})
    (axes,) = figures.draw_speed(pd.concat([speed, absent])).axes
    drawn = {one.get_label(): one.lines[0] for one in axes.containers}
    assert list(drawn["numba"].get_ydata()) == [50.0, 40.0]
    assert [round(x) for x in drawn["EoN"].get_xdata()] == [1]
    assert "NDlib" not in drawn
