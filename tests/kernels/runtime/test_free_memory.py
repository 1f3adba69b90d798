"""What is left is the least that machine, control groups and limits leave."""

import subprocess
import sys
from pathlib import Path

import pytest

from weishang.kernels.runtime import free_memory as available

LARGE = 1 << 50
"""Bytes: more than the machine has."""


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in the place of /proc and /sys, with 8 GiB free and no other bound."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n")
    (proc / "self" / "status").write_text("Name:\tpython\nVmSize:\t  1024 kB\n")
    (tmp_path / "cgroup" / "job" / "step").mkdir(parents=True)
    monkeypatch.setattr(available, "PROC", proc)
    monkeypatch.setattr(available, "CGROUPS", tmp_path / "cgroup")
    return tmp_path


def bound(folder: Path, limit: str, used: int, cached: int, version: int) -> None:
    names = ("memory.max", "memory.current", "inactive_file")
    if version == 1:
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cached}\n")


def test_a_free_machine(machine: Path) -> None:
    assert available.host_bytes() == 8 << 30


def test_this_machine_has_some() -> None:
    found = available.host_bytes()
    assert found is not None
    assert 0 < found < LARGE


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("where", ["job/step", "job", "."])
def test_the_tightest_control_group_counts(machine: Path, version: int, where: str) -> None:
    top = machine / "cgroup" / ("memory" if version == 1 else "")
    controllers = "memory" if version == 1 else ""
    (machine / "proc" / "self" / "cgroup").write_text(f"3:cpu:/\n7:{controllers}:/job/step\n")
    bound(top / "job" / "step", "max" if version == 2 else str(LARGE), 0, 0, version)
    bound(top / where, "3000000", used=2_000_000, cached=500_000, version=version)
    assert available.host_bytes() == 1_500_000


def test_a_group_that_is_over_its_bound_leaves_nothing(machine: Path) -> None:
    (machine / "proc" / "self" / "cgroup").write_text("0::/\n")
    bound(machine / "cgroup", "1000", used=5_000, cached=0, version=2)
    assert available.host_bytes() == 0


def test_a_system_that_tells_nothing_is_taken_by_its_memory(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(available, "PROC", machine / "absent")
    monkeypatch.setattr(available.os, "sysconf_names", {"SC_PAGE_SIZE": 0, "SC_PHYS_PAGES": 1})
    monkeypatch.setattr(available.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 10}.get)
    assert available.host_bytes() == 40_960
    monkeypatch.setattr(available.os, "sysconf_names", {})
    assert available.host_bytes() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is bounded on Linux")
def test_a_bound_of_the_address_space_counts() -> None:
    bounded = """
import resource
from weishang.kernels.runtime import free_memory as available
held = available._fields(available.PROC / "self" / "status")["VmSize:"] * available.KIBIBYTE
resource.setrlimit(resource.RLIMIT_AS, (held + 30_000_000,) * 2)
print(available.host_bytes())
"""
    done = subprocess.run(
        [sys.executable, "-c", bounded], capture_output=True, text=True, check=True
    )
    assert 20_000_000 < int(done.stdout) <= 30_000_000


def test_without_a_driver_no_device_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "DEVICE_FILES", (Path("/absent"),))
    assert not available.has_device_file()
    assert available.device_bytes() is None


@pytest.mark.gpu
def test_a_device_has_some_bytes_free() -> None:
    found = available.device_bytes()
    assert found is not None
    assert 0 < found < LARGE
