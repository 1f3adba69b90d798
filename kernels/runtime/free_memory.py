"""Bytes that a process could still take on this machine: of the host, and of its GPU."""

import os
from pathlib import Path

KIBIBYTE = 1024
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
DEVICE_FILES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""One of them is there wherever NVIDIA's driver is: on Linux, and on Linux under Windows."""


def host_bytes() -> int | None:
    """The least that machine, control groups and limits leave; None where none of them tells."""
    left = [_of_machine(), _of_address_space(), *_of_groups()]
    return min((max(one, 0) for one in left if one is not None), default=None)


def device_bytes() -> int | None:
    """What is free on the CUDA device, counting what torch keeps in reserve; None without one."""
    if not has_device_file():
        return None
    import torch

    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def has_device_file() -> bool:
    """Whether NVIDIA's driver is there: known in microseconds, and without torch."""
    return any(path.exists() for path in DEVICE_FILES)


def _of_machine() -> int | None:
    told = _fields(PROC / "meminfo").get("MemAvailable:")
    if told is not None:
        return told * KIBIBYTE
    names = ("SC_PAGE_SIZE", "SC_PHYS_PAGES")
    if not set(names) <= os.sysconf_names.keys():
        return None
    page, pages = map(os.sysconf, names)
    return page * pages


def _of_address_space() -> int | None:
    if os.name != "posix":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    used = _fields(PROC / "self" / "status").get("VmSize:")
    if limit == resource.RLIM_INFINITY or used is None:
        return None
    return limit - used * KIBIBYTE


def _of_groups() -> list[int]:
    """What each control group that the process is in leaves: clusters and containers use them."""
    left = []
    for line in _lines(PROC / "self" / "cgroup"):
        _, controllers, name = line.split(":", 2)
        if not controllers or "memory" in controllers.split(","):
            top = CGROUPS / controllers
            own = top / name.lstrip("/")
            left += [_of_group(one) for one in (own, *own.parents) if one.is_relative_to(top)]
    return [one for one in left if one is not None]


def _of_group(folder: Path) -> int | None:
    """The limit less what is used; files that are cached give way, so they do not count."""
    cached = _fields(folder / "memory.stat")
    for limit_name, used_name, cached_name in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, used = _number(folder / limit_name), _number(folder / used_name)
        if limit is not None and used is not None:
            return limit - used + cached.get(cached_name, 0)
    return None


def _number(path: Path) -> int | None:
    """The number in a file; None without the file, or where it says that there is no limit."""
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdigit() else None


def _fields(path: Path) -> dict[str, int]:
    """The first number of each line, by the line's first word."""
    words = (line.split() for line in _lines(path))
    return {line[0]: int(line[1]) for line in words if len(line) > 1 and line[1].isdigit()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
