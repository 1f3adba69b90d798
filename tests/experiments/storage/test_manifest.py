"""Where results come from, and whether they are still what was written."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.storage import manifest
from weishang.experiments.storage.report import Report


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


def test_all_faults_are_told_in_order(tmp_path):
    folder = make(tmp_path)
    (folder / "audit.csv").unlink()
    (folder / "more.csv").write_text("a\n")
    (folder / "table.md").write_text("other")
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to(tmp_path)
    looked = []
    told = list(manifest.faults(folder, lambda: looked.append(1)))
    assert [one.partition(": ")[0] for one in told] == [
        str(folder / name) for name in ("audit.csv", "deep/link", "more.csv", "table.md")
    ]
    assert len(looked) == 3


def test_pipes_and_links_are_told_without_waiting(tmp_path):
    folder = make(tmp_path)
    kept = tmp_path / "kept"
    (folder / "audit.csv").rename(kept)
    (folder / "audit.csv").symlink_to(kept)
    os.mkfifo(folder / "pipe")
    told = list(manifest.faults(folder))
    assert [one.partition(": ")[2][:9] for one in told] == ["is a link"] * 2


def test_a_manifest_that_is_a_link_is_told(tmp_path):
    folder = make(tmp_path)
    (folder / manifest.NAME).rename(tmp_path / "kept")
    (folder / manifest.NAME).symlink_to(tmp_path / "kept")
    with pytest.raises(ValueError, match=r"manifest\.json: is a link"):
        manifest.verify(folder)


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("outputs", [], "'outputs' is missing or of another kind"),
        ("outputs", None, "'outputs' is missing"),
        ("inputs", {}, "'inputs' is missing"),
        ("parameters", 3, "'parameters' is missing"),
        ("parameters_sha256", 1.5, "'parameters_sha256' is missing"),
        ("outputs", {"audit.csv": 3}, "'audit.csv' has no record"),
        ("outputs", {"audit.csv": {"sha256": "a" * 64}}, "'audit.csv' has no size"),
        ("outputs", {"audit.csv": {"bytes": "4", "sha256": "a" * 64}}, "has no size"),
        ("outputs", {"audit.csv": {"bytes": True, "sha256": "a" * 64}}, "has no size"),
        ("outputs", {"audit.csv": {"bytes": -1, "sha256": "a" * 64}}, "has no size"),
        ("outputs", {"audit.csv": {"bytes": 4}}, "has no SHA-256"),
        ("outputs", {"audit.csv": {"bytes": 4, "sha256": "A" * 64}}, "has no SHA-256"),
        ("outputs", {"../x": {"bytes": 4, "sha256": "a" * 64}}, "not the name of a file"),
        ("outputs", {"/etc/passwd": {"bytes": 4, "sha256": "a" * 64}}, "not the name of a file"),
        ("outputs", {"a//b": {"bytes": 4, "sha256": "a" * 64}}, "not the name of a file"),
        ("outputs", {"a\0": {"bytes": 4, "sha256": "a" * 64}}, "not the name of a file"),
    ],
)
def test_hostile_manifests_are_refused(tmp_path, key, value, fault):
    folder = make(tmp_path)
    record = json.loads((folder / manifest.NAME).read_text())
    for told in ({**record, key: value}, {name: record[name] for name in record if name != key}):
        (folder / manifest.NAME).write_text(json.dumps(told))
        with pytest.raises(ValueError, match=rf"manifest\.json: .*({fault}|is missing)"):
            manifest.verify(folder)


@pytest.mark.parametrize("text", ["[]", "3", "{", "[" * 100_000, '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_manifests_that_are_none_are_refused(tmp_path, text):
    (tmp_path / manifest.NAME).write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json: ") as told:
        manifest.read(tmp_path)
    assert "\n" not in str(told.value)


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


def test_files_that_runs_read_are_no_part_of_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "ROOT", tmp_path)
    examples = tmp_path / "experiments" / "sweep" / "examples"
    examples.mkdir(parents=True)
    (examples.parent / "design.py").write_text("1")
    before = manifest.source_digest()
    (examples / "mine.toml").write_text("format = 1")
    assert manifest.source_digest() == before
    (examples.parent / "design.py").write_text("2")
    assert manifest.source_digest() != before


def test_files_of_people_that_are_no_code_are_where_the_package_has_them():
    for folder in manifest.FILED:
        assert list((manifest.ROOT / folder).glob("*.toml"))


def test_what_computes_is_code_packages_and_python():
    told = manifest.computing_version()
    assert told["code"] == manifest.source_digest()
    assert told["packages"] == {name: metadata.version(name) for name in manifest.COMPUTING}
    assert told["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert manifest.computing_version() is told


def commit(folder: Path) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
