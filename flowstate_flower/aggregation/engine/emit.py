"""Order statistics as straight-line LLVM IR: a column is a vector lane, a client a register, no value touches memory twice.

Values are compared as order-preserving integers (`x ^ ((x >> 31) & 0x7fffffff)`): one instruction each way, a total order,
and a NaN becomes an extreme instead of poison. Kept values are added as differences to the base, so that a mean of tiny
updates on large weights loses nothing.
"""

from collections.abc import Callable, Sequence

import numpy as np

from flowstate_flower.aggregation.engine.network import Comparator, Keep, full_network, rank_network

LANES = 8
KERNEL = "kernel"
_INT, _FLOAT, _BOOL = f"<{LANES} x i32>", f"<{LANES} x float>", f"<{LANES} x i1>"

Epilogue = Callable[["Emitter", Sequence[str]], str]


class Emitter:
    """Writes one kernel: `void kernel(ptr rows, ptr base, i64 start, i64 end, ptr out)` over columns start…end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names = 0

    def emit(self, expression: str) -> str:
        """Append an instruction and return its result's name."""
        self._names += 1
        name = f"%v{self._names}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def key(self, value: str) -> str:
        """Float bits to ordered integer, or back: the same instruction."""
        sign = self.emit(f"ashr {_INT} {value}, {_splat('i32', '31')}")
        mask = self.emit(f"and {_INT} {sign}, {_splat('i32', str(0x7FFFFFFF))}")
        return self.emit(f"xor {_INT} {value}, {mask}")

    def exchange(self, lanes: list[str], comparator: Comparator) -> None:
        """One compare-exchange on ordered integers."""
        i, j, keep = comparator
        low, high = lanes[i], lanes[j]
        if keep & Keep.LOW:
            lanes[i] = self.emit(f"call {_INT} @llvm.smin.v{LANES}i32({_INT} {low}, {_INT} {high})")
        if keep & Keep.HIGH:
            lanes[j] = self.emit(f"call {_INT} @llvm.smax.v{LANES}i32({_INT} {low}, {_INT} {high})")

    def floats(self, lanes: Sequence[str]) -> list[str]:
        """Ordered integers as the floats that they stand for."""
        return [self.emit(f"bitcast {_INT} {self.key(lane)} to {_FLOAT}") for lane in lanes]

    def mean(self, values: Sequence[str]) -> str:
        """The mean of `values`, each minus the base: added one after the other, as the numpy path does."""
        total = ""
        for value in values:
            gap = self.emit(f"fsub {_FLOAT} {value}, %base_value")
            total = self.emit(f"fadd {_FLOAT} {total}, {gap}") if total else gap
        return self.emit(f"fmul {_FLOAT} {total}, {_constant(1 / len(values))}")


def rank_mean_ir(n: int, first: int, stop: int) -> str:
    """The mean of the values of rank first…stop-1: median, trimmed mean, and every other window of ranks."""

    def epilogue(emitter: Emitter, lanes: Sequence[str]) -> str:
        return emitter.mean(emitter.floats(lanes[first:stop]))

    return _kernel(n, rank_network(n, first, stop), epilogue)


def mean_around_ir(n: int, keep: int, centre: tuple[int, int]) -> str:
    """The mean of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1 (the median, or a trimmed mean).

    Among sorted values the nearest are a window; it slides past rank j where rank j + keep is nearer to the centre.
    """

    def epilogue(emitter: Emitter, lanes: Sequence[str]) -> str:
        values = [emitter.emit(f"fsub {_FLOAT} {value}, %base_value") for value in emitter.floats(lanes)]
        middle = values[centre[0]]
        for value in values[centre[0] + 1 : centre[1]]:
            middle = emitter.emit(f"fadd {_FLOAT} {middle}, {value}")
        middle = emitter.emit(f"fmul {_FLOAT} {middle}, {_constant(1 / (centre[1] - centre[0]))}")
        moved = []
        for j in range(n - keep):
            near = emitter.emit(f"fsub {_FLOAT} {values[j + keep]}, {middle}")
            far = emitter.emit(f"fsub {_FLOAT} {middle}, {values[j]}")
            moved.append(emitter.emit(f"fcmp olt {_FLOAT} {near}, {far}"))
        zero, total = _constant(0.0), ""
        for j, value in enumerate(values):
            term = value
            if j < n - keep:
                term = emitter.emit(f"select {_BOOL} {moved[j]}, {_FLOAT} {zero}, {_FLOAT} {term}")
            if j >= keep:
                term = emitter.emit(f"select {_BOOL} {moved[j - keep]}, {_FLOAT} {term}, {_FLOAT} {zero}")
            total = emitter.emit(f"fadd {_FLOAT} {total}, {term}") if total else term
        return emitter.emit(f"fmul {_FLOAT} {total}, {_constant(1 / keep)}")

    return _kernel(n, full_network(n), epilogue)


def _kernel(n: int, network: Sequence[Comparator], epilogue: Epilogue) -> str:
    emitter = Emitter()
    lanes = []
    for row in range(n):
        place = emitter.emit(f"getelementptr float, ptr %row{row}, i64 %column")
        lanes.append(emitter.key(emitter.emit(f"load {_INT}, ptr {place}, align 4")))
    for comparator in network:
        emitter.exchange(lanes, comparator)
    result = epilogue(emitter, lanes)
    pointers = []
    for row in range(n):
        pointers += [f"  %at{row} = getelementptr ptr, ptr %rows, i64 {row}", f"  %row{row} = load ptr, ptr %at{row}"]
    return "\n".join(
        [
            f"declare {_INT} @llvm.smin.v{LANES}i32({_INT}, {_INT})",
            f"declare {_INT} @llvm.smax.v{LANES}i32({_INT}, {_INT})",
            f"define void @{KERNEL}(ptr %rows, ptr %base, i64 %start, i64 %end, ptr %out) {{",
            "entry:",
            *pointers,
            "  br label %loop",
            "loop:",
            "  %column = phi i64 [ %start, %entry ], [ %next, %loop ]",
            "  %base_place = getelementptr float, ptr %base, i64 %column",
            f"  %base_value = load {_FLOAT}, ptr %base_place, align 4",
            *emitter.lines,
            "  %out_place = getelementptr float, ptr %out, i64 %column",
            f"  store {_FLOAT} {result}, ptr %out_place, align 4",
            f"  %next = add i64 %column, {LANES}",
            "  %more = icmp slt i64 %next, %end",
            "  br i1 %more, label %loop, label %done",
            "done:",
            "  ret void",
            "}",
        ]
    )


def _splat(kind: str, value: str) -> str:
    return "<" + ", ".join([f"{kind} {value}"] * LANES) + ">"


def _constant(value: float) -> str:
    """A float32 constant, written as LLVM wants it: the bits of the double that it equals."""
    return _splat("float", f"0x{np.float64(np.float32(value)).view(np.uint64):016X}")
