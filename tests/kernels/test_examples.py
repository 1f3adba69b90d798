"""The examples in the kernels' docstrings run and give what they say."""

import doctest

from weishang.kernels import cascade


def test_examples_of_the_public_calls() -> None:
    outcome = doctest.testmod(cascade, extraglobs={"Graph": cascade.Graph})
    assert outcome.attempted >= 4
    assert outcome.failed == 0
