"""Tables of a sweep: types of columns, what runs come to, effects, units and codebook."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import paired
from weishang.experiments.sweep.results import rows, tables
from weishang.experiments.sweep.store import plan as sweep_plan

SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 7
users = 300
sellers = 20
days = 1
replicates = {replicates}

[parameters]
"rules.group_cap" = {{ values = [200, 500] }}
"weights.trust" = {{ values = [1.0, 2.0, 3.0] }}
"rules.friends_first" = {{ values = [true, false] }}
"attention.tired" = {{ values = [[0.0, 0.3, 0.7], [0.0, 0.0, 0.0]] }}

[policies.usual]
[policies.no_livestreams]
"rules.livestreams" = false
[policies.induced]
"rules.induced_sharing" = true
"""


def plan_of(folder, replicates=4):
    path = folder / "small.toml"
    path.write_text(SWEEP.format(replicates=replicates), encoding="utf-8")
    return sweep_plan.make(path)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return plan_of(tmp_path_factory.mktemp("sweeps"))


@pytest.fixture(scope="module")
def values(plan):
    """Outcomes, [points, replicates, policies, outcomes]."""
    shape = (len(plan.points), plan.replicates, 3, len(rows.outcomes()))
    return np.random.default_rng(5).gamma(2.0, 3.0, shape)


def test_outcomes_are_those_of_markets_and_of_campaigns():
    names = [one.name for one in rows.outcomes()]
    assert len(set(names)) == len(names)
    markets = [one.name for one in paired.market_outcomes(1.0)]
    campaigns = [f"campaign_{one.name}" for one in paired.campaign_outcomes(1.0)]
    assert names == [*markets, *campaigns]
    for one in rows.outcomes():
        assert (one.beside or one.name) in names


def test_columns_have_one_type_in_all_parts(plan):
    dtypes = {"rules.group_cap": "int64", "weights.trust": "float64", "rules.friends_first": "bool"}
    for name, dtype in dtypes.items():
        assert rows.varied_column(plan, name, [1]).dtype == dtype
        assert rows.varied_column(plan, name, []).dtype == dtype
    text = rows.varied_column(plan, "attention.tired", [(0.0, 0.3), (1.0,)])
    assert text.tolist() == ["[0.0, 0.3]", "[1.0]"]
    empty = rows.runs_frame(plan, [])
    assert list(empty.columns) == list(tables.units(plan, "runs"))
    assert empty["world_seed"].dtype == np.uint64
    assert empty["reach"].dtype == np.float64
    assert empty["run"].dtype == empty["num_sellers"].dtype == np.int64


def test_points_are_listed_in_their_order(plan):
    points = tables.points_frame(plan)
    assert points["point"].tolist() == list(range(24))
    assert list(points.columns)[1:] == list(plan.varied)
    for point in plan.points:
        row = points.loc[point.number]
        assert row["rules.group_cap"] == point.values["rules.group_cap"]
        assert row["weights.trust"] == point.values["weights.trust"]


def test_the_summary_is_counted_over_replicates(plan, values):
    table = tables.summary(plan, values)
    names = [one.name for one in rows.outcomes()]
    assert len(table) == 24 * 3 * len(names)
    for point, at, name in ((0, 0, "reach"), (7, 2, "campaign_sharing"), (23, 1, "profit")):
        policy = plan.policies[at].name
        chosen = (table["point"] == point) & (table["policy"] == policy)
        row = table[chosen & (table["outcome"] == name)].squeeze()
        own = pd.Series(values[point, :, at, names.index(name)])
        assert row["mean"] == pytest.approx(own.mean())
        assert row["sd"] == pytest.approx(own.std())
        assert row["n"] == 4
        # t of 3 degrees of freedom at 97.5%, from tables.
        margin = 3.182446 * own.std() / 2.0
        assert row["high"] - row["mean"] == pytest.approx(margin, rel=1e-6)
        assert row["mean"] - row["low"] == pytest.approx(margin, rel=1e-6)
        assert row["weights.trust"] == plan.points[point].values["weights.trust"]
        unit = next(one.unit for one in rows.outcomes() if one.name == name)
        assert row["unit"] == unit
    assert paired.CONFIDENCE == 0.95


def test_one_replicate_has_a_mean_and_no_interval(tmp_path):
    plan = plan_of(tmp_path, replicates=1)
    ones = np.ones((24, 1, 3, len(rows.outcomes())))
    table = tables.summary(plan, ones)
    assert (table["mean"] == 1.0).all()
    assert table[["sd", "low", "high"]].isna().all(axis=None)
    assert not tables.has_effects(plan)


def test_effects_are_those_of_pairs_against_the_first_policy(plan, values):
    assert tables.has_effects(plan)
    table = tables.effects(plan, values)
    names = [one.name for one in rows.outcomes()]
    order = [(point, at) for point in range(24) for at in (1, 2)]
    assert table["point"].tolist() == [point for point, _ in order for _ in names]
    assert table["policy"].tolist() == [plan.policies[at].name for _, at in order for _ in names]
    for begin, (point, at) in zip(range(0, len(table), len(names)), order, strict=True):
        own = table.iloc[begin : begin + len(names)].reset_index(drop=True)
        pair = (replicate_frame(values[point, :, other]) for other in (0, at))
        expected = paired.effects(*pair, rows.outcomes())
        pd.testing.assert_frame_equal(own[expected.columns], expected, rtol=1e-9)


@pytest.mark.parametrize(("usual", "other"), [(0.0, 0.0), (0.0, 2.0), (3.0, 3.0), (-1.0, 4.0)])
def test_effects_where_nothing_varies(plan, usual, other):
    shape = (24, 4, 3, len(rows.outcomes()))
    values = np.full(shape, usual)
    values[:, :, 1] = other
    values[:, :, 2] = np.arange(4.0)[None, :, None]
    table = tables.effects(plan, values)
    for at, policy in ((1, "no_livestreams"), (2, "induced")):
        own = table[(table["point"] == 5) & (table["policy"] == policy)].reset_index(drop=True)
        pair = (replicate_frame(values[5, :, other]) for other in (0, at))
        expected = paired.effects(*pair, rows.outcomes())
        pd.testing.assert_frame_equal(own[expected.columns], expected, rtol=1e-9)


def replicate_frame(values):
    """Outcomes by replicate as `paired` takes them."""
    names = [one.name for one in rows.outcomes()]
    return pd.DataFrame(values, columns=names).assign(replicate=range(len(values)))


def test_every_column_has_a_unit_and_a_meaning(plan, values):
    columns = {
        "runs": list(rows.runs_frame(plan, []).columns),
        "points": list(tables.points_frame(plan).columns),
        "summary": list(tables.summary(plan, values).columns),
        "effects": list(tables.effects(plan, values).columns),
        "outcomes": list(tables.described_outcomes().columns),
    }
    book = tables.codebook(plan, columns)
    for table, names in columns.items():
        assert book.loc[book["table"] == table, "column"].tolist() == names
        assert set(tables.entries(plan, table)) == set(names)
    assert (book[["unit", "meaning"]] != "").all(axis=None)
    trust = book[(book["table"] == "runs") & (book["column"] == "rules.group_cap")]
    assert trust["unit"].item() == "people"


def test_a_column_that_nobody_described_is_refused(plan):
    with pytest.raises(ValueError, match="runs has column 'novelty'; describe it"):
        tables.codebook(plan, {"runs": ["run", "novelty"]})
