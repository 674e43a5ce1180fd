"""Order statistics as straight-line LLVM IR: a column is a vector lane, a client a register, no value touches memory twice.

Values are compared as order-preserving integers (`x ^ ((x >> 31) & 0x7fffffff)`): one instruction each way, a total order,
and a NaN becomes an extreme instead of poison. The network carries extremes along anyway, so a few comparisons say whether
anything was not finite: the kernel returns that. Kept values are added as differences to the base, so that a mean of tiny
updates on large weights loses nothing.
"""

from collections.abc import Callable, Sequence

from flowstate_flower.aggregation.engine.network import Comparator, Keep, extremes, full_network, rank_network
from flowstate_flower.machine_code import KERNEL, Code

BYTES_AHEAD = 384
INFINITY, MINUS_INFINITY = 0x7F800000, -0x7F800001  # as ordered integers; beyond them lie only NaNs

Epilogue = Callable[["Emitter", Sequence[str]], str]


class Emitter(Code):
    """Writes one kernel: `i64 kernel(ptr rows, ptr base, i64 start, i64 end, ptr out)` over columns start…end, `lanes` at a
    time. The number of columns is a multiple of `lanes`. It returns 1 where a value was not finite, else 0.
    """

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes)
        self.extremes = {Keep.LOW: "%low", Keep.HIGH: "%high"}

    def fetch_ahead(self, place: str) -> None:
        """Ask for what lies some columns after `place`: a processor follows fewer rows on its own than there are."""
        later = self.emit(f"getelementptr i8, ptr {place}, i64 {BYTES_AHEAD}")
        self.lines.append(f"  call void @llvm.prefetch.p0(ptr {later}, i32 0, i32 3, i32 1)")

    def key(self, value: str) -> str:
        """Float bits to ordered integer, or back: the same instruction."""
        sign = self.emit(f"ashr {self.int} {value}, {self.splat('i32', '31')}")
        mask = self.emit(f"and {self.int} {sign}, {self.splat('i32', str(0x7FFFFFFF))}")
        return self.emit(f"xor {self.int} {value}, {mask}")

    def exchange(self, lanes: list[str], comparator: Comparator) -> None:
        """One compare-exchange on ordered integers."""
        i, j, keep = comparator
        low, high = lanes[i], lanes[j]
        if keep & Keep.LOW:
            lanes[i] = self.extreme(Keep.LOW, low, high)
        if keep & Keep.HIGH:
            lanes[j] = self.extreme(Keep.HIGH, low, high)

    def extreme(self, side: Keep, one: str, other: str) -> str:
        """The smaller or the larger of two ordered integers."""
        name = "smin" if side == Keep.LOW else "smax"
        return self.emit(f"call {self.int} @llvm.{name}.v{self.lanes}i32({self.int} {one}, {self.int} {other})")

    def sort(self, lanes: list[str], network: Sequence[Comparator]) -> None:
        """All comparators, and the extremes of everything that was loaded."""
        looks = extremes(len(lanes), network)
        for k, comparator in enumerate([*network, None]):
            for _, lane, side in (look for look in looks if look[0] == k):
                self.extremes[side] = self.extreme(side, self.extremes[side], lanes[lane])
            if comparator is not None:
                self.exchange(lanes, comparator)

    def floats(self, lanes: Sequence[str]) -> list[str]:
        """Ordered integers as the floats that they stand for."""
        return [self.emit(f"bitcast {self.int} {self.key(lane)} to {self.float}") for lane in lanes]

    def mean(self, values: Sequence[str]) -> str:
        """The mean of `values`, each minus the base: added one after the other, as the numpy path does."""
        total = ""
        for value in values:
            gap = self.emit(f"fsub {self.float} {value}, %base_value")
            total = self.emit(f"fadd {self.float} {total}, {gap}") if total else gap
        return self.emit(f"fmul {self.float} {total}, {self.constant(1 / len(values))}")


def rank_mean_ir(n: int, first: int, stop: int, lanes: int, *, ahead: bool) -> str:
    """The mean of the values of rank first…stop-1: median, trimmed mean, and every other window of ranks. Rows in memory are
    fetched `ahead`; in cache that would be in vain.
    """

    def epilogue(emitter: Emitter, lanes: Sequence[str]) -> str:
        return emitter.mean(emitter.floats(lanes[first:stop]))

    return _kernel(n, rank_network(n, first, stop), epilogue, lanes, ahead=ahead)


def mean_around_ir(n: int, keep: int, centre: tuple[int, int], lanes: int, *, ahead: bool) -> str:
    """The mean of the `keep` values nearest the mean of the ranks centre[0]…centre[1]-1 (the median, or a trimmed mean).

    Among sorted values the nearest are a window; it slides past rank j where rank j + keep is nearer to the centre.
    """

    def epilogue(emitter: Emitter, lanes: Sequence[str]) -> str:
        values = [emitter.emit(f"fsub {emitter.float} {value}, %base_value") for value in emitter.floats(lanes)]
        middle = values[centre[0]]
        for value in values[centre[0] + 1 : centre[1]]:
            middle = emitter.emit(f"fadd {emitter.float} {middle}, {value}")
        middle = emitter.emit(f"fmul {emitter.float} {middle}, {emitter.constant(1 / (centre[1] - centre[0]))}")
        moved = []
        for j in range(n - keep):
            near = emitter.emit(f"fsub {emitter.float} {values[j + keep]}, {middle}")
            far = emitter.emit(f"fsub {emitter.float} {middle}, {values[j]}")
            moved.append(emitter.emit(f"fcmp olt {emitter.float} {near}, {far}"))
        zero, total = emitter.constant(0.0), ""
        for j, value in enumerate(values):
            term = value
            if j < n - keep:
                term = emitter.emit(f"select {emitter.bool} {moved[j]}, {emitter.float} {zero}, {emitter.float} {term}")
            if j >= keep:
                term = emitter.emit(f"select {emitter.bool} {moved[j - keep]}, {emitter.float} {term}, {emitter.float} {zero}")
            total = emitter.emit(f"fadd {emitter.float} {total}, {term}") if total else term
        return emitter.emit(f"fmul {emitter.float} {total}, {emitter.constant(1 / keep)}")

    return _kernel(n, full_network(n), epilogue, lanes, ahead=ahead)


def _kernel(n: int, network: Sequence[Comparator], epilogue: Epilogue, lanes: int, *, ahead: bool) -> str:
    emitter = Emitter(lanes)
    values: list[str] = []
    for row in range(n):
        place = emitter.emit(f"getelementptr float, ptr %row{row}, i64 %column")
        if ahead:
            emitter.fetch_ahead(place)
        values.append(emitter.key(emitter.emit(f"load {emitter.int}, ptr {place}, align 4")))
    emitter.sort(values, network)
    result = epilogue(emitter, values)
    pointers = []
    for row in range(n):
        pointers += [f"  %at{row} = getelementptr ptr, ptr %rows, i64 {row}", f"  %row{row} = load ptr, ptr %at{row}"]
    return "\n".join([*_opening(emitter, pointers), *emitter.lines, *_closing(emitter, result)])


def _opening(emitter: Emitter, pointers: Sequence[str]) -> list[str]:
    kind, lanes = emitter.int, emitter.lanes
    return [
        f"declare {kind} @llvm.smin.v{lanes}i32({kind}, {kind})",
        f"declare {kind} @llvm.smax.v{lanes}i32({kind}, {kind})",
        "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
        f"declare i1 @llvm.vector.reduce.or.v{lanes}i1({emitter.bool})",
        f"define i64 @{KERNEL}(ptr %rows, ptr %base, i64 %start, i64 %end, ptr %out) {{",
        "entry:",
        *pointers,
        "  br label %loop",
        "loop:",
        "  %column = phi i64 [ %start, %entry ], [ %next, %loop ]",
        f"  %low = phi {kind} [ zeroinitializer, %entry ], [ {emitter.extremes[Keep.LOW]}, %loop ]",
        f"  %high = phi {kind} [ zeroinitializer, %entry ], [ {emitter.extremes[Keep.HIGH]}, %loop ]",
        "  %base_place = getelementptr float, ptr %base, i64 %column",
        f"  %base_value = load {emitter.float}, ptr %base_place, align 4",
    ]


def _closing(emitter: Emitter, result: str) -> list[str]:
    kind, (low, high) = emitter.int, (emitter.extremes[Keep.LOW], emitter.extremes[Keep.HIGH])
    return [
        "  %out_place = getelementptr float, ptr %out, i64 %column",
        f"  store {emitter.float} {result}, ptr %out_place, align 4",
        f"  %next = add i64 %column, {emitter.lanes}",
        "  %more = icmp slt i64 %next, %end",
        "  br i1 %more, label %loop, label %done",
        "done:",
        f"  %too_low = icmp sle {kind} {low}, {emitter.splat('i32', str(MINUS_INFINITY))}",
        f"  %too_high = icmp sge {kind} {high}, {emitter.splat('i32', str(INFINITY))}",
        f"  %strange = or {emitter.bool} %too_low, %too_high",
        f"  %any = call i1 @llvm.vector.reduce.or.v{emitter.lanes}i1({emitter.bool} %strange)",
        "  %flag = zext i1 %any to i64",
        "  ret i64 %flag",
        "}",
    ]
