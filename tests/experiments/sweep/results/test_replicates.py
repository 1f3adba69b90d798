"""From a pilot to numbers of replicates: read whole, answered by point, checked by new ones."""

import doctest
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from weishang.experiments.analysis import sample_sizes
from weishang.experiments.console import command
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.execute import runs as sweep_runs
from weishang.experiments.sweep.results import gather, replicates
from weishang.experiments.sweep.results.replicates import (
    BESIDE,
    SURE,
    for_effects,
    for_means,
    over_points,
    read,
)
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

PAGE = Path(__file__).parents[4] / "docs" / "replicates.md"
OUTCOMES = tuple(BESIDE)
POLICIES = ("usual", "other")
POINTS, REPLICATES = 3, 12
MEAN, SD, OWN_SD = 1_000.0, 100.0, 20.0
"""Of an outcome; what a replicate adds under both policies, and under each of its own."""
CHANGE = 30.0
"""What the other policy adds."""


def draw(rng: np.random.Generator, replicates: int) -> NDArray[np.float64]:
    """Normal outcomes of pairs, [policies, points, replicates]; points vary differently."""
    shared = rng.normal(MEAN, SD, (1, POINTS, replicates))
    own = rng.normal(0.0, OWN_SD, (2, POINTS, replicates))
    at = np.arange(1.0, POINTS + 1)[None, :, None]
    return MEAN + (shared - MEAN + own) * at + CHANGE * np.arange(2)[:, None, None]


def pilot_runs(values: NDArray[np.float64]) -> pd.DataFrame:
    """The table of runs, policies within replicates within points; all outcomes alike."""
    policies, points, replicates = values.shape
    point, replicate, policy = (
        axis.ravel()
        for axis in np.meshgrid(*map(np.arange, (points, replicates, policies)), indexing="ij")
    )
    measured = dict.fromkeys(OUTCOMES, values[policy, point, replicate])
    place = {"run": np.arange(point.size), "point": point, "replicate": replicate}
    return pd.DataFrame({**place, "policy": np.array(POLICIES)[policy], **measured})


def save(folder: Path, runs: pd.DataFrame) -> Path:
    with Report("gathered", folder, title="Pilot", parameters={}) as report:
        report.data("runs", runs)
    return folder


@pytest.fixture(scope="module")
def values() -> NDArray[np.float64]:
    return draw(np.random.default_rng(7), REPLICATES)


@pytest.fixture(scope="module")
def folder(values: NDArray[np.float64], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("pilot"), pilot_runs(values))


def test_a_pilot_is_read_as_it_was_run(folder, values):
    pilot = read(folder, OUTCOMES)
    assert pilot.points.tolist() == [0, 1, 2]
    assert (pilot.policies, pilot.replicates) == (POLICIES, REPLICATES)
    for number, policy in enumerate(POLICIES):
        assert np.array_equal(pilot.values[policy, "reach"], values[number])


def test_an_outcome_brings_what_it_is_told_relative_to(folder):
    pilot = read(folder, ["profit"])
    assert {outcome for _, outcome in pilot.values} == {"profit", "sales"}


def test_means_take_as_many_replicates_as_the_formula_says(folder, values):
    rows = for_means(read(folder, ["orders"]), ["orders"], ["other"], 0.02, 0.9)
    mean, sd = values[1].mean(axis=1), values[1].std(axis=1, ddof=1)
    assert rows["point"].tolist() == [0, 1, 2]
    assert rows["mean"].tolist() == pytest.approx(mean)
    assert rows["sd"].tolist() == pytest.approx(sd)
    expected = sample_sizes.for_mean(sd, 0.02 * mean, 0.9)
    assert rows["replicates"].tolist() == expected.tolist()
    upper = sample_sizes.upper_sd(sd, REPLICATES, SURE)
    sure = sample_sizes.for_mean(upper, 0.02 * mean, 0.9)
    assert rows["replicates, 90% sure"].tolist() == sure.tolist()
    assert (sure > expected).all()


def test_so_many_new_replicates_give_the_width(folder):
    rows = for_means(read(folder, ["reach"]), ["reach"], ["usual"], 0.03, 0.95)
    rng = np.random.default_rng(11)
    for point, count in enumerate(rows["replicates, 90% sure"].astype(int)):
        half = [
            stats.t.ppf(0.975, count - 1) * stats.sem(draw(rng, count)[0, point])
            for _ in range(200)
        ]
        assert np.median(half) <= 0.03 * MEAN


def test_effects_are_told_by_pairs_and_without(folder, values):
    rows = for_effects(read(folder, ["reach"]), ["reach"], ["other"], 0.03, 0.8, 0.95)
    usual = values[0].mean(axis=1)
    difference = values[1] - values[0]
    assert rows["usual"].tolist() == pytest.approx(usual)
    assert rows["change"].tolist() == pytest.approx(difference.mean(axis=1) / usual)
    sd = difference.std(axis=1, ddof=1) / usual
    assert rows["pairs"].tolist() == sample_sizes.for_pairs(sd, 0.03, 0.8, 0.95).tolist()
    apart = np.sqrt(values.var(axis=2, ddof=1).mean(axis=0)) / usual
    alone = sample_sizes.for_independent(apart, 0.03, 0.8, 0.95)
    assert rows["unpaired"].tolist() == alone.tolist()
    assert (rows["unpaired"] > 10 * rows["pairs"]).all()


def test_so_many_new_pairs_find_the_effect(folder):
    """Of 400 new sweeps at each point at least 80% find it: 4 standard errors, 8%, are allowed."""
    part = CHANGE / MEAN
    rows = for_effects(read(folder, ["reach"]), ["reach"], ["other"], part, 0.8, 0.95)
    rng = np.random.default_rng(13)
    for point, pairs in enumerate(rows["pairs, 90% sure"].astype(int)):
        new = np.array([draw(rng, pairs)[:, point] for _ in range(400)])
        found = stats.ttest_rel(new[:, 1], new[:, 0], axis=1).pvalue < 0.05
        assert found.mean() >= 0.72


def test_profit_is_told_over_sales(folder, values, tmp_path):
    runs = pilot_runs(values).assign(sales=lambda rows: 2.0 * rows["reach"])
    pilot = read(save(tmp_path, runs), ["profit", "reach"])
    rows = for_effects(pilot, ["profit", "reach"], ["other"], 0.03, 0.8, 0.95)
    profit, reach = (rows.loc[rows["outcome"] == name, "change"] for name in ("profit", "reach"))
    assert profit.to_numpy() == pytest.approx(0.5 * reach.to_numpy())


def test_nothing_that_varies_takes_the_least_and_no_mean_has_no_answer(values, tmp_path):
    runs = pilot_runs(values).assign(orders=5.0, refunds=0.0)
    pilot = read(save(tmp_path, runs), ["orders", "refunds"])
    names = ["orders", "refunds"]
    replicates = for_means(pilot, names, ["usual"], 0.1, 0.95).groupby("outcome")["replicates"]
    assert replicates.get_group("orders").tolist() == [sample_sizes.LEAST] * POINTS
    assert replicates.get_group("refunds").isna().all()
    # Refunds are told over orders, of which there are some.
    pairs = for_effects(pilot, names, ["other"], 0.1, 0.8, 0.95)
    assert (pairs["pairs"] == sample_sizes.LEAST).all()
    whole = over_points(for_means(pilot, names, ["usual"], 0.1, 0.95), "replicates")
    assert whole["replicates, most"].isna().tolist() == [False, True]
    assert whole["at point"].isna().tolist() == [False, True]


def test_points_together_tell_the_middle_and_the_hardest(folder):
    rows = for_means(read(folder, OUTCOMES), OUTCOMES, POLICIES, 0.05, 0.95)
    whole = over_points(rows, "replicates")
    assert len(whole) == len(OUTCOMES) * len(POLICIES)
    first = rows[(rows["outcome"] == "reach") & (rows["policy"] == "usual")]
    told = whole.iloc[0]
    assert (told["outcome"], told["policy"]) == ("reach", "usual")
    assert told["replicates, median"] == sorted(first["replicates"])[1]
    assert told["replicates, most"] == first["replicates"].max()
    assert told["most, 90% sure"] == first["replicates, 90% sure"].max()
    assert told["at point"] == 2


def printed(capsys, folder: Path, **options) -> str:
    replicates.replicates(folder, **options)
    return capsys.readouterr().out


def test_both_questions_are_answered_unless_one_is_asked(folder, capsys):
    both = printed(capsys, folder)
    assert "95% intervals within ± 0.05 of the mean" in both
    assert "detect a change of 0.05 with power 0.8" in both
    assert "over all points" in both
    assert all(name in both for name in OUTCOMES)
    one = printed(capsys, folder, width=0.1, confidence=0.9)
    assert "90% intervals within ± 0.1 of the mean" in one
    assert "Pairs" not in one
    other = printed(capsys, folder, effect=0.2, power=0.9)
    assert "detect a change of 0.2 with power 0.9" in other
    assert "intervals" not in other


def test_one_outcome_is_told_by_point(folder, capsys):
    told = printed(capsys, folder, outcome="reach", policy="other")
    assert "over all points" not in told
    rows = [line.split()[:3] for line in told.splitlines() if line.split()[:1] == ["reach"]]
    assert rows == [["reach", "other", str(point)] for point in range(POINTS)] * 2


def test_one_policy_has_means_only(values, tmp_path, capsys):
    folder = save(tmp_path, pilot_runs(values[:1]))
    assert "Pairs" not in printed(capsys, folder)
    with pytest.raises(ValueError, match="policy 'usual' alone"):
        replicates.replicates(folder, effect=0.1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"outcome": "reech"}, "outcome is 'reech'; the nearest is 'reach'"),
        ({"policy": "othr"}, "policy is 'othr'; the nearest is 'other'"),
        ({"policy": "usual", "effect": 0.1}, "policy 'usual' alone, which is the pilot's first"),
        ({"width": 0.0}, "width is 0.0; give a number above 1e-06"),
        ({"effect": float("nan")}, "effect is nan"),
        ({"power": 1.0}, "power is 1.0; give a number above 0 and below 1"),
        ({"confidence": 0.0}, "confidence is 0.0"),
    ],
)
def test_bad_options_are_told(folder, options, told):
    with pytest.raises(ValueError, match=told):
        replicates.replicates(folder, **options)


def test_what_is_not_gathered_says_what_to_run(tmp_path):
    with pytest.raises(ValueError, match=f"run `weishang gather {tmp_path}`"):
        read(tmp_path, ["reach"])


def test_a_changed_file_is_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    with (copy / "gathered" / "runs.parquet").open("r+b") as stream:
        stream.seek(100)
        stream.write(b"other")
    with pytest.raises(ValueError, match=r"runs\.parquet"):
        read(copy, ["reach"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda runs: runs[runs["replicate"] < 2], "2 replicates; give at least 3"),
        (lambda runs: runs.iloc[:-1], "71 runs are not all"),
        (lambda runs: runs.drop(columns="reach"), "has no column 'reach'"),
        (
            lambda runs: runs.assign(reach=[{"a": 1}] * len(runs)),
            "has no column 'reach' of a sweep",
        ),
        (lambda runs: runs.assign(replicate="a"), "has no column 'replicate' of a sweep"),
        (lambda runs: runs.assign(policy=0), "has no column 'policy' of a sweep"),
    ],
)
def test_a_pilot_that_cannot_answer_is_refused(values, tmp_path, change, told):
    folder = save(tmp_path, change(pilot_runs(values)))
    with pytest.raises(ValueError, match=told):
        read(folder, ["reach"])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's pilot, run and gathered."""
    out = tmp_path_factory.mktemp("example")
    (file := out / "pilot.toml").write_text(code("toml")[0], encoding="utf-8")
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, out / "results")
    for number in range(plan.num_parts):
        sweep_runs.compute(plan, folder, number)
    gather.collect(plan, folder)
    return folder


def code(language: str) -> list[str]:
    page = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_pages_example_is_what_the_command_says(example, capsys):
    """When the model has changed: run the page's two commands, and put what they print there."""
    shown = printed(capsys, example, outcome="orders")
    assert [line.rstrip() for line in shown.strip().splitlines()] == code("text")[1].splitlines()


def test_the_page_explains_the_examples_own_numbers(example):
    pilot = read(example, ["orders"])
    means = for_means(pilot, ["orders"], ["usual"], 0.05, 0.95)
    changes = for_effects(pilot, ["orders"], ["platform_first"], 0.05, 0.8, 0.95)
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    pairs, apart = (int(changes[name].iloc[0]) for name in ("pairs", "unpaired"))
    assert f"takes {means['replicates'].iloc[0]:.0f} replicates under the usual policy" in text
    assert f"takes {pairs} pairs there, that is {2 * pairs} runs" in text
    assert f"takes {apart} replicates of each policy, that is {2 * apart:,} runs" in text


def test_the_pages_code_runs() -> None:
    parser = doctest.DocTestParser()
    example = parser.get_doctest("\n".join(code("pycon")), {}, PAGE.name, str(PAGE), 0)
    assert len(example.examples) > 5
    faults: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=faults.append)
    assert not faults, "".join(faults)


def test_the_command_reads_only(folder, monkeypatch, capsys):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(sys, "argv", ["replicates", str(folder), "--outcome", "orders"])
    with pytest.raises(SystemExit) as caught:
        command.run(replicates.replicates)
    assert not caught.value.code
    assert "orders" in capsys.readouterr().out
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before
