"""The scenarios of a sweep, built before the first run."""

from dataclasses import replace

import pytest

from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.spec.design import design
from weishang.experiments.sweep.spec.scenarios import changed, check_scenarios, check_sellers
from weishang.model.scenario import Scenario

SWEEP = """format = 1
name = "trust"
seed = 7
users = 300
sellers = 75
days = 2
replicates = 3
method = "grid"
[parameters]
"""


@pytest.fixture
def check(write):
    """Checks the scenarios of a sweep with these parameters; gives the message of its faults."""

    def check(lines, generated=True):
        file = sweep_file.load(write(SWEEP + lines))
        with pytest.raises(ValueError, match=r"a\.toml") as caught:
            check_scenarios(file, design(file), generated)
        return str(caught.value).replace(f"{file.path.parent}/", "")

    return check


def test_a_scenario_has_the_values_and_keeps_all_others():
    usual = Scenario()
    found = changed(usual, {"weights.trust": 0.5, "weights.match": 0.7, "rules.group_cap": 3})
    assert found == replace(
        usual,
        weights=replace(usual.weights, trust=0.5, match=0.7),
        rules=replace(usual.rules, group_cap=3),
    )
    assert changed(usual, {}) == usual


def test_values_that_fit_each_other_alone_are_taken_together():
    four = {"society.num_budgets": 4, "budgets.relative": (0.5, 0.8, 1.2, 2.0)}
    assert changed(Scenario(), four).society.num_budgets == 4
    with pytest.raises(ValueError, match=r"budgets\.relative has 5 classes"):
        changed(Scenario(), {"society.num_budgets": 4})


def test_faults_that_differ_by_a_number_alone_are_counted(check):
    message = check('"rules.group_cap" = {values = [5, -1, -2, 6, -3]}\n')
    assert message.startswith(
        "a.toml:10: parameters.'rules.group_cap': at point 1 (and 2 times more): group_cap is -1; "
    )


def test_faults_of_several_keys_are_told_at_once(check):
    message = check(
        '"rules.group_cap" = {values = [-1]}\n[policies.usual]\n[policies.one]\n'
        '"basket.max_items" = 0\n'
    )
    assert message.startswith("2 faults: a.toml:10: parameters.'rules.group_cap': at point 0 under")
    assert "a.toml:13: policies.one.'basket.max_items': at point 0 under one: max_items" in message


def test_sellers_at_nodes_of_a_graph_are_checked_when_it_is_read(write):
    write('format = 1\nname = "b"\n[[named_sellers]]\nid = "tea"\nnode = 300\n', "b.toml")
    file = sweep_file.load(write('scenario = "b.toml"\n' + SWEEP))
    check_scenarios(file, design(file), generated=False)
    with pytest.raises(ValueError, match="'tea' is node 300, and users is 300; give a node in"):
        check_scenarios(file, design(file), generated=True)


def test_one_in_four_may_sell_where_people_are_generated(write):
    check_sellers(sweep_file.load(write(SWEEP)), generated=True)
    more = sweep_file.load(write(SWEEP.replace("75", "76")))
    check_sellers(more, generated=False)
    with pytest.raises(
        ValueError, match=r"a\.toml:5: sellers: is 76 of 300 users; give at most 75"
    ):
        check_sellers(more, generated=True)
