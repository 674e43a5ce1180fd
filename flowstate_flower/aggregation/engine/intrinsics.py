"""What functions are compiled with by numba, and what it lacks: memory by its address, turns, kernels."""

from typing import Any

from numba import njit, types
from numba.extending import intrinsic


def compiled(**options: Any) -> Any:
    """Compile for this processor on first use, once for all processes, and let other threads run meanwhile."""
    return njit(nogil=True, cache=True, error_model="numpy", boundscheck=False, **options)


def _pointer_to(kind: Any) -> Any:
    """What takes an address as a pointer to numbers of this kind."""

    @intrinsic
    def pointer(_context: Any, address: Any) -> Any:
        signature = types.CPointer(kind)(address)  # type: ignore[no-untyped-call]

        def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return signature, codegen

    return pointer


@intrinsic
def _next_of(_context: Any, counter: Any) -> Any:
    """The number at an address, which is then one more: no other thread gets the same."""
    signature = types.int64(counter)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        number = ir.IntType(64)
        place = builder.inttoptr(arguments[0], number.as_pointer())
        return builder.atomic_rmw("add", place, number(1), "monotonic")

    return signature, codegen


@intrinsic
def _kernel_call(_context: Any, address: Any, rows: Any, base: Any, start: Any, end: Any, out: Any) -> Any:
    """Call the kernel at `address` on columns start…end."""
    signature = types.int64(address, rows, base, start, end, out)

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        from llvmlite import ir

        place, *given = arguments
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(64)
        kind = ir.FunctionType(number, [pointer, pointer, number, number, pointer])
        kernel = builder.inttoptr(place, kind.as_pointer())
        rows_, base_, out_ = (builder.inttoptr(given[i], pointer) for i in (0, 1, 4))
        return builder.call(kernel, [rows_, base_, given[2], given[3], out_])

    return signature, codegen


float_pointer: Any = _pointer_to(types.float32)
address_pointer: Any = _pointer_to(types.uintp)
next_of: Any = _next_of  # numba passes the first argument itself
call: Any = _kernel_call
