"""The examples in the kernels' docstrings run and give what they say."""

import doctest
from importlib import import_module

from weishang.kernels import Graph


def test_examples_of_the_public_calls() -> None:
    module = import_module("weishang.kernels.cascade.propagate")
    outcome = doctest.testmod(module, extraglobs={"Graph": Graph})
    assert outcome.attempted >= 4
    assert outcome.failed == 0
