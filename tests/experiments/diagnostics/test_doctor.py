"""`weishang doctor`: what runs here, and a device's suite rehearsed on the CPU."""

import os
import re
import subprocess
import sys
from functools import partial
from importlib.util import find_spec

import pandas as pd
import pytest
import torch

from weishang.experiments import cli
from weishang.experiments.diagnostics import device_speed, device_suite, doctor
from weishang.experiments.diagnostics.doctor import Scale
from weishang.experiments.storage import manifest
from weishang.kernels import cascade
from weishang.kernels.runtime import availability, free_memory

TINY = Scale(small=3, nodes=200, cascades=4, probabilities=(0.1, 0.2), at_once=2, seconds=0.001)
LEAST = Scale(small=2, nodes=60, cascades=2, probabilities=(0.1,), at_once=1, seconds=0.0001)
"""For the interpreter, which takes a second for what others do in a millisecond."""

NEEDS_TRITON = pytest.mark.skipif(find_spec("triton") is None, reason="triton is not installed")


@pytest.fixture
def weishang(monkeypatch, capsys, tmp_path):
    """Runs `weishang doctor` small and short; gives code, stdout and stderr."""
    monkeypatch.setattr(doctor, "REHEARSAL", TINY)
    monkeypatch.setattr(device_speed, "READS", {"cpu": 1 << 12})
    monkeypatch.setattr(device_speed, "COPIED_BYTES", {"cpu": 1 << 20})

    def run(*options):
        arguments = ["weishang", "doctor", *options, "--out", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        return caught.value.code, told.out, told.err

    return run


@pytest.fixture
def no_interpreter(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)


def test_the_machine_and_every_backend_have_a_line(weishang, tmp_path, monkeypatch):
    monkeypatch.setattr(
        doctor, "missing", lambda name: "no luck; buy some" if name == "torch" else None
    )
    code, out, _ = weishang()
    assert code == 0
    for name in ("Python", "weishang", *doctor.PACKAGES, "processor", "usable cores", "GPU"):
        assert name in out
    assert "torch: no luck; buy some\n" in out
    assert [line for line in out.splitlines() if line.endswith(": ready")] == [
        f"{name}: ready" for name in cascade.BACKENDS if name != "torch"
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_installed_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    table = doctor.machine().set_index("what")["here"]
    assert table["no-such-package"] == "not installed"
    assert table["numpy"][0].isdigit()


@pytest.mark.usefixtures("no_interpreter")
def test_without_a_device_one_line_tells_what_is_missing(weishang, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(free_memory, "DEVICE_FILES", ())
    code, out, err = weishang("--gpu")
    assert code == 2
    assert err.startswith("weishang: --gpu cannot check cuda here: no CUDA device is here")
    assert err.count("\n") == 1
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_interpreter")
def test_without_triton_one_line_tells_how_to_install_it(weishang, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        availability, "find_spec", lambda name: None if name == "triton" else find_spec(name)
    )
    code, _, err = weishang("--gpu")
    assert code == 2
    assert "triton is not installed; pip install triton" in err


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--gpu", "--device", "abacus"), "device is 'abacus'|cannot check abacus"),
        (("--gpu", "--device", "cpu", "--seed", "-1"), "seed is -1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(weishang, tmp_path, options, told):
    code, _, err = weishang(*options)
    assert code == 2
    assert err.count("\n") == 1
    assert re.search(told, err)
    assert list(tmp_path.iterdir()) == []


@NEEDS_TRITON
def test_the_interpreter_is_not_taken_for_a_device(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    with pytest.raises(ValueError, match="TRITON_INTERPRET is set; unset it"):
        doctor.backends_on("cuda")
    assert list(doctor.backends_on("cpu")) == ["triton", "torch"]


@pytest.mark.usefixtures("no_interpreter")
def test_a_rehearsal_checks_measures_and_saves(weishang, tmp_path):
    code, out, _ = weishang("--gpu", "--device", "cpu")
    assert code == 0
    folder = tmp_path / "doctor"
    manifest.verify(folder)
    record = manifest.read(folder)
    assert record["device"] == manifest.cpu_model()
    assert record["graph_sha256"]
    assert record["parameters"]["nodes"] == TINY.nodes
    checks = pd.read_csv(folder / "checks.csv")
    assert checks["passed"].all()
    assert set(checks["backend"]) == {"torch"}
    assert set(checks["against"]) == {"the contract", "reference", "numba"}
    assert len(checks) > 15
    trials = pd.read_csv(folder / "trials.csv")
    assert trials["backend"].tolist() == ["torch", "numba"] * 2
    assert {"bandwidth.csv", "table.md", "trials.pdf", "trials.png"} <= set(record["outputs"]) | {
        path.name for path in folder.iterdir()
    }
    assert "Edge-trials a second" in out


def wrong(fault):
    """`propagate`, but with torch's results spoiled or withheld."""

    def spread(*args, backend, **options):
        if backend == "torch":
            return fault(partial(cascade.propagate, *args, backend="numba"), options)
        return cascade.propagate(*args, backend=backend, **options)

    return spread


def other_luck(spread, options):
    options.pop("device")
    options.pop("memory", None)
    changed = {"seed": options["seed"] + 1} if "seed" in options else {"max_hops": 1}
    return spread(**{**options, **changed})


def no_answer(spread, options):
    raise RuntimeError("the device\nwent away")


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (other_luck, "torch: knows layers weights and doses: differs from the contract"),
        (no_answer, "torch: knows masks: RuntimeError: the device went away"),
    ],
)
def test_a_device_that_differs_fails_and_is_not_timed(
    weishang, monkeypatch, tmp_path, fault, first
):
    monkeypatch.setattr(device_suite, "propagate", wrong(fault))
    code, _, err = weishang("--gpu", "--device", "cpu")
    assert code == 1
    last = err.splitlines()[-1]
    assert last.endswith(f"checks failed, first: {first}")
    checks = pd.read_csv(tmp_path / "doctor" / "checks.csv")
    assert (~checks["passed"]).sum() == int(last.split()[1])
    large = checks[checks["against"] == "numba"]
    assert not large["passed"].any()
    assert not (tmp_path / "doctor" / "trials.csv").exists()
    manifest.verify(tmp_path / "doctor")


@NEEDS_TRITON
def test_triton_is_rehearsed_by_its_interpreter(tmp_path):
    """In a process of its own: what is interpreted is decided at triton's import."""
    code = f"""
from weishang.experiments.diagnostics import device_speed, doctor
doctor.REHEARSAL = doctor.{LEAST!r}
device_speed.READS, device_speed.COPIED_BYTES = {{"cpu": 1 << 12}}, {{"cpu": 1 << 20}}
from weishang.experiments import cli
cli.main()
"""
    options = ["doctor", "--gpu", "--device", "cpu", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *options],
        capture_output=True,
        text=True,
        env={**os.environ, "TRITON_INTERPRET": "1"},
    )
    assert done.returncode == 0, done.stderr
    checks = pd.read_csv(tmp_path / "doctor" / "checks.csv")
    assert set(checks["backend"]) == {"triton", "torch"}
    trials = pd.read_csv(tmp_path / "doctor" / "trials.csv")
    assert set(trials["backend"]) == {"triton", "torch", "numba"}


@pytest.mark.gpu
@pytest.mark.slow
def test_this_machines_device_passes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "weishang.experiments.cli", "doctor", "--gpu", "--out", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert pd.read_csv(tmp_path / "doctor" / "checks.csv")["passed"].all()
