"""Where results come from, and whether they are still what was written."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weishang.experiments import manifest
from weishang.experiments.report import Report


@dataclass
class Parameters:
    users: int
    weights: np.ndarray


def make(out: Path) -> Path:
    with Report("audit", out, title="Audit", parameters={"users": 3, "share": 0.5}) as report:
        report.table("audit", pd.DataFrame({"a": [1]}), "Audit")
    return out / "audit"


def test_parameters_hash_ignores_order_and_kind():
    one = manifest.parameters_digest({"users": 3, "weights": [0.5, 1.0]})
    assert one == manifest.parameters_digest({"weights": np.array([0.5, 1.0]), "users": 3})
    assert one == manifest.parameters_digest(Parameters(3, np.array([0.5, 1.0])))
    assert one != manifest.parameters_digest({"users": 4, "weights": [0.5, 1.0]})


@pytest.mark.parametrize("value", [float("nan"), object(), {"deep": [float("nan")]}])
def test_parameters_that_no_one_could_repeat_are_refused(value):
    with pytest.raises(ValueError, match="parameters hold"):
        manifest.plain({"x": value})


def test_whole_results_verify(tmp_path):
    manifest.verify(make(tmp_path))


def test_a_changed_file_is_found(tmp_path):
    folder = make(tmp_path)
    (folder / "audit.csv").write_text("a\n2\n")
    with pytest.raises(ValueError, match=r"audit\.csv"):
        manifest.verify(folder)


def test_a_missing_and_an_added_file_are_found(tmp_path):
    folder = make(tmp_path)
    (folder / "more.csv").write_text("a\n")
    with pytest.raises(ValueError, match=r"more\.csv"):
        manifest.verify(folder)
    (folder / "more.csv").unlink()
    (folder / "audit.csv").unlink()
    with pytest.raises(ValueError, match=r"audit\.csv"):
        manifest.verify(folder)


def test_changed_parameters_are_found(tmp_path):
    folder = make(tmp_path)
    record = json.loads((folder / manifest.NAME).read_text())
    record["parameters"]["users"] = 4
    (folder / manifest.NAME).write_text(json.dumps(record))
    with pytest.raises(ValueError, match="parameters were changed"):
        manifest.verify(folder)


def test_a_folder_without_manifest_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"manifest\.json"):
        manifest.verify(tmp_path)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_dirty_means_that_the_code_differs_from_the_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "ROOT", tmp_path)
    assert manifest.code_version()["commit"] is None
    assert manifest.code_version()["dirty"] is None
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "rng.py").write_text("1")
    commit(tmp_path)
    clean = manifest.code_version()
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "table.csv").write_text("1")
    assert manifest.code_version() == clean
    (tmp_path / "kernels" / "graph.py").write_text("2")
    changed = manifest.code_version()
    assert changed["dirty"] is True
    assert changed["sha256"] != clean["sha256"]


def commit(folder: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
