"""Runs of the triton backend beside the reference, for tests of its own matters."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from weishang.kernels import CascadeRule, Cascades
from weishang.kernels.cascade.core import reference
from weishang.kernels.cascade.core.task import Task, check
from weishang.kernels.cascade.triton import backend
from weishang.kernels.cascade.triton.launch import Launches


def a_task(
    graph: Any,
    rule: CascadeRule,
    seeds: Any,
    cascades: Any = range(1),
    seed: int = 0,
    *,
    max_hops: int | None = None,
    segment: Any = None,
    record: str = "events",
) -> Task:
    return check(graph, rule, seeds, cascades, seed, max_hops, segment, record)


def on_gpu(**options: Any) -> Callable[..., Cascades]:
    return lambda *args, **kwargs: backend.run(a_task(*args, **kwargs), **options)


def by_reference(*args: Any, **kwargs: Any) -> Cascades:
    return reference.run(a_task(*args, **kwargs))


def small_launches(programs: int, lanes: int) -> Any:
    """Few small programs instead of the device's own grids: queues and lists take many steps."""
    one = (programs,), {"LANES": lanes}
    return mock.patch.object(Launches, "on", return_value=Launches(one, one, 3))
