"""Every GPU kernel compiles to machine code without spills; the page tells what came of it."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch

pytest.importorskip("triton")

import triton

from weishang.experiments.diagnostics.gpu import compile_report
from weishang.experiments.diagnostics.gpu.compile_report import ARCHITECTURES, WARP, Compiled
from weishang.kernels import CascadeRule, Graph, Groups, Strangers
from weishang.kernels.cascade.core.task import check
from weishang.kernels.cascade.triton import backend as gpu
from weishang.kernels.cascade.triton import buffers, chunk, multilayer_chunk
from weishang.kernels.cascade.triton import launch as gpu_launch
from weishang.kernels.cascade.triton.kernels.rng import INTERPRETED

PAGE = Path(__file__).parents[4] / "docs" / "gpu.md"
MODULE = "weishang.experiments.diagnostics.gpu.compile_report"

REGISTERS = 65_536
"""Of a multiprocessor; a thread gets a multiple of 8."""

KERNELS = {
    "expose": chunk,
    "decide": chunk,
    "sort_posts": chunk,
    "init_seeds": chunk,
    "forget": buffers,
    "reach": multilayer_chunk,
    "reduce_first_posters": multilayer_chunk,
    "decide_multilayer": multilayer_chunk,
}
"""Kernels and the modules that launch them."""

ROW_KERNELS = {"expose", "reach", "reduce_first_posters"}
"""Kernels with a block of slots a lane."""
UNALIGNED = {"view_words", "weight_words", "luck_words", "post_words"}
"""Arrays that begin wherever a layer's part of a larger one does."""


def compiled_by_itself(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, where kernels are not interpreted."""
    return subprocess.run(
        [sys.executable, "-m", MODULE, *arguments],
        env={**os.environ, "TRITON_INTERPRET": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def compiled() -> list[Compiled]:
    done = compiled_by_itself()
    assert done.returncode == 0, done.stderr
    return [Compiled(**one) for one in json.loads(done.stdout)]


def test_nothing_is_spilled(compiled: list[Compiled]) -> None:
    assert {one.architecture for one in compiled} == set(ARCHITECTURES)
    assert {one.kernel for one in compiled} == set(KERNELS)
    assert [one for one in compiled if one.spills] == []


def test_programs_of_a_grid_are_resident(compiled: list[Compiled]) -> None:
    """All of them on the last architecture; elsewhere, and with strangers, seven of eight."""
    for one in compiled:
        is_row = one.kernel in ROW_KERNELS
        warps = gpu_launch.ROW_WARPS if is_row else gpu_launch.NODE_WARPS
        programs = gpu_launch.ROW_PROGRAMS if is_row else gpu_launch.NODE_PROGRAMS
        fitting = REGISTERS // (-(-one.registers // 8) * 8 * WARP * warps)
        all_fit = one.architecture == ARCHITECTURES[-1] and one.purpose != "strangers"
        assert fitting >= programs * (1 if all_fit else 7 / 8), one


def test_the_page_tells_what_was_compiled(compiled: list[Compiled]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if f"Triton {triton.__version__}\n" not in page:
        pytest.skip(f"{PAGE.name} is of another Triton than {triton.__version__}")
    refresh = f"renew it: python -m {MODULE} docs/{PAGE.name}"
    assert compile_report.refreshed(page, compiled) == page, refresh


def test_a_page_without_its_places_is_an_error(compiled: list[Compiled]) -> None:
    with pytest.raises(ValueError, match="0 blocks called registers"):
        compile_report.refreshed("# A page\n", compiled)


def test_the_command_line_names_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error, mock.patch.object(compile_report, "variants", list):
        compile_report.main([str(tmp_path / "no_page.md")])
    assert error.value.code == 2
    assert ("TRITON_INTERPRET" if INTERPRETED else "no_page.md") in capsys.readouterr().err


@pytest.mark.skipif(not INTERPRETED, reason="kernels are compiled here")
def test_kernels_of_the_interpreter_are_not_compiled() -> None:
    with pytest.raises(ValueError, match="TRITON_INTERPRET"):
        compile_report.compile_all()


@pytest.fixture(scope="module")
def launched() -> list[tuple[str, dict[str, Any]]]:
    """Names and arguments of all launches of a few runs, one of each form."""
    seen: list[tuple[str, dict[str, Any]]] = []
    with ExitStack() as stack:
        for name, module in KERNELS.items():
            kernel = _Recorded(getattr(module, name), seen)
            stack.enter_context(mock.patch.object(module, name, kernel))
        for task in tasks():
            gpu.run(task, memory=6_000)
    return seen


class TestLaunches:
    """What is compiled ahead of time is what is launched."""

    def test_in_every_form(
        self, launched: list[tuple[str, dict[str, Any]]], compiled: list[Compiled]
    ) -> None:
        forms = {
            (name, *((key, arguments[key]) for key in sorted(arguments) if key.isupper()))
            for name, arguments in launched
        }
        ahead = {
            (one.kernel, *((key, value) for key, value in sorted(one.constants.items())))
            for one in compiled
        }
        assert without_lanes(forms) == without_lanes(ahead)

    def test_with_arguments_of_these_types(
        self, launched: list[tuple[str, dict[str, Any]]], compiled: list[Compiled]
    ) -> None:
        types = {one.kernel: one.types for one in compiled}
        for name, arguments in launched:
            assert {key: type_of(value) for key, value in arguments.items()} == {
                key: kind if kind.startswith("*") else "number" for key, kind in types[name].items()
            }

    def test_with_aligned_arrays(self, launched: list[tuple[str, dict[str, Any]]]) -> None:
        for _, arguments in launched:
            for name, value in arguments.items():
                if isinstance(value, torch.Tensor) and name not in UNALIGNED:
                    assert value.data_ptr() % compile_report.ALIGNMENT == 0, name


class _Recorded:
    """A kernel that notes its arguments by name before it runs."""

    def __init__(self, kernel: Any, seen: list[tuple[str, dict[str, Any]]]) -> None:
        self._kernel, self._seen = kernel, seen

    def __getitem__(self, grid: tuple[int]) -> Any:
        def launch(*args: Any, **kwargs: Any) -> None:
            signature = inspect.signature(self._kernel.fn)
            known = {key: value for key, value in kwargs.items() if key in signature.parameters}
            bound = signature.bind(*args, **known)
            self._seen.append((self._kernel.fn.__name__, dict(bound.arguments)))
            self._kernel[grid](*args, **kwargs)

        return launch


def tasks() -> Iterator[Any]:
    """Tasks for counts, events, doses and layers, with and without weights; several parts each."""
    ends = np.random.default_rng(1).integers(0, 11, (2, 40))
    for weights in (None, np.full(40, 0.5)):
        graph = Graph.from_edges(*ends, weights)
        for record, doses in (("counts", 1), ("events", 1), ("counts", 2)):
            share = np.full((1, 3, 1, 2), 0.5)
            rule = CascadeRule([0.5], share=share if doses > 1 else share[..., 0], doses=doses)
            yield check(graph, rule, [0, 1, 2], range(9), 1, None, None, record)
        part = None if weights is None else weights[:3]
        groups = Groups(11, np.array([0, 6, 6, 11]), np.array([0, 1, 2, 5, 8, 9, 1, 2, 3, 4, 10]))
        groups = replace(groups, weights=part)
        rule = CascadeRule([[0.5], [0.5], [0.5]], share=np.ones((1, 3, 1)))
        layers = [graph, groups, Strangers(11, 70)]
        yield check(layers, rule, [0, 1, 2], range(9), 1, None, None, "events")


def type_of(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return {torch.int32: "*i32", torch.int64: "*i64"}[value.dtype]
    return "number"


def without_lanes(forms: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Lanes differ between the interpreter and a device."""
    return {tuple(item for item in form if item[0] != "LANES") for form in forms}
