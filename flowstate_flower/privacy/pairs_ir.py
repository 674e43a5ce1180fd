"""Box and Muller's pairs of Gaussians as LLVM IR: from random bits to the sum in one go, in registers.

Series are those of textbooks, as long as float32 can tell.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from flowstate_flower.machine_code import KERNEL, Code

PLACES = ("words", "turns", "first", "second")
FRACTION = (1 << 52) - 1  # of a float64
ONE, HALF_ROOT = (int(np.float64(x).view(np.int64)) for x in (1.0, math.sqrt(0.5)))
LIFT = 64
"""Added to exponents, which are at most 0, so that none is negative."""
EIGHTH, QUARTER, SIGN = 1 << 29, 1 << 30, 1 << 31  # of a turn of 2³²; its highest bit is a float32's sign

LOGARITHM = [-4 / k for k in (1, 3, 5, 7, 9)]  # -2 ln((1 + s) / (1 - s)) = s · Σ, in powers of s²
SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in range(5)]  # sin y = y · Σ, in powers of y²
COSINE = [(-1) ** k / math.factorial(2 * k) for k in range(6)]


def pairs_ir(lanes: int) -> str:
    """`i64 kernel(ptr places, ptr std, i64 seconds, i64 pairs, ptr unused)`. The places are those of 64 bits and of 32 bits for
    each pair, and of the numbers to which its two draws times `std` are added: both of the first `seconds` pairs, and only the
    first one of a pair after them. Bits are read in whole registers, beyond those of the last pair.
    """
    code = _Code(lanes)
    whole = code.add_pairs("%pair")
    rest = code.add_pairs("%whole", {"first": "%first_mask", "second": "%second_mask"})
    vector, mask = code.float, code.bool
    return "\n".join(
        [
            f"declare {vector} @llvm.fmuladd.v{lanes}f32({vector}, {vector}, {vector})",
            f"declare {vector} @llvm.sqrt.v{lanes}f32({vector})",
            f"declare {vector} @llvm.masked.load.v{lanes}f32.p0(ptr, i32, {mask}, {vector})",
            f"declare void @llvm.masked.store.v{lanes}f32.p0({vector}, ptr, i32, {mask})",
            f"define i64 @{KERNEL}(ptr %places, ptr %std, i64 %seconds, i64 %pairs, ptr %unused) {{",
            "entry:",
            *(f"  %at_{p} = getelementptr ptr, ptr %places, i64 {i}" for i, p in enumerate(PLACES)),
            *(f"  %{p} = load ptr, ptr %at_{p}" for p in PLACES),
            "  %one_std = load float, ptr %std",
            *_splatted("deviation", "float %one_std", vector, lanes),
            f"  %whole = and i64 %seconds, {-lanes}",
            "  %any = icmp slt i64 0, %whole",
            "  br i1 %any, label %registers, label %end",
            "registers:",
            "  %pair = phi i64 [ 0, %entry ], [ %next, %registers ]",
            *whole,
            f"  %next = add i64 %pair, {lanes}",
            "  %more = icmp slt i64 %next, %whole",
            "  br i1 %more, label %registers, label %end",
            "end:",
            "  %left = icmp slt i64 %whole, %pairs",
            "  br i1 %left, label %rest, label %done",
            "rest:",
            *_lanes_below("first", "%pairs", code),
            *_lanes_below("second", "%seconds", code),
            *rest,
            "  br label %done",
            "done:",
            "  ret i64 0",
            "}",
        ]
    )


def _lanes_below(name: str, count: str, code: "_Code") -> list[str]:
    """`%name_mask`: which lanes of the register that begins at `%whole` are of numbers below `count`."""
    numbers = "<" + ", ".join(f"i32 {lane}" for lane in range(code.lanes)) + ">"
    return [
        f"  %{name}_left = sub i64 {count}, %whole",
        f"  %{name}_few = trunc i64 %{name}_left to i32",
        *_splatted(f"{name}_lanes", f"i32 %{name}_few", code.int, code.lanes),
        f"  %{name}_mask = icmp slt {code.int} {numbers}, %{name}_lanes",
    ]


def _splatted(name: str, value: str, vector: str, lanes: int) -> list[str]:
    """`%name`: the value in each lane."""
    return [
        f"  %{name}_one = insertelement {vector} poison, {value}, i32 0",
        f"  %{name} = shufflevector {vector} %{name}_one, {vector} poison, <{lanes} x i32> zeroinitializer",
    ]


class _Code(Code):
    """A value is named by a string; a number is the same for all pairs."""

    def __init__(self, lanes: int) -> None:
        super().__init__(lanes)
        self.word, self.wide = f"<{lanes} x i64>", f"<{lanes} x double>"
        self._pair = ""
        self._masks: Mapping[str, str] = {}

    def add_pairs(self, pair: str, masks: Mapping[str, str] | None = None) -> list[str]:
        """The lines that add the draws of the pairs from `pair` on: of the lanes in `masks`, where there are any."""
        self.lines, self._pair, self._masks = [], pair, masks or {}
        radius = self.radius(self.load("words", self.word))
        for name, direction in zip(("first", "second"), self.directions(self.load("turns", self.int)), strict=True):
            self.add_to(name, radius, direction)
        return self.lines

    def radius(self, word: str) -> str:
        """Std times √(-2 ln u), for u from (0, 1] of 52 random bits: it is 2ᵉ · m, with m around 1."""
        bits = self._do("or", self.word, self._do("and", self.word, word, FRACTION), ONE)
        uniform = self._do("fsub", self.wide, 2.0, self._turned("bitcast", self.word, bits, self.wide))
        bits = self._turned("bitcast", self.wide, uniform, self.word)
        power = self._do("lshr", self.word, self._do("add", self.word, bits, (LIFT << 52) - HALF_ROOT), 52)
        bits = self._do("sub", self.word, self._do("add", self.word, bits, LIFT << 52), self._do("shl", self.word, power, 52))
        above = self._do("fsub", self.wide, self._turned("bitcast", self.word, bits, self.wide), 1.0)  # m - 1, exactly
        above = self._turned("fptrunc", self.wide, above, self.float)
        power = self._do("sub", self.int, self._turned("trunc", self.word, power, self.int), LIFT)
        power = self._turned("sitofp", self.int, power, self.float)
        s = self._do("fdiv", self.float, above, self._do("fadd", self.float, above, 2.0))
        of_powers = self._do("fmul", self.float, power, -2 * math.log(2))
        square = self._fused(s, self._series(s, LOGARITHM), of_powers)
        root = self.emit(f"call {self.float} @llvm.sqrt.v{self.lanes}f32({self.float} {square})")
        return self._do("fmul", self.float, root, "%deviation")

    def directions(self, turn: str) -> tuple[str, str]:
        """Cosine and sine of that many 2³²ths of a turn: of an angle of an eighth at most, then by quarters."""
        turn = self._do("add", self.int, turn, EIGHTH)
        small = self._do("sub", self.int, self._do("and", self.int, turn, QUARTER - 1), EIGHTH)
        angle = self._do("fmul", self.float, self._turned("sitofp", self.int, small, self.float), 2 * math.pi / 2**32)
        sine, cosine = self._do("fmul", self.float, angle, self._series(angle, SINE)), self._series(angle, COSINE)
        is_odd = self.emit(f"icmp ne {self.int} {self._do('and', self.int, turn, QUARTER)}, zeroinitializer")
        sign = self._do("and", self.int, turn, SIGN)
        other = self._do("xor", self.int, sign, self._do("and", self.int, self._do("shl", self.int, turn, 1), SIGN))
        return self._signed(self._either(is_odd, sine, cosine), other), self._signed(self._either(is_odd, cosine, sine), sign)

    def load(self, place: str, kind: str) -> str:
        """The numbers of these pairs."""
        return self.emit(f"load {kind}, ptr {self._at(place, kind)}, align 4")

    def add_to(self, place: str, radius: str, direction: str) -> None:
        """Add radius times direction to the numbers of these pairs."""
        at, kind = self._at(place, self.float), f"v{self.lanes}f32.p0"
        if mask := self._masks.get(place):
            where = f"ptr {at}, i32 4, {self.bool} {mask}"
            before = self.emit(f"call {self.float} @llvm.masked.load.{kind}({where}, {self.float} zeroinitializer)")
            total = self._fused(radius, direction, before)
            self.lines.append(f"  call void @llvm.masked.store.{kind}({self.float} {total}, {where})")
        else:
            total = self._fused(radius, direction, self.emit(f"load {self.float}, ptr {at}, align 4"))
            self.lines.append(f"  store {self.float} {total}, ptr {at}, align 4")

    def _at(self, place: str, kind: str) -> str:
        return self.emit(f"getelementptr {_one(kind)}, ptr %{place}, i64 {self._pair}")

    def _series(self, value: str, coefficients: Sequence[float]) -> str:
        """Σ coefficients[k] · value²ᵏ."""
        square = self._do("fmul", self.float, value, value)
        total = self.constant(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            total = self._fused(total, square, self.constant(coefficient))
        return total

    def _either(self, condition: str, one: str, other: str) -> str:
        return self.emit(f"select {self.bool} {condition}, {self.float} {one}, {self.float} {other}")

    def _signed(self, value: str, sign: str) -> str:
        bits = self._do("xor", self.int, self._turned("bitcast", self.float, value, self.int), sign)
        return self._turned("bitcast", self.int, bits, self.float)

    def _fused(self, one: str, other: str, more: str) -> str:
        """One · other + more."""
        kind = self.float
        return self.emit(f"call {kind} @llvm.fmuladd.v{self.lanes}f32({kind} {one}, {kind} {other}, {kind} {more})")

    def _turned(self, how: str, kind: str, value: str, into: str) -> str:
        return self.emit(f"{how} {kind} {value} to {into}")

    def _do(self, what: str, kind: str, *operands: str | float) -> str:
        named = (one if isinstance(one, str) else self._number(kind, one) for one in operands)
        return self.emit(f"{what} {kind} {', '.join(named)}")

    def _number(self, kind: str, number: float) -> str:
        if kind == self.float:
            return self.constant(number)
        return self.splat(_one(kind), f"{number!r}")


def _one(kind: str) -> str:
    """The type of which a vector type holds many."""
    return kind.rsplit(maxsplit=1)[-1][:-1]
