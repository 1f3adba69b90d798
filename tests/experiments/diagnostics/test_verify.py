"""Results are hashed again, and every file that is not what was written is named."""

import os
import shutil

import pandas as pd
import pytest
from forked import weishang

from weishang.experiments import cli
from weishang.experiments.analysis import verdicts
from weishang.experiments.console.exit_codes import CheckFailedError
from weishang.experiments.diagnostics import verify_folders
from weishang.experiments.diagnostics.verify import verify
from weishang.experiments.storage import atomic
from weishang.experiments.storage import partitions as parts
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.store import folder as sweep_folder
from weishang.experiments.sweep.store import layout
from weishang.experiments.sweep.store import plan as sweep_plan

MANIFEST = "manifest.json"
SWEEP = """
format = 1
name = "small"
method = "grid"
seed = 2026
users = 300
sellers = 5
days = 1
replicates = 2
runs_a_part = 1

[parameters]
"sellers.activity" = { values = [0.02, 0.1] }
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three results, verdicts that stand in a table of one, and a sweep of four parts."""
    out = tmp_path_factory.mktemp("made") / "results"
    with Report("audit", out, title="Audit", parameters={"users": 3}) as report:
        report.table("audit", pd.DataFrame({"a": [1]}), "Audit")
    with Report("reach", out / "runs", title="Reach", parameters={}) as report:
        report.table("levels", pd.DataFrame({"a": [2.5]}), "Levels")
    frame = pd.DataFrame({"figure": ["l1_conv"], "reading": ["one"], "value": [0.1 + 0.2]})
    with Report("channels", out, title="Channels", parameters={}) as report:
        report.table("estimands", frame, "Estimands")
    verdicts.update(
        out, "reach", [verdicts.Verdict("l1_conv", "fitted", "one", simulated=0.1 + 0.2)]
    )
    make_sweep(out, out.parent / "small.toml")
    return out


def make_sweep(out, file):
    file.write_text(SWEEP)
    plan = sweep_plan.make(file)
    folder = sweep_folder.open_folder(plan, out)
    for number in range(plan.num_parts):
        frame = pd.DataFrame({"run": [number]})
        parts.write(folder / layout.PARTS, "runs", number, frame, {"run": "id"})
    with Report("gathered", folder, title="Small", parameters={}) as report:
        report.rows("runs", list(parts.find(folder / layout.PARTS, "runs").values()))


@pytest.fixture
def results(made, tmp_path):
    shutil.copytree(made, tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def sweep(results):
    return results / "sweeps" / "small"


def faults(results):
    found = verify_folders.find(results)
    return [fault for one in found for fault in verify_folders.check(one).faults]


def files(results):
    return {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}


def test_whole_results_pass_and_are_told(results, sweep, capsys):
    before = files(results)
    verify(results)
    told = capsys.readouterr().out
    for name in ("audit", "channels", "runs/reach", "sweeps/small", "sweeps/small/gathered"):
        assert [line.split()[-1] for line in told.splitlines() if name in line.split()] == ["whole"]
    assert files(results) == before


def test_one_folder_can_be_verified(results, sweep):
    verify(results / "audit")
    verify(sweep)
    verify(sweep / "gathered")


def test_progress_counts_every_file(results, sweep):
    looked = []
    found = list(verify_folders.find(results))
    for one in found:
        verify_folders.check(one, lambda: looked.append(1))
    assert len(looked) <= sum(len(one.files) for one in found) == len(files(results))
    assert len(looked) >= len(files(results)) - 2


@pytest.mark.parametrize(
    ("change", "named", "fault"),
    [
        (lambda out: flip(out / "audit/audit.csv"), "audit/audit.csv", "is not the file"),
        (lambda out: (out / "audit/table.md").unlink(), "audit/table.md", "is missing"),
        (lambda out: (out / "audit/b.csv").write_text(""), "audit/b.csv", "not in the manifest"),
        (lambda out: (out / "b.csv").write_text(""), "b.csv", "no manifest knows it"),
        (lambda out: (out / "runs/b.csv").write_text(""), "runs/b.csv", "no manifest knows it"),
        (lambda out: (out / "audit/x").symlink_to("/etc"), "audit/x", "is a link"),
        (lambda out: (out / "x").symlink_to("/etc/passwd"), "x", "is a link"),
        (lambda out: (out / "x").symlink_to(out / "audit"), "x", "is a link"),
        (lambda out: os.mkfifo(out / "x"), "x", "no manifest knows it"),
        (lambda out: (out / ".hidden").mkdir(), ".hidden", "no manifest knows it"),
        (
            lambda out: (out / "audit/manifest.json").write_text("{"),
            "audit/manifest.json",
            "broken",
        ),
        (lambda out: flip(out / "runs/reach/levels.csv"), "runs/reach/levels.csv", "is not the"),
        (
            lambda out: replace(out / "audit/manifest.json", '"audit.csv"', '"../audit.csv"'),
            "audit/manifest.json",
            "is not the name of a file",
        ),
        (lambda out: replace(out / "verdicts.csv", "one", "two"), "verdicts.csv", "no table"),
        (lambda out: replace(out / "verdicts.csv", "0.3", "0.31"), "verdicts.csv", "no table"),
        (lambda out: (out / "verdicts.csv").write_text("a\n1\n"), "verdicts.csv", "columns are"),
        (lambda out: (out / "verdicts.csv").write_text("a," * 3000), "verdicts.csv", "is longer"),
        (
            lambda out: (out / "verdicts.csv").write_text("a\n" * (1 << 22)),
            "verdicts.csv",
            "is longer",
        ),
        (lambda out: swap(out / "verdicts.csv"), "verdicts.csv", "is a link"),
        (lambda out: shutil.rmtree(out / "channels"), "verdicts.csv", "no table"),
    ],
)
def test_what_is_wrong_is_named(results, change, named, fault):
    change(results)
    told = faults(results)
    assert len(told) == 1
    assert told[0].startswith(f"{results / named}: ")
    assert fault in told[0]
    with pytest.raises(CheckFailedError, match="1 fault: ") as error:
        verify(results)
    assert str(results / named) in str(error.value)


@pytest.mark.parametrize(
    ("change", "named", "fault"),
    [
        (lambda folder: flip(part(folder)), "parts/runs-000002", "is damaged"),
        (lambda folder: part(folder).unlink(), "gathered/runs.parquet", "4 rows, and the parts"),
        (lambda folder: flip(folder / "inputs/small.toml"), "inputs/small.toml", "not the file"),
        (lambda folder: (folder / "inputs/small.toml").unlink(), "inputs/small.toml", "missing"),
        (lambda folder: (folder / "inputs/x").write_text(""), "inputs/x", "no manifest knows"),
        (lambda folder: (folder / "parts/x").write_text(""), "parts/x", "no manifest knows"),
        (lambda folder: (folder / "x").mkdir() or (folder / "x/y").touch(), "x/y", "no manifest"),
        (lambda folder: flip(folder / "gathered/runs.parquet"), "gathered/runs.parquet", "not the"),
        (lambda folder: (folder / "parts/x").symlink_to("/etc"), "parts/x", "is a link"),
    ],
)
def test_what_is_wrong_in_a_sweep_is_named(sweep, change, named, fault):
    change(sweep)
    told = faults(sweep)
    assert len(told) == 1
    assert told[0].startswith(f"{sweep / named}")
    assert fault in told[0]


def test_a_broken_record_of_a_sweep_is_told_with_what_it_leaves_unknown(sweep):
    (sweep / "sweep.json").write_text("{}")
    told = faults(sweep)
    assert told[0].startswith(f"{sweep / 'sweep.json'}: is broken")
    assert told[1].startswith(f"{sweep / 'inputs/small.toml'}: no manifest knows it")


def test_a_record_that_is_a_link_is_told(sweep):
    swap(sweep / "sweep.json")
    assert f"{sweep / 'sweep.json'}: is a link" in faults(sweep)[0]


def test_two_files_for_one_part_are_told(sweep):
    parts.write(sweep / "parts", "runs", 2, pd.DataFrame({"run": [9]}), {"run": "id"})
    assert any("both are part 2" in one for one in faults(sweep))


def test_what_is_under_way_or_was_when_its_run_was_killed_is_no_fault(results, sweep, capsys):
    (results / "runs" / ".long.state").mkdir()
    (results / "runs" / ".killed.new-1-ab").mkdir()
    (sweep / ".lock").touch()
    (sweep / "state").mkdir()
    (sweep / "slurm").mkdir()
    (sweep / "slurm" / "job").write_text("job")
    with (
        atomic.staged_folder(results / "tools"),
        atomic.staged_file(sweep / "parts" / "x"),
        atomic.staged_folder(sweep / "other"),
    ):
        verify(results)
    told = capsys.readouterr().out
    assert "1 runs not done" in told
    assert [line.split()[-2:] for line in told.splitlines() if "sweeps/small " in line] == [
        ["not", "done"]
    ]


def test_many_faults_are_counted_in_one_line_and_all_shown(results, capsys):
    for number in range(9):
        (results / f"{number}.csv").write_text("")
    with pytest.raises(CheckFailedError, match=r"9 faults: .*4\.csv: [^|]* \| and 4 more$"):
        verify(results)
    told = capsys.readouterr().out
    assert all(f"{number}.csv" in told for number in range(9))


def test_folders_without_results_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        verify(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"holds no manifest\.json and no sweep\.json"):
        verify(tmp_path)


def test_a_damaged_file_ends_the_command_with_one_line_and_exit_code_1(results):
    flip(results / "audit" / "audit.csv")
    done = weishang("verify", results)
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("weishang: 1 fault: ")
    assert "audit.csv" in lines[-1]


def test_a_folder_that_is_not_there_ends_the_command_with_exit_code_2(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["weishang", "verify", str(tmp_path / "absent")])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def part(folder):
    return parts.find(folder / layout.PARTS, "runs")[2].path


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def swap(path):
    """Put a link to the same file in its place."""
    kept = path.parents[1] / "kept"
    path.rename(kept)
    path.symlink_to(kept)
