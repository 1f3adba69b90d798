"""The page on how to add a mechanism: its example runs, and its table names every hook."""

import re
from pathlib import Path

from weishang.model.mechanisms.mechanism import Mechanism

PAGE = (Path(__file__).parents[2] / "docs" / "mechanisms.md").read_text(encoding="utf-8")


def test_the_example_runs_and_hands_vouchers_out(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"__name__": "example"}
    exec(compile(code, "docs/mechanisms.md", "exec"), names)
    series = names["market"].datacollector.model_vars["vouchers"]
    assert series[-1] == names["market"].states["vouchers"].sum() > 0
    assert "vouchers" in capsys.readouterr().out


def test_the_table_names_every_hook():
    table = PAGE[PAGE.index("| method") : PAGE.index("## A complete example")]
    hooks = {name for name in vars(Mechanism) if callable(getattr(Mechanism, name))}
    hooks -= {name for name in hooks if name.startswith("_")} | {"own"}
    assert hooks <= set(re.findall(r"\w+", table))
