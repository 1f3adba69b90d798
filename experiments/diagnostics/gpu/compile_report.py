"""Compile every GPU kernel ahead of time, on a machine without a GPU, and tell what came of it.

Run it as `python -m weishang.experiments.diagnostics.gpu.compile_report docs/gpu.md` to renew the
tables of a page; without a page it prints the same as JSON.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from weishang.experiments.diagnostics.gpu.roofline import Costs, markdown, roofline_table
from weishang.kernels.cascade.triton.kernels.decide import decide
from weishang.kernels.cascade.triton.kernels.exposures import expose
from weishang.kernels.cascade.triton.kernels.multilayer import (
    decide_multilayer,
    reach,
    reduce_first_posters,
)
from weishang.kernels.cascade.triton.kernels.queues import sort_posts
from weishang.kernels.cascade.triton.kernels.rng import INTERPRETED, WORDS_BEFORE_LOOK
from weishang.kernels.cascade.triton.kernels.state import forget, init_seeds
from weishang.kernels.cascade.triton.launch import NODE_LANES, NODE_WARPS, ROW_LANES, ROW_WARPS

ARCHITECTURES = (80, 90)
"""NVIDIA's A100 and H100 (H200 too), as compute capability times ten."""
WARP = 32

BLOCKS = ROW_LANES // (WARP * ROW_WARPS)
"""Blocks of slots that a thread of `expose` has at once."""
FORM_LOOPS = 3
"""Loops of every form of `expose`: over words, live slots, and slots that are listed."""

INT32_ARRAYS = {"indices", "state", "segment", "tally"}
"""Pointers to int32 among the kernels' arguments; all others are to int64."""
ALIGNMENT = 16
"""Bytes that torch aligns a tensor to, at least; hops' groups of counters keep it."""

KINDS = {
    "counts": {"RECORDS": False, "DOSED": False},
    "events": {"RECORDS": True, "DOSED": False},
    "doses": {"RECORDS": True, "DOSED": True},
}
"""What a batch is run for; see gpu_room.Kind."""

CHANNELS = {
    "ties": {"GROUPS": False, "STRANGERS": False},
    "groups": {"GROUPS": True, "STRANGERS": False},
    "strangers": {"GROUPS": False, "STRANGERS": True},
}
"""Kinds of layers that `reach` follows, each with its flags."""

_LINE = r"^(\.L_x_\d+:)|/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+ +)?(\S.*?) ?;"
_JUMP = re.compile(r"BRA.*`\((\.L_x_\d+)\)")


class Variant(NamedTuple):
    """A kernel as it is launched: what it is for, its constants, and warps a program."""

    kernel: Any
    purpose: str
    constants: dict[str, Any]
    warps: int


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a variant.

    Attributes:
        kernel, purpose, constants: see Variant.
        types: of the kernel's arguments.
        architecture: 90 for sm_90.
        registers: a thread.
        spills: loads and stores of registers that found no place.
        shared: bytes of shared memory a program.
        loops: instructions of the innermost loops.
        around: instructions of the longest loop outside these.
    """

    kernel: str
    purpose: str
    constants: dict[str, Any]
    types: dict[str, str]
    architecture: int
    registers: int
    spills: int
    shared: int
    loops: list[int]
    around: int


def variants() -> Iterator[Variant]:
    """Every kernel in every form in which it is launched on a device."""
    for purpose, flags in KINDS.items():
        for weighted in (False, True):
            name = f"{purpose}, weighted" if weighted else purpose
            constants = {**flags, "WEIGHTED": weighted, "LANES": ROW_LANES}
            yield Variant(expose, name, constants, ROW_WARPS)
    for purpose, flags in KINDS.items():
        yield Variant(decide, purpose, {**flags, "LANES": NODE_LANES}, NODE_WARPS)
    yield Variant(sort_posts, "all", {"LANES": NODE_LANES}, NODE_WARPS)
    for kernel in (init_seeds, forget):
        for purpose, records in (("counts", False), ("events, doses", True)):
            constants = {"RECORDS": records, "LANES": NODE_LANES}
            yield Variant(kernel, purpose, constants, NODE_WARPS)
    for purpose, flags in CHANNELS.items():
        # Strangers have no weights.
        for weighted in (False, True)[: 1 if flags["STRANGERS"] else 2]:
            name = f"{purpose}, weighted" if weighted else purpose
            constants = {**flags, "WEIGHTED": weighted, "LANES": ROW_LANES}
            yield Variant(reach, name, constants, ROW_WARPS)
    yield Variant(reduce_first_posters, "groups", {"LANES": ROW_LANES}, ROW_WARPS)
    yield Variant(decide_multilayer, "layers", {"LANES": NODE_LANES}, NODE_WARPS)


def signature(kernel: Any) -> dict[str, str]:
    """Types of a kernel's arguments, as Triton names them."""
    return {param.name: _type_of(param) for param in kernel.params}


def compile_all(architectures: Sequence[int] = ARCHITECTURES) -> list[Compiled]:
    """Compile every variant for every architecture.

    Raises:
        ValueError: the kernels were loaded for the interpreter.
    """
    if INTERPRETED:
        raise ValueError("TRITON_INTERPRET is 1, which compiles nothing; unset it")
    return [
        _compiled(variant, architecture) for variant in variants() for architecture in architectures
    ]


def register_table(compiled: Sequence[Compiled]) -> str:
    """A line a variant: registers and spills on each architecture, and shared memory."""
    names = [f"sm_{number}" for number in ARCHITECTURES]
    header = [
        "kernel",
        "for",
        *(f"registers {name}" for name in names),
        *(f"spills {name}" for name in names),
        "shared bytes",
    ]
    lines = []
    for first in range(0, len(compiled), len(names)):
        own = compiled[first : first + len(names)]
        lines.append(
            [
                f"`{own[0].kernel}`",
                own[0].purpose,
                *(str(one.registers) for one in own),
                *(str(one.spills) for one in own),
                str(max(one.shared for one in own)),
            ]
        )
    return markdown(header, lines)


def loop_table(compiled: Sequence[Compiled]) -> str:
    """Instructions that a thread of `expose` runs for each thing it does, on sm_90."""
    lines = []
    for one in compiled:
        if one.kernel == expose.__name__ and one.architecture == ARCHITECTURES[-1]:
            costs = costs_of(one)
            # Beside the loops of every form there is one over weights, the second.
            weights = f"{one.loops[1] / BLOCKS:.1f}" if len(one.loops) > FORM_LOOPS else "-"
            figures = [f"{figure:.1f}" for figure in costs]
            lines.append([one.purpose, figures[0], weights, *figures[1:]])
    header = ["for", "a word", "a weight", "a live slot", "listing a hit", "a block beside these"]
    return markdown(header, lines)


def costs_of(one: Compiled) -> Costs:
    """What a thread's part in one block of 64 slots costs; a compiled `expose`."""
    words, *_, live_slot, listing = (count / BLOCKS for count in one.loops)
    return Costs(words / WORDS_BEFORE_LOOK.value, live_slot, listing, one.around / BLOCKS)


def refreshed(page: str, compiled: Sequence[Compiled]) -> str:
    """A page's text with its tables, and the compiler that they are of, as they are now."""
    blocks = {
        "registers": register_table(compiled),
        "loops": loop_table(compiled),
        "roofline": roofline_table(costs_of(_plain_expose(compiled))),
        "compiler": f"Triton {triton.__version__}\n",
    }
    for name, block in blocks.items():
        marks = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, found = marks.subn(rf"\g<1>{block}\g<2>", page)
        if found != 1:
            raise ValueError(f"the page has {found} blocks called {name}; it needs one")
    return page


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("page", nargs="?", type=Path, help="Markdown file whose tables to renew")
    page = parser.parse_args(arguments).page
    try:
        compiled = compile_all()
        if page is None:
            json.dump([asdict(one) for one in compiled], sys.stdout)
        else:
            page.write_text(refreshed(page.read_text("utf-8"), compiled), encoding="utf-8")
    except (OSError, ValueError) as error:
        parser.error(str(error))


def _plain_expose(compiled: Sequence[Compiled]) -> Compiled:
    """The kernel that counts without weights, on the last architecture."""
    return next(
        one
        for one in reversed(compiled)
        if one.kernel == expose.__name__ and one.purpose == next(iter(KINDS))
    )


def _type_of(param: Any) -> str:
    if param.is_constexpr:
        return "constexpr"
    if param.annotation_type:
        return str(param.annotation_type)
    return "*i32" if param.name in INT32_ARRAYS else "*i64"


def _compiled(variant: Variant, architecture: int) -> Compiled:
    types = signature(variant.kernel)
    aligned = [
        param.num
        for param in variant.kernel.params
        if types[param.name].startswith("*") and not param.do_not_specialize_on_alignment
    ]
    source = ASTSource(
        variant.kernel,
        types,
        constexprs=variant.constants,
        attrs={(place,): [["tt.divisibility", ALIGNMENT]] for place in aligned},
    )
    target = GPUTarget("cuda", architecture, WARP)
    made = triton.compile(source, target=target, options={"num_warps": variant.warps})
    registers, code = _inspected(made.asm["cubin"])
    loops, around = _loops(code)
    return Compiled(
        kernel=variant.kernel.__name__,
        purpose=variant.purpose,
        constants=variant.constants,
        types=types,
        architecture=architecture,
        registers=registers,
        spills=sum(line.startswith(("LDL", "STL")) for line in code),
        shared=made.metadata.shared,
        loops=loops,
        around=around,
    )


def _inspected(cubin: bytes) -> tuple[int, list[str]]:
    """Registers a thread; labels and instructions of the machine code, without predicates."""
    tools = triton.knobs.nvidia
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        usage = _told(tools.cuobjdump.path, "--dump-resource-usage", file.name)
        text = _told(tools.nvdisasm.path, "--print-code", file.name)
    registers = [int(number) for number in re.findall(r"REG:(\d+)", usage)]
    if len(registers) != 1:
        raise ValueError(f"cuobjdump tells of {len(registers)} kernels in a file of one")
    found = re.findall(_LINE, text, re.MULTILINE)
    return registers[0], [label or instruction for label, instruction in found]


def _told(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _is_instruction(line: str) -> bool:
    return not line.endswith(":") and line != "NOP"


def _loops(code: Sequence[str]) -> tuple[list[int], int]:
    """Instructions of each loop that has no other in it, and of the longest loop around them."""
    labels = {line.rstrip(":"): place for place, line in enumerate(code) if line.endswith(":")}
    jumps = [(_JUMP.match(line), place) for place, line in enumerate(code)]
    loops = [(labels[jump[1]], place) for jump, place in jumps if jump]
    # The code ends with a jump to itself, which no thread comes to.
    loops = [(start, end) for start, end in loops if start + 1 < end]
    inner = [
        (start, end)
        for start, end in loops
        if not any(start < first and last < end for first, last in loops)
    ]

    def length(start: int, end: int) -> int:
        return sum(map(_is_instruction, code[start : end + 1]))

    lengths = [length(*loop) for loop in inner]
    longest = max(loops, key=lambda loop: loop[1] - loop[0])
    return lengths, length(*longest) - (0 if longest in inner else sum(lengths))


if __name__ == "__main__":
    main()
