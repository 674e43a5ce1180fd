"""16-bit floats as float32, a block at a time, compiled by numba: exact, infinities and NaNs included."""

from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from flowstate_flower.aggregation.engine.intrinsics import compiled

SIGN, MAGNITUDE, EXPONENT = np.uint32(0x8000), np.uint32(0x7FFF), np.uint32(0x7C00)
SCALE = np.float32(2.0**112)  # the difference of the exponents' biases; the product also normalises what is subnormal
ALL_ONES = np.uint32(0x7F800000)
SHIFT, EXPONENT_SHIFT = np.uint32(16), np.uint32(13)


@intrinsic
def _short_pointer(_context: Any, address: Any) -> Any:
    """An address as a pointer to 16 bits."""
    signature = types.CPointer(types.uint16)(address)  # type: ignore[no-untyped-call]

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return signature, codegen


_pointer: Any = _short_pointer


@compiled()
def widen(rows: Any, is_bfloat: bool, start: int, end: int, floats: Any, bits: Any) -> None:
    """Columns start…end of the rows at these addresses into `floats`, (n, k) float32; `bits` is the same memory as uint32."""
    for i in range(len(rows)):
        row = carray(_pointer(rows[i]), (end,))[start:end]
        out, result = bits[i], floats[i]
        if is_bfloat:
            for k in range(len(row)):
                out[k] = np.uint32(row[k]) << SHIFT
            continue
        for k in range(len(row)):
            out[k] = (np.uint32(row[k]) & MAGNITUDE) << EXPONENT_SHIFT
        for k in range(len(row)):
            result[k] = result[k] * SCALE
        for k in range(len(row)):
            exponent = ALL_ONES if np.uint32(row[k]) & EXPONENT == EXPONENT else np.uint32(0)
            out[k] = out[k] | exponent | (np.uint32(row[k]) & SIGN) << SHIFT
