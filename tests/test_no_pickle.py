"""Nothing that is read can run code: no pickle in the code, and none while it works."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("model", "kernels", "experiments")
FORBIDDEN = ("pickle", "cPickle", "_pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib")
"""Modules that can make code of data."""
CALLS = ("eval", "exec", "compile", "__import__")
METHODS = ("read_pickle", "to_pickle")
SENDS_PICKLES = ("multiprocessing", "concurrent.futures.process", "ProcessPoolExecutor")
"""What hands work to processes by pickling it."""
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def faults(path: Path) -> list[str]:
    """What in a source could make code of data, with its line."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}: {what}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for what in (*_imported(node), *_called(node))
    ]


def _imported(node: ast.AST) -> list[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        names = [node.module, *(alias.name for alias in node.names)]
    bad = (*FORBIDDEN, *SENDS_PICKLES)
    return [name for name in names if name in bad or name.split(".")[0] in bad]


def _called(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    name, owner = _name(node.func)
    keywords = {word.arg: word.value for word in node.keywords}
    if owner in ("np", "numpy") and name == "load":
        value = keywords.get("allow_pickle")
        safe = isinstance(value, ast.Constant) and value.value is False
        return [] if safe else ["np.load without allow_pickle=False"]
    if owner == "torch" and name in ("load", "save"):
        return [f"torch.{name}"]
    if name in METHODS or (name in CALLS and isinstance(node.func, ast.Name)):
        return [name]
    return []


def _name(node: ast.expr) -> tuple[str, str]:
    """Name of what is called, and of what it is called on."""
    if isinstance(node, ast.Attribute):
        return node.attr, node.value.id if isinstance(node.value, ast.Name) else ""
    return (node.id, "") if isinstance(node, ast.Name) else ("", "")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_has_no_way_to_make_code_of_data(path):
    assert faults(path) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import pickle", "pickle"),
        ("from pickle import loads", "pickle"),
        ("import joblib.hashing as h", "joblib.hashing"),
        ("from concurrent.futures import ProcessPoolExecutor", "ProcessPoolExecutor"),
        ("from multiprocessing.pool import Pool", "multiprocessing.pool"),
        ("from multiprocessing import Pool", "multiprocessing"),
        ("np.load(path)", "np.load without"),
        ("np.load(path, allow_pickle=True)", "np.load without"),
        ("numpy.load(path, allow_pickle=wanted)", "np.load without"),
        ("torch.load(path, weights_only=True)", "torch.load"),
        ("pd.read_pickle(path)", "read_pickle"),
        ("eval(text)", "eval"),
    ],
)
def test_the_search_finds_what_it_looks_for(monkeypatch, tmp_path, text, found):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "a.py"
    path.write_text(f"x = 1\n{text}\n")
    told = faults(path)
    assert told
    assert told[0].startswith(f"a.py:2: {found}")


def test_the_search_lets_plain_arrays_through(monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "a.py"
    path.write_text("np.load(path, allow_pickle=False)\nre.compile('a')\nimport json\n")
    assert faults(path) == []


PROGRAM = """
import pickle, sys
from pathlib import Path

out = Path(sys.argv[1])
# What is imported may make types by pickle's means; from here on nothing may.
from weishang.experiments.diagnostics import verify
from weishang.experiments.simulate import run
from weishang.experiments.sweep.execute import worker as sweep_worker
from weishang.experiments.sweep.results import gather
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import plan as sweep_plan

def by_numba():
    # Numba keeps the kernels that it compiled, which are programs anyhow, beside their sources.
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("numba."):
            return True
        frame = frame.f_back
    return False

seen = []

def hear(event, _):
    if event.startswith("pickle.") and not by_numba():
        seen.append(event)

sys.addaudithook(hear)
pickle.loads(pickle.dumps(Path))
assert seen == ["pickle.find_class"], seen
seen.clear()

def refusing(read):
    def refuse(*arguments, **options):
        if not by_numba():
            seen.append("a pickle is read")
            raise AssertionError("a pickle is read")
        return read(*arguments, **options)
    return refuse

for name in ("load", "loads", "_load", "_loads"):
    setattr(pickle, name, refusing(getattr(pickle, name)))

scenario = out / "usual.toml"
scenario.write_text('format = 1\\nname = "usual"\\n')
run.run(scenario, users=300, sellers=5, days=1, out=out / "results", checkpoint_seconds=0.0)
run.run(scenario, users=300, sellers=5, days=2, out=out / "results", checkpoint_seconds=0.0)
sweep = out / "tiny.toml"
sweep.write_text(
    'format = 1\\nname = "tiny"\\nmethod = "grid"\\nseed = 3\\nusers = 300\\nsellers = 5\\n'
    'days = 1\\nreplicates = 2\\nruns_a_part = 1\\n'
)
plan = sweep_plan.make(sweep)
folder = sweep_folder.open_folder(plan, out / "results")
for number in range(plan.num_parts):
    sweep_worker.compute(plan, folder, number)
gather.gather(folder)
verify.verify(out / "results")
assert seen == [], seen
print("no pickle")
"""


def test_no_pickle_is_read_while_runs_and_sweeps_are_made(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("no pickle\n")
