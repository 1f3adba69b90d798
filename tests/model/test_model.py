"""What the package names, and that it waits for Mesa only when it is needed."""

import subprocess
import sys

import pytest

import weishang.model


@pytest.mark.parametrize("name", weishang.model.__all__)
def test_every_name_is_there(name):
    assert getattr(weishang.model, name).__name__ == name
    assert name in dir(weishang.model)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="'Buyer'"):
        weishang.model.Buyer  # noqa: B018 - asking for it is what fails


@pytest.mark.parametrize(
    "module",
    ["model.scenario", "experiments.sweep.execute.sweep", "experiments.diagnostics.estimate"],
)
def test_who_only_reads_a_scenario_does_not_wait_for_mesa(module):
    program = f"import sys, weishang.{module}; print('mesa' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
