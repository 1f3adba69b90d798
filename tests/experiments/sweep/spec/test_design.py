"""Designs: their order, their strata, and what they do not depend on."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weishang.experiments.scenario.scenario_file import FOLDER
from weishang.experiments.simulate.replicates import SeedStream
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.design import MAX_POINTS, Point, check_size, design, num_points
from weishang.experiments.sweep.spec.sweep_file import Policy, Varied
from weishang.kernels.rng import derive

HEAD = """format = 1
name = "trust"
seed = 7
users = 300
sellers = 10
days = 2
replicates = 3
method = "grid"
"""
TRUST = Varied("weights.trust", float, (), 0.0, 2.0)
PRICE = Varied("weights.price", float, (), 0.01, 100.0, "log")
CAP = Varied("rules.group_cap", int, (), 2, 5)
SWITCH = Varied("mechanisms.search", bool, (True, False))


@pytest.fixture
def sweep(write):
    """A sweep with some of its file's keys changed."""
    usual = sweep_file.load(write(HEAD))

    def sweep(method, *parameters, points=None, **changed):
        return replace(usual, method=method, parameters=parameters, points=points, **changed)

    return sweep


def values(points):
    return [tuple(point.values.values()) for point in points]


def test_without_parameters_there_is_one_point(sweep):
    assert design(sweep("grid")) == (Point(0, {}),)


def test_a_grid_has_all_combinations_the_first_parameter_slowest(sweep):
    trust = Varied("weights.trust", float, (3.0, 1.0))
    points = design(sweep("grid", trust, SWITCH))
    assert [point.number for point in points] == [0, 1, 2, 3]
    assert values(points) == [(3.0, True), (3.0, False), (1.0, True), (1.0, False)]
    assert points[1].values == {"weights.trust": 3.0, "mechanisms.search": False}


def test_people_and_their_groups_change_slowest_in_a_grid(sweep):
    groups = Varied("groups.median_size", float, (8.0, 9.0))
    friends = Varied("society.mean_friends", float, (10.0, 20.0))
    points = design(sweep("grid", SWITCH, groups, friends))
    assert list(points[0].values) == [friends.name, groups.name, SWITCH.name]
    assert [point.values[friends.name] for point in points] == [10.0] * 4 + [20.0] * 4


@pytest.mark.parametrize("method", ["random", "latin_hypercube"])
def test_points_lie_in_their_ranges(sweep, method):
    points = design(sweep(method, TRUST, PRICE, CAP, SWITCH, points=200))
    assert len(points) == 200
    trust, price, cap, switch = zip(*values(points), strict=True)
    assert 0.0 <= min(trust) < 0.1
    assert 1.9 < max(trust) <= 2.0
    assert 0.01 <= min(price) < max(price) <= 100.0
    # A log scale has as many below the middle of the exponents as above.
    assert 70 < sum(one < 1.0 for one in price) < 130
    assert set(cap) == {2, 3, 4, 5}
    assert {type(one) for one in cap} == {int}
    assert set(switch) == {True, False}


def test_a_hypercube_uses_each_part_of_each_range_once(sweep):
    points = design(sweep("latin_hypercube", TRUST, PRICE, CAP, SWITCH, points=40))
    trust, price, cap, switch = zip(*values(points), strict=True)
    assert sorted(int(one / 2.0 * 40) for one in trust) == list(range(40))
    exponents = [(math.log10(one) + 2.0) / 4.0 for one in price]
    assert sorted(int(one * 40) for one in exponents) == list(range(40))
    assert [cap.count(one) for one in (2, 3, 4, 5)] == [10] * 4
    assert switch.count(True) == 20


@pytest.mark.parametrize("method", ["random", "latin_hypercube"])
def test_a_design_depends_on_its_seed_alone(sweep, method):
    drawn = design(sweep(method, TRUST, CAP, points=20))
    more = (Policy("usual", {}), Policy("other", {"weights.view": 0.5}))
    assert design(sweep(method, TRUST, CAP, points=20, replicates=9, policies=more)) == drawn
    assert design(sweep(method, TRUST, CAP, points=20, seed=8)) != drawn


def test_more_random_points_begin_with_the_fewer(sweep):
    few = design(sweep("random", TRUST, PRICE, points=5))
    assert design(sweep("random", TRUST, PRICE, points=9))[:5] == few


def test_a_linear_range_holds_the_uniforms_exactly(sweep):
    points = design(sweep("random", TRUST, CAP, points=30))
    uniforms = np.random.default_rng(derive(7, SeedStream.DESIGN)).random((30, 2))
    assert [point.values["weights.trust"] for point in points] == (2.0 * uniforms[:, 0]).tolist()


@settings(deadline=None, max_examples=50)
@given(
    low=st.floats(1e-300, 1e300),
    factor=st.floats(1.0, 1e8, exclude_min=True),
    scale=st.sampled_from(["linear", "log"]),
    method=st.sampled_from(["random", "latin_hypercube"]),
    seed=st.integers(0, 2**63 - 1),
)
def test_no_value_leaves_its_range(low, factor, scale, method, seed):
    high = max(low * factor, math.nextafter(low, math.inf))
    usual = sweep_file.load(FOLDER.parents[1] / "sweep" / "examples" / "decision.toml")
    one = Varied("weights.trust", float, (), low, high, scale)
    for point in design(replace(usual, method=method, parameters=(one,), points=7, seed=seed)):
        assert low <= point.values["weights.trust"] <= high


@pytest.mark.parametrize(
    ("parameters", "points", "replicates", "message"),
    [
        (
            [Varied(f"weights.w{n}", float, tuple(range(10_000))) for n in range(64)],
            None,
            1,
            "more than 1,000,000,000,000,000 points; make them at most 100,000",
        ),
        (
            [],
            None,
            1_000_001,
            "1,000,001 runs, points times replicates times policies; make them at",
        ),
        ([TRUST] * 64, MAX_POINTS, 1, "6,400,000 points times parameters; make them at most"),
        ([TRUST], MAX_POINTS + 1, 1, "100,001 points; make them at most 100,000"),
    ],
)
def test_a_sweep_that_is_too_large_is_refused(sweep, parameters, points, replicates, message):
    method = "grid" if points is None else "random"
    file = sweep(method, *parameters, points=points, replicates=replicates)
    for refused in (check_size, design):
        with pytest.raises(ValueError, match=message):
            refused(file)


def test_the_number_of_points_is_known_before(sweep):
    three = Varied("weights.trust", float, (1.0, 2.0, 3.0))
    assert num_points(sweep("grid", three, SWITCH)) == len(design(sweep("grid", three, SWITCH)))
    assert num_points(sweep("random", TRUST, points=5)) == 5
