"""Order statistics as straight-line LLVM IR: a column is a vector lane, a client a register, no value touches memory twice.

Values are compared as order-preserving integers (`x ^ ((x >> 31) & 0x7fffffff)`): one instruction each way, a total order,
and a NaN becomes an extreme instead of poison. The network carries extremes along anyway, so a few comparisons say whether
anything was not finite: the kernel returns that. Kept values are added as differences to the base, so that a mean of tiny
updates on large weights loses nothing.
"""

from collections.abc import Callable, Sequence

from flowstate_flower.aggregation.engine.network import Comparator, Keep, extremes, full_network, rank_network
from flowstate_flower.machine_code import FLOAT_BYTES, KERNEL, LINE_BYTES, Code

BYTES_AHEAD = 384
FEWEST_TILED = 16  # rows
TILE_BYTES, LEAST_TILE = 1 << 17, 128  # of all rows together, in a core's own cache twice; and columns, at least
INFINITY, MINUS_INFINITY = 0x7F800000, -0x7F800001  # as ordered integers; beyond them lie only NaNs

Epilogue = Callable[["Emitter", Sequence[str]], str]


class Emitter(Code):
    """Writes one kernel: `i64 kernel(ptr rows, ptr base, i64 start, i64 end, ptr out)` over columns start…end of n rows,
    `lanes` at a time. Their number is a multiple of `lanes`. It returns 1 where a value was not finite, else 0.
    """

    def __init__(self, n: int, lanes: int) -> None:
        super().__init__(lanes)
        self.extremes = {Keep.LOW: "%low", Keep.HIGH: "%high"}
        self.values: list[str] = [""] * n  # a row's ordered integers, once they are loaded
        self._loads = 0
        self._tile = tile_of(n) if n >= FEWEST_TILED else 0

    def load(self, row: int) -> None:
        """Have the values of a row, if they are not there yet, and ask for some that will be wanted later."""
        if self.values[row]:
            return
        place = self.emit(f"getelementptr float, ptr %row{row}, i64 %column")
        if not self._tile:
            self._ask_for(self.emit(f"getelementptr i8, ptr {place}, i64 {BYTES_AHEAD}"))
        elif self._loads % (LINE_BYTES // (FLOAT_BYTES * self.lanes)) == 0:
            self._ask_for(self._in_next_tile(self._loads))
        self._loads += 1
        self.values[row] = self.key(self.emit(f"load volatile {self.int}, ptr {place}, align 4"))

    def _in_next_tile(self, register: int) -> str:
        """Where the next tile has what these columns are to ask for: a register of each row's worth, row after row."""
        each = self._tile // self.lanes
        register_of = self.emit(f"add i64 %first_register, {register}")
        row = self.emit(f"lshr i64 {register_of}, {each.bit_length() - 1}")
        begin = self.emit(f"load ptr, ptr {self.emit(f'getelementptr ptr, ptr %rows, i64 {row}')}")
        within = self.emit(f"mul i64 {self.emit(f'and i64 {register_of}, %mask')}, {self.lanes}")
        return self.emit(f"getelementptr float, ptr {begin}, i64 {self.emit(f'add i64 {within}, %next_tile')}")

    def _ask_for(self, place: str) -> None:
        self.lines.append(f"  call void @llvm.prefetch.p0(ptr {place}, i32 0, i32 3, i32 1)")

    def tiles(self) -> list[str]:
        """In which tile these columns are, and where the next begins. Where there is no whole one, where this one does, and of
        that no more than the first line is asked for: what lies behind the end is somebody else's.
        """
        if not self._tile:
            return []
        return [
            "  %gone = sub i64 %column, %start",
            f"  %within = and i64 %gone, {self._tile - 1}",
            "  %this_tile = sub i64 %column, %within",
            f"  %end_of_next = add i64 %this_tile, {2 * self._tile}",
            "  %goes_on = icmp sle i64 %end_of_next, %end",
            f"  %further = select i1 %goes_on, i64 {self._tile}, i64 0",
            "  %next_tile = add i64 %this_tile, %further",
            f"  %mask = select i1 %goes_on, i64 {self._tile // self.lanes - 1}, i64 0",
            f"  %step = lshr i64 %within, {self.lanes.bit_length() - 1}",
            f"  %first_register = mul i64 %step, {len(self.values)}",
        ]

    def key(self, value: str) -> str:
        """Float bits to ordered integer, or back: the same instruction."""
        sign = self.emit(f"ashr {self.int} {value}, {self.splat('i32', '31')}")
        mask = self.emit(f"and {self.int} {sign}, {self.splat('i32', str(0x7FFFFFFF))}")
        return self.emit(f"xor {self.int} {value}, {mask}")

    def exchange(self, comparator: Comparator) -> None:
        """One compare-exchange on ordered integers."""
        i, j, keep = comparator
        low, high = self.values[i], self.values[j]
        if keep & Keep.LOW:
            self.values[i] = self.extreme(Keep.LOW, low, high)
        if keep & Keep.HIGH:
            self.values[j] = self.extreme(Keep.HIGH, low, high)

    def extreme(self, side: Keep, one: str, other: str) -> str:
        """The smaller or the larger of two ordered integers."""
        name = "smin" if side == Keep.LOW else "smax"
        return self.emit(f"call {self.int} @llvm.{name}.v{self.lanes}i32({self.int} {one}, {self.int} {other})")

    def sort(self, network: Sequence[Comparator]) -> None:
        """Each row as it is wanted, all comparators, and the extremes of everything that was loaded."""
        looks = extremes(len(self.values), network)
        for k, comparator in enumerate([*network, None]):
            for row in comparator[:2] if comparator is not None else range(len(self.values)):
                self.load(row)
            for _, row, side in (look for look in looks if look[0] == k):
                self.extremes[side] = self.extreme(side, self.extremes[side], self.values[row])
            if comparator is not None:
                self.exchange(comparator)

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


def tile_of(n: int) -> int:
    """Columns of a tile of n rows: a power of two."""
    return max(LEAST_TILE, 1 << (TILE_BYTES // (FLOAT_BYTES * n)).bit_length() - 1)


def rank_mean_ir(n: int, first: int, stop: int, lanes: int) -> str:
    """The mean of the values of rank first…stop-1: median, trimmed mean, and every other window of ranks."""

    def epilogue(emitter: Emitter, lanes: Sequence[str]) -> str:
        return emitter.mean(emitter.floats(lanes[first:stop]))

    return _kernel(n, rank_network(n, first, stop), epilogue, lanes)


def mean_around_ir(n: int, keep: int, centre: tuple[int, int], lanes: int) -> str:
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

    return _kernel(n, full_network(n), epilogue, lanes)


def _kernel(n: int, network: Sequence[Comparator], epilogue: Epilogue, lanes: int) -> str:
    emitter = Emitter(n, lanes)
    emitter.sort(network)
    result = epilogue(emitter, emitter.values)
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
        *emitter.tiles(),
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
