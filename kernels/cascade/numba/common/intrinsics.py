"""A hint to the processor: this entry of an array will be read soon."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

READ, ALL_CACHES, DATA = 0, 3, 1
"""Arguments of LLVM's llvm.prefetch."""


@intrinsic
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of `array[index]`, one dimension, contiguous; waits for nothing.

    A line that comes while other work is done costs nothing when it is read.
    """

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), cgutils.voidptr_t)
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag])
        hint = builder.module.declare_intrinsic("llvm.prefetch", (cgutils.voidptr_t,), kind)
        builder.call(hint, [address, flag(READ), flag(ALL_CACHES), flag(DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64), build
