"""Cluster jobs: they parse, name no host, and call commands that exist."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import typer

from weishang.experiments import cli

JOBS = sorted((Path(cli.__file__).parent / "jobs").glob("*.sbatch"))
OPTIONS = {
    *("job-name", "gpus", "cpus-per-task", "mem", "time", "array"),
    *("requeue", "open-mode", "output", "signal"),
}
"""Of sbatch; those that name hosts, partitions, accounts or people are not among them."""

each_job = pytest.mark.parametrize("job", JOBS, ids=[job.name for job in JOBS])


def test_there_are_jobs():
    assert [job.name for job in JOBS] == ["doctor_gpu.sbatch"]


@each_job
def test_bash_parses_it(job):
    assert job.read_text().startswith("#!/bin/bash\n")
    subprocess.run(["bash", "-n", job], check=True, capture_output=True)


@each_job
def test_it_names_no_host(job):
    text = job.read_text()
    told = re.findall(r"^#SBATCH\s+--([\w-]+)", text, re.MULTILINE)
    assert told
    assert len(told) == text.count("#SBATCH")
    assert set(told) <= OPTIONS
    assert not re.search(
        r"@|://|\b\d+\.\d+\.\d+\.\d+\b|--(nodelist|host|chdir)|/home/|/scratch", text
    )


@each_job
def test_every_command_exists_and_takes_its_options(job):
    lines = [line for line in job.read_text().splitlines() if re.match(r"(exec )?weishang\b", line)]
    assert lines
    commands = typer.main.get_command(cli.app).commands
    for line in lines:
        words = shlex.split(line.removeprefix("exec "))
        known = {name for one in commands[words[1]].params for name in one.opts}
        assert {word for word in words if word.startswith("--")} <= known


@each_job
@pytest.mark.skipif(torch.cuda.is_available(), reason="with a device the job would run in full")
def test_it_runs_up_to_the_missing_device(job, tmp_path):
    program = Path(sys.executable).with_name("weishang")
    if not program.exists():
        program = Path(shutil.which("weishang") or pytest.skip("weishang is not installed"))
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    environment.pop("TRITON_INTERPRET", None)
    done = subprocess.run(
        ["bash", job],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "RESULTS": str(tmp_path / "results")},
    )
    assert done.returncode == 2
    assert done.stderr.startswith("weishang: --gpu cannot look at cuda here: ")
    assert list(tmp_path.iterdir()) == []
