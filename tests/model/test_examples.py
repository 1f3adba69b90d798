"""The examples in the model's docstrings run, and give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import weishang.model

ROOM = Path(weishang.model.__file__).parent
MODULES = sorted(
    ".".join(("weishang.model", *path.relative_to(ROOM).with_suffix("").parts))
    for path in ROOM.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_say(module: str) -> None:
    found = doctest.testmod(import_module(module), report=True)
    assert found.attempted > 0
    assert found.failed == 0, f"see the output above for the examples of {module} that fail"


@pytest.mark.parametrize(
    "name", ["core.adjustments", "core.decision", "core.streams", "market.market", "scenario"]
)
def test_the_classes_that_others_build_on_have_examples(name: str) -> None:
    assert f"weishang.model.{name}" in MODULES
