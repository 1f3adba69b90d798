"""The market as a model of Mesa: batch runs, and nothing that Mesa 4 removes."""

import inspect
import re
import warnings
from dataclasses import replace
from pathlib import Path

import mesa
import numpy as np
import pytest

from weishang.model import Market, Scenario, form_groups, generate

MODEL = Path(__file__).parents[3] / "model"
LEAVING = (r"\.steps\b", r"\b_ids\b", r"mesa\.batch_run\(", r"__init__\(seed=", r"mesa\.space")
"""What Mesa 4 has no longer, or never promised."""


@pytest.fixture(scope="module")
def parameters():
    """What a batch run varies: nothing but what is given as a list of several."""
    scenario = Scenario()
    scenario = replace(scenario, sellers=replace(scenario.sellers, activity=1.0))
    people = generate(scenario.society, 400, np.random.default_rng(1))
    chats = form_groups(people, scenario.groups, np.random.default_rng(2))
    return {"society": [people], "scenario": [scenario], "num_sellers": [10], "chats": [chats]}


def test_a_market_warns_of_nothing(parameters):
    given = {name: values[0] for name, values in parameters.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Market(**given, seed=3) as market:
            market.step()


@pytest.mark.skipif(not hasattr(mesa, "batch_run"), reason="this Mesa has no batch_run")
def test_batch_run_gives_what_the_market_gives(parameters):
    seeds = [1, 2]
    takes_rng = "rng" in inspect.signature(mesa.batch_run).parameters
    how = {"rng": seeds} if takes_rng else {"iterations": 1}
    varied = parameters if takes_rng else {**parameters, "seed": seeds}
    rows = mesa.batch_run(
        Market, varied, number_processes=1, max_steps=2, display_progress=False, **how
    )
    expected = []
    for seed in seeds:
        given = {name: values[0] for name, values in parameters.items()}
        with Market(**given, seed=seed) as market:
            while market.day < max(row["day"] for row in rows):
                market.step()
            expected.append(market.datacollector.model_vars["reach"][-1])
    assert [row["reach"] for row in rows] == expected
    assert len(set(expected)) == len(seeds)


@pytest.mark.parametrize("seed", [None, 1.0, -1, 1 << 64, True, "7"])
def test_a_seed_that_is_none_is_refused(parameters, seed):
    given = {name: values[0] for name, values in parameters.items()}
    with pytest.raises(ValueError, match=re.escape(f"seed is {seed!r}; give an integer")):
        Market(**given, seed=seed)


@pytest.mark.parametrize("pattern", LEAVING)
def test_nothing_is_used_that_mesa_4_removes(pattern):
    for source in sorted(MODEL.rglob("*.py")):
        code = source.read_text(encoding="utf-8")
        assert not re.search(pattern, re.sub(r'"""(.|\n)*?"""', "", code)), source
