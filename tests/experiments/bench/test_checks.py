"""Nothing is timed before it is checked: a wrong backend, mean or law stops the run.

Statistical: the honest program is drawn from a fixed generator, so that nothing here is by chance.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from weishang.experiments.bench import checks
from weishang.experiments.bench.common.graphs import build_graph, largest_hubs
from weishang.experiments.bench.contenders.program import Program

BASELINE = np.random.default_rng(5).poisson(100, checks.BASELINE)
COUNT = 400
ERROR = BASELINE.std(ddof=1) * np.sqrt(1 / BASELINE.size + 1 / COUNT)


def poisson(cascades: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).poisson(100, cascades)


def check(program: Program):
    return checks.check_law({"program": program}, {"program": COUNT}, BASELINE, 1)


def test_the_same_law_passes() -> None:
    (row,) = check(Program(poisson)).to_dict("records")
    assert row["cascades"] == COUNT
    assert row["mean_reach"] == poisson(COUNT, 1).mean()
    assert row["errors_away"] == pytest.approx((row["mean_reach"] - BASELINE.mean()) / ERROR)
    assert row["ks_p_value"] > 0.01


@pytest.mark.parametrize("errors", [-5, 5])
def test_another_mean_stops_the_run(errors: float) -> None:
    away = BASELINE.mean() + errors * ERROR

    def biased(cascades: int, seed: int) -> NDArray[np.float64]:
        return np.full(cascades, away)

    with pytest.raises(RuntimeError, match=r"program reaches .* no times"):
        check(Program(biased))
    with pytest.raises(RuntimeError, match=r"program reaches .* no times"):
        check(Program(poisson, own_mean=lambda cascades, seed: away))
    with pytest.raises(RuntimeError, match="nan"):
        check(Program(poisson, own_mean=lambda cascades, seed: float("nan")))


def test_another_law_of_the_same_mean_stops_the_run() -> None:
    def all_alike(cascades: int, seed: int) -> NDArray[np.int64]:
        return np.full(cascades, round(BASELINE.mean()))

    with pytest.raises(RuntimeError, match=r"program has another law .* no times"):
        check(Program(all_alike))


@pytest.mark.parametrize(
    ("asked", "run"),
    [(1, checks.LEAST_CHECKED), (50, 50), (1 << 20, checks.MOST_CHECKED)],
)
def test_cascades_checked_are_neither_few_nor_endless(asked: int, run: int) -> None:
    table = checks.check_law({"one": Program(poisson)}, {"one": asked}, BASELINE, 1)
    assert table["cascades"].tolist() == [run]


def test_backends_that_differ_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = build_graph(500, np.random.default_rng(1))
    seeds = largest_hubs(graph)
    checks.check_exact(graph, seeds, 0.05, 1)
    checks.check_exact(graph, seeds, 0.05, 1, hops=3)
    propagate = checks.propagate

    def other_luck(*arguments, backend, **options):
        graph, rule, seeds, cascades, seed = arguments
        return propagate(
            graph, rule, seeds, cascades, seed + (backend == "torch"), backend=backend, **options
        )

    monkeypatch.setattr(checks, "propagate", other_luck)
    with pytest.raises(RuntimeError, match="backends differ"):
        checks.check_exact(graph, seeds, 0.05, 1)
