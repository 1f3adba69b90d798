"""A backend that cannot run says what is missing; "auto" is chosen quietly."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from weishang.kernels import CascadeRule, Graph, propagate
from weishang.kernels.cascade import registry
from weishang.kernels.cascade.core.memory import Batch, Work
from weishang.kernels.cascade.registry import BACKENDS, Backend
from weishang.kernels.cascade.triton import chosen_unasked
from weishang.kernels.runtime import availability, free_memory

RING = Graph.from_edges([0, 1, 2], [1, 2, 0])
RULE = CascadeRule(view=[1.0], share=np.ones((1, 3, 1)))


@pytest.fixture
def forgotten_choice() -> Iterator[None]:
    """Lets "auto" log again what it is."""
    registry._log_choice.cache_clear()
    yield
    registry._log_choice.cache_clear()


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Packages that cannot be found."""
    names: set[str] = set()
    find_spec = availability.find_spec
    monkeypatch.setattr(
        availability, "find_spec", lambda name: None if name in names else find_spec(name)
    )
    return names


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with triton and without a device."""
    monkeypatch.setattr(availability, "find_spec", lambda name: object())
    monkeypatch.setattr(availability, "interpreted", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(free_memory, "DEVICE_FILES", ())


def fake_triton(monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    """A backend in triton's place that runs here."""

    def run(task: Any, *, device: Any = None, memory: Any = None) -> Any:
        ran.append("triton")
        return registry.runner("reference", {})(task)

    monkeypatch.setitem(sys.modules, "a_fake_of_triton", SimpleNamespace(run=run))
    fake = BACKENDS["triton"]._replace(run="a_fake_of_triton")
    monkeypatch.setitem(BACKENDS, "triton", fake)


def test_what_is_installed_is_not_missing() -> None:
    assert registry.missing("reference") is None
    assert registry.missing("numba") is None
    assert registry.missing("torch") is None


@pytest.mark.parametrize(
    ("backend", "package"),
    [("numba", "numba"), ("torch", "torch"), ("triton", "torch"), ("triton", "triton")],
)
def test_a_package_is_named_with_how_to_install_it(
    absent: set[str], monkeypatch: pytest.MonkeyPatch, backend: str, package: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    absent.add(package)
    assert registry.missing(backend) == f"{package} is not installed; pip install {package}"


def test_a_machine_without_a_gpu_is_told(no_gpu: None) -> None:
    told = registry.missing("triton")
    assert told is not None
    assert told.startswith("no CUDA device is here; run on a machine with an NVIDIA GPU")
    assert availability.CUDA_TORCH in told


def test_a_torch_without_cuda_beside_a_gpu_is_told(
    no_gpu: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(free_memory, "DEVICE_FILES", (tmp_path,))
    monkeypatch.setattr(torch.version, "cuda", None)
    assert registry.missing("triton") == (
        f"this torch {torch.__version__} is built without CUDA; {availability.CUDA_TORCH}"
    )


@pytest.mark.parametrize(("value", "on"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_the_interpreter_needs_no_gpu(
    no_gpu: None, monkeypatch: pytest.MonkeyPatch, value: str, on: bool
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(availability, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("TRITON_INTERPRET", value)
    assert availability.interpreted() == on
    assert (registry.missing("triton") is None) == on
    assert not chosen_unasked()


def test_propagate_tells_what_is_missing_and_falls_back_on_nothing(absent: set[str]) -> None:
    absent.add("torch")
    with pytest.raises(ValueError, match="backend 'torch' cannot run here: torch is not installed"):
        propagate(RING, RULE, [0], backend="torch")


def test_a_backend_that_cannot_be_imported_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BACKENDS["torch"]._replace(run="weishang.kernels.no_such_module")
    monkeypatch.setitem(BACKENDS, "torch", broken)
    with pytest.raises(
        ValueError, match=r"backend 'torch' cannot be loaded here: .*no_such_module"
    ):
        propagate(RING, RULE, [0], backend="torch")


@pytest.mark.parametrize(
    ("backend", "option", "options"),
    [
        ("reference", "threads", "none"),
        ("torch", "threads", "device, memory"),
        ("numba", "memory", "threads"),
        ("numba", "max_hop", "threads"),
    ],
)
def test_an_unknown_option_is_named_with_those_there_are(
    backend: str, option: str, options: str
) -> None:
    told = f"{option} is not an argument of propagate or an option of the backend '{backend}'"
    with pytest.raises(ValueError, match=f"^{told}; its options: {options}"):
        propagate(RING, RULE, [0], backend=backend, **{option: 2})


@pytest.mark.usefixtures("forgotten_choice")
def test_auto_is_numba_without_a_gpu_and_logs_it_once_as_information(
    no_gpu: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []
    fake_triton(monkeypatch, ran)
    caplog.set_level(logging.DEBUG, "weishang")
    for _ in range(3):
        assert propagate(RING, RULE, [0]).reach.tolist() == [[1, 1]]
    assert ran == []
    assert [(one.name, one.levelno) for one in caplog.records] == [("weishang", logging.INFO)]
    assert "backend 'auto' is 'numba' on this machine" in caplog.text


@pytest.mark.usefixtures("forgotten_choice")
def test_auto_is_triton_where_it_runs_and_takes_the_options(
    no_gpu: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[str] = []
    fake_triton(monkeypatch, ran)
    caplog.set_level(logging.INFO, "weishang")
    monkeypatch.setattr(free_memory, "DEVICE_FILES", (tmp_path,))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    expected = propagate(RING, RULE, [0], range(3), backend="reference")
    assert propagate(RING, RULE, [0], range(3)).equals(expected)
    assert propagate(RING, RULE, [0], range(3), memory=1 << 20).equals(expected)
    assert ran == ["triton", "triton"]
    assert propagate(RING, RULE, [0], range(3), threads=1).equals(expected)
    assert ran == ["triton", "triton"]
    assert caplog.text.count("'triton'") == caplog.text.count("'numba'") == 1


def test_a_process_without_a_gpu_imports_no_torch_and_prints_nothing() -> None:
    code = """
import sys
import numpy as np
from weishang.kernels import Graph, independent_cascade
graph = Graph.from_edges([0, 1], [1, 0])
for _ in range(2):
    independent_cascade(graph, [0], 0.5)
print("torch" in sys.modules, "triton" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    if not free_memory.has_device_file():
        assert done.stdout.split() == ["False", "False"]


def test_a_new_backend_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options, its availability and its estimate come from its own modules."""

    def run(task: Any, *, steps: int = 1) -> Any:
        return registry.runner("reference", {})(task)

    def estimate(batch: Any, **_: Any) -> Work:
        return Work(1_000, 1)

    module = SimpleNamespace(run=run, estimate=estimate, missing=lambda: absent)
    monkeypatch.setitem(sys.modules, "a_new_backend", module)
    monkeypatch.setitem(BACKENDS, "new", Backend(*["a_new_backend"] * 3))
    absent = None
    expected = propagate(RING, RULE, [0], backend="reference")
    assert propagate(RING, RULE, [0], backend="new", steps=2).equals(expected)
    assert registry.estimate("new", Batch(3, 3)).rows == 1
    with pytest.raises(ValueError, match="its options: steps"):
        propagate(RING, RULE, [0], backend="new", threads=1)
    absent = "its machine is not here"
    with pytest.raises(ValueError, match="backend 'new' cannot run here: its machine is not here"):
        propagate(RING, RULE, [0], backend="new")
