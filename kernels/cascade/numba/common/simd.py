"""Eight 64-bit words at once, for compiled CPU code.

LLVM's vectorizer gives up where arrays might overlap, and what it makes of a loop changes with the
loop's surroundings. An `Eight` is one of LLVM's own vectors: a register with AVX-512, two with
AVX2, four with Neon. Arithmetic is modulo 2^64, lane by lane.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model
from numba.np.arrayobj import make_array

LANES = 8
WORD = ir.IntType(64)
VECTOR = ir.VectorType(WORD, LANES)
WORD_BYTES = 8


class Eight(types.Type):
    """The type of eight uint64."""

    def __init__(self) -> None:
        super().__init__(name="Eight")


eight = Eight()


@register_model(Eight)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def _define(symbol: Any, build: str) -> None:
    """Let an operator take two `Eight` by one of LLVM's instructions."""

    @infer_global(symbol)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(eight, *args) if args == (eight, eight) else None

    @lower_builtin(symbol, Eight, Eight)
    def _lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return getattr(builder, build)(*args)


for _symbol, _build in (
    (operator.add, "add"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.iand, "and_"),
    (operator.or_, "or_"),
    (operator.ior, "or_"),
    (operator.xor, "xor"),
    (operator.rshift, "lshr"),
):
    _define(_symbol, _build)


@intrinsic
def all_eight(typing_context: Any, word: Any) -> Any:
    """The same uint64 in all lanes."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), args[0], WORD(0))
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, first, lanes)

    return eight(types.uint64), build


@intrinsic
def load_eight(typing_context: Any, array: Any, index: Any) -> Any:
    """Entries index .. index + 7 of a contiguous uint64 array; index is a uint64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place(context, builder, signature, args), align=WORD_BYTES)

    return eight(array, types.uint64), build


@intrinsic
def store_eight(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Write entries index .. index + 7 of a contiguous uint64 array; index is a uint64."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(context, builder, signature, args), align=WORD_BYTES)
        return context.get_dummy_value()

    return types.void(array, types.uint64, eight), build


@intrinsic
def any_of_eight(typing_context: Any, value: Any) -> Any:
    """Whether a bit is set in any lane."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(64 * LANES))
        return builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(eight), build


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Where the entries begin, as a pointer to a vector."""
    data = make_array(signature.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), VECTOR.as_pointer())
