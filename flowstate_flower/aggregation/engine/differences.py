"""Squared distances of a few rows as LLVM IR: five or six rows are loaded and nine differences made of them, or fewer where
there are no more. Nothing leaves the registers but their sums after each stretch of columns.

A lane adds `STRETCH` squares up in float32, then they go on in float64: so few that even roundings which all go one way stay
below a millionth.

Rows are worked on tile by tile, block after block, and meanwhile the next tile is fetched into the core's own cache: each block
asks for `ASKED_BYTES` of a row or two, a line every few columns, so that memory is read all the time and computing waits for
none.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flowstate_flower.machine_code import KERNEL

STRETCH = 64
ASKED_BYTES = 4096
MOST_FROM_TWO, MOST_AT_FOUR, MOST_AT_TWO = 11, 24, 48  # rows
Pairs = Sequence[tuple[int, int]]
NEAR: Pairs = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4))
FAR: Pairs = tuple((i, j) for j in (3, 4, 5) for i in (0, 1, 2))
MOST_ROWS, MOST_PAIRS = 6, len(NEAR)


class Block(NamedTuple):
    """Rows that are read together, and which pairs of them are taken: `pairs` counts in `rows`."""

    rows: Sequence[int]
    pairs: Pairs


def blocks(n: int) -> Iterator[Block]:
    """Each pair of n rows in one block: three rows against each other and against the two after them, then against three at a
    time. So five or six loads serve nine differences.
    """
    for i in range(0, n - 1, 3):
        yield _block(range(i, min(i + 5, n)), NEAR)
        for j in range(i + 5, n, 3):
            yield _block((i, i + 1, i + 2, *range(j, min(j + 3, n))), FAR)


def _block(rows: Sequence[int], pairs: Pairs) -> Block:
    return Block(rows, [(a, b) for a, b in pairs if b < len(rows)])


class Pace(NamedTuple):
    """How a block asks for the next tile: from how many places, and for how many bytes at each with a column."""

    places: int
    bytes: int


def pace(n: int) -> Pace:
    """Of n rows. The more rows there are the more blocks, so each has less to ask for and more time for it. All that memory can
    deliver meanwhile, and no more: else lines that are wanted now wait behind it.
    """
    return Pace(2 if n <= MOST_FROM_TWO else 1, 4 if n <= MOST_AT_FOUR else 2 if n <= MOST_AT_TWO else 1)


def differences_ir(pairs: Pairs, lanes: int, pace: Pace) -> str:
    """`i64 kernel(ptr rows, ptr ahead, i64 start, i64 end, ptr sums)` over columns start…end, a multiple of `lanes`: adds to
    `sums`, (pairs, lanes / 2) float64, the squared differences of each of `pairs`: whoever reads them adds up what lanes had.

    With a column it asks for what lies at each of the addresses `ahead` plus that column times `pace.bytes`. Some lines are
    asked for twice: that takes less than to see whether they were.
    """
    rows, asked = range(1 + max(j for _, j in pairs)), range(pace.places)
    vector, half = f"<{lanes} x float>", f"<{lanes // 2} x float>"
    lines = [
        f"declare {vector} @llvm.fmuladd.v{lanes}f32({vector}, {vector}, {vector})",
        "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
        f"define i64 @{KERNEL}(ptr %rows, ptr %ahead, i64 %start, i64 %end, ptr %sums) {{",
        "entry:",
        *(f"  %at{i} = getelementptr ptr, ptr %rows, i64 {i}\n  %row{i} = load ptr, ptr %at{i}" for i in rows),
        *(f"  %from{k} = getelementptr ptr, ptr %ahead, i64 {k}\n  %ahead{k} = load ptr, ptr %from{k}" for k in asked),
        "  br label %stretch",
        "stretch:",
        "  %low = phi i64 [ %start, %entry ], [ %high, %flush ]",
        f"  %far = add i64 %low, {STRETCH * lanes}",
        "  %whole = icmp slt i64 %far, %end",
        "  %high = select i1 %whole, i64 %far, i64 %end",
        "  br label %columns",
        "columns:",
        "  %column = phi i64 [ %low, %stretch ], [ %next, %columns ]",
        *(f"  %s{p} = phi {vector} [ zeroinitializer, %stretch ], [ %t{p}, %columns ]" for p in range(len(pairs))),
        f"  %gone = mul i64 %column, {pace.bytes}",
        *(f"  %asked{k} = getelementptr i8, ptr %ahead{k}, i64 %gone" for k in asked),
        *(f"  call void @llvm.prefetch.p0(ptr %asked{k}, i32 0, i32 2, i32 1)" for k in asked),
        *(f"  %place{i} = getelementptr float, ptr %row{i}, i64 %column" for i in rows),
        *(f"  %x{i} = load {vector}, ptr %place{i}, align 4" for i in rows),
    ]
    for p, (i, j) in enumerate(pairs):
        lines += [
            f"  %gap{p} = fsub {vector} %x{i}, %x{j}",
            f"  %t{p} = call {vector} @llvm.fmuladd.v{lanes}f32({vector} %gap{p}, {vector} %gap{p}, {vector} %s{p})",
        ]
    lines += [
        f"  %next = add i64 %column, {lanes}",
        "  %inside = icmp slt i64 %next, %high",
        "  br i1 %inside, label %columns, label %flush",
        "flush:",
    ]
    for p in range(len(pairs)):
        lines += _flush(p, vector, half, lanes // 2)
    return "\n".join([*lines, "  br i1 %whole, label %stretch, label %done", "done:", "  ret i64 0", "}"])


def _flush(pair: int, vector: str, half: str, width: int) -> list[str]:
    """Both halves of a sum, widened, to where they are kept."""
    wide, lines = f"<{width} x double>", []
    for side, first in (("lower", 0), ("upper", width)):
        mask = ", ".join(f"i32 {first + k}" for k in range(width))
        lines += [
            f"  %{side}{pair} = shufflevector {vector} %t{pair}, {vector} poison, <{width} x i32> <{mask}>",
            f"  %{side}_wide{pair} = fpext {half} %{side}{pair} to {wide}",
        ]
    return [
        *lines,
        f"  %kept{pair} = getelementptr {wide}, ptr %sums, i64 {pair}",
        f"  %old{pair} = load {wide}, ptr %kept{pair}, align 8",
        f"  %both{pair} = fadd {wide} %lower_wide{pair}, %upper_wide{pair}",
        f"  %new{pair} = fadd {wide} %old{pair}, %both{pair}",
        f"  store {wide} %new{pair}, ptr %kept{pair}, align 8",
    ]
