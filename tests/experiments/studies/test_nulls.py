"""The table of null models: what each was given, what it adds, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis.estimands import ALL, BY_REACHED, THERE
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.storage import manifest, tables
from weishang.experiments.storage.report import Report
from weishang.experiments.studies import nulls
from weishang.experiments.studies.reach.estimands import ESTIMANDS
from weishang.kernels import Graph

LEVEL_COLUMNS = [f"level_{level}" for level in LEVELS]
MODEL = {
    ("t2_l1_reach", THERE): 12.0,
    ("t2_l2_reach", THERE): 36.0,
    ("t2_l3_reach", THERE): 20.0,
    ("t2_l1_reach", ALL): 10.0,
    ("t2_l2_reach", ALL): 5.0,
    ("t2_l3_reach", ALL): 1.5,
    ("l1_conv", BY_REACHED): 0.12,
    ("l2_conv", BY_REACHED): 0.04,
    ("t1_moments_conv", BY_REACHED): 0.09,
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A file with 1,000 people of some 20 friends."""
    path = tmp_path_factory.mktemp("graph") / "random.txt"
    ends = np.random.default_rng(2).integers(0, 1000, (10_000, 2))
    path.write_text("".join(f"{one} {other}\n" for one, other in ends))
    return path


def reach_results(out, graph, **changes):
    """Results as `reach` leaves them, with these values for the model."""
    values = {**MODEL, **{tuple(key.split(" | ")): value for key, value in changes.items()}}
    frame = pd.DataFrame(
        [
            {"figure": item.figure, "reading": item.reading, "value": value}
            for item in ESTIMANDS
            if (value := values.get((item.figure, item.reading), 0.0)) is not None
        ]
    )
    with Report("reach", out, title="Reach", parameters={}) as report:
        report.graph_hash = Graph.from_edge_list(graph, directed=False).fingerprint()
        report.table("estimands", frame, "Reach and conversion")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, graph):
    out = tmp_path_factory.mktemp("out")
    reach_results(out, graph)
    nulls.nulls(graph=graph, seed=3, out=out)
    return out / "nulls"


@pytest.fixture(scope="module")
def table(folder):
    return tables.read(folder / "nulls.csv").set_index(["model", "reading"])


def levels(table, model, reading):
    return table.loc[(model, reading), LEVEL_COLUMNS].tolist()


def test_the_folder_is_whole(folder, graph):
    names = {path.name for path in folder.iterdir()}
    figures = {"nulls.pdf", "nulls.png"}
    assert names == {"codebook.csv", "manifest.json", "nulls.csv", "table.md", *figures}
    manifest.verify(folder)
    inputs = [item["name"] for item in manifest.read(folder)["inputs"]]
    assert inputs == ["estimands.csv", graph.name]


def test_every_column_is_described(folder):
    book = tables.read(folder / "codebook.csv").groupby("table")["column"].apply(list)
    assert set(book.index) == {"codebook", "nulls"}
    assert book["nulls"] == list(nulls.COLUMNS)


def test_the_model_stands_beside_its_nulls(table):
    assert levels(table, "this model", THERE) == [12.0, 36.0, 20.0]
    assert levels(table, "this model", ALL) == [10.0, 5.0, 1.5]
    assert (table.loc["this model", "conversion"] == 0.09).all()


def test_a_branching_process_goes_on_from_the_models_levels(table):
    assert levels(table, "branching process", THERE) == [12.0, 36.0, 108.0]
    assert levels(table, "branching process", ALL) == [10.0, 5.0, 2.5]
    of_all = (12 * 0.12 + 144 * 0.04) / 156
    assert table.loc[("branching process", THERE), "conversion"] == pytest.approx(of_all)


def test_an_epidemic_meets_what_it_was_given_and_grows_less(table):
    first, second, third = levels(table, "mean-field SIR", THERE)
    assert (first, second) == pytest.approx((12.0, 36.0))
    assert 36.0 < third < 108.0


def test_each_cascade_meets_its_level(table):
    names = [name for name, _ in table.index if name.startswith("independent cascade")]
    assert [name.rpartition(" ")[2] for name in names] == ["1", "2"]
    for name, level, target in zip(names, (0, 1), (12.0, 36.0), strict=True):
        assert levels(table, name, THERE)[level] == pytest.approx(target, rel=0.02)
        assert table.loc[(name, THERE), "conversion"] == pytest.approx(0.12)


def test_two_runs_give_the_same_table(folder, graph, tmp_path):
    reach_results(tmp_path, graph)
    nulls.nulls(graph=graph, seed=3, out=tmp_path)
    for name in ("nulls.csv", "table.md", "nulls.png"):
        assert (tmp_path / "nulls" / name).read_bytes() == (folder / name).read_bytes()


def test_a_level_that_is_not_got_to_has_no_cascade(tmp_path, graph):
    reach_results(tmp_path, graph, **{f"t2_l{level}_reach | {THERE}": 0.0 for level in (2, 3)})
    nulls.nulls(graph=graph, seed=3, out=tmp_path)
    names = tables.read(tmp_path / "nulls" / "nulls.csv")["model"]
    cascades = [name for name in names if name.startswith("independent cascade")]
    assert len(cascades) == 1
    assert cascades[0].endswith("meets level 1")


def test_without_the_reach_experiment_there_is_nothing_to_compare(tmp_path, graph):
    with pytest.raises(ValueError, match=r"estimands\.csv: not there; run the reach experiment"):
        nulls.nulls(graph=graph, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_from_another_graph_are_refused(tmp_path, graph):
    reach_results(tmp_path, graph)
    other = tmp_path / "other.txt"
    other.write_text("0 1\n1 2\n")
    with pytest.raises(ValueError, match=r"estimands\.csv: made on another graph"):
        nulls.nulls(graph=other, out=tmp_path)
    assert not (tmp_path / "nulls").exists()


def test_nobody_reached_is_told(tmp_path, graph):
    reach_results(tmp_path, graph, **{f"t2_l1_reach | {THERE}": 0.0})
    with pytest.raises(ValueError, match="nobody is reached"):
        nulls.nulls(graph=graph, out=tmp_path)
