"""Every rule against the best peer that has it: the same rows, one run, taking turns."""

import importlib
import math
import signal
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import FrameType

import numpy as np

from flowstate_flower.aggregation import rule_named
from flowstate_flower.cli.bench import goals
from flowstate_flower.cli.bench.measures import Measure, Work, above, absent, at_least, figure, seconds
from flowstate_flower.cli.bench.peers import Absent, Case, Peer, Prepare
from flowstate_flower.cli.bench.reading import byzantine, threads_in_words, updates
from flowstate_flower.cli.output import print_line, print_table, stderr
from flowstate_flower.errors import RunImpossible

UNIT = "× as fast"
RULES = (*goals.FASTER_ALSO[:1], *goals.FASTER, *goals.FASTER_ALSO[1:])
OF_SUBSETS = {"mda", "smea"}  # byzfl tries every subset of n - f rows
OF_CHANCE = {"caf"}  # byzfl draws a vector to begin with, and that decides how often it goes round
MOST_SUBSETS = 2_000_000
MOST_BYTES = 8 << 30


@dataclass(frozen=True, slots=True)
class Patience:
    """How long peers are waited for. One that took longer than `longest` is stopped. One that took more than `close` times the
    best is not timed again, nor with more coordinates, nor with fewer threads; nor is one again that took `enough` in all.
    """

    longest: float  # seconds of one turn
    enough: float  # seconds
    close: float
    fewest: int  # turns, however few were asked for


USUAL = Patience(longest=8.0, enough=2.0, close=2.0, fewest=1)
PATIENCE = {
    **dict.fromkeys(OF_SUBSETS, replace(USUAL, longest=2.0)),
    **dict.fromkeys(OF_CHANCE, replace(USUAL, enough=15.0, close=3.0, fewest=11)),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is aggregated, and by how many threads."""

    n: int
    d: int
    threads: int


@dataclass(frozen=True, slots=True)
class Result:
    """The best peer for one rule at one size. `ratio` is None where no peer came to an end or has the rule; `at_least` says
    that it was stopped, so that the true ratio is larger.
    """

    rule: str
    size: Size
    peer: str
    ratio: float | None
    at_least: bool = False


def against(found: list[Peer], tenants: list[int], dimension: int, threads: list[int], repeats: int) -> list[Result]:
    """Every rule at every size, small before large: what a peer needs for little tells whether it is worth its time.

    Where all peers were stopped, what they took at least is the figure.
    """
    results: list[Result] = []
    stopped: dict[str, dict[str, int]] = {name: {} for name in RULES}  # peers, the tenants that were too many
    behind: dict[tuple[str, int], set[str]] = {(name, n): set() for name in RULES for n in tenants}
    for count in sorted(threads, reverse=True):
        for d in (max(1, dimension // 10), dimension):
            for n in tenants:
                size = Size(n, d, count)
                given = updates(n, d, count)
                case = Case(np.stack([row[0] for row in given.rows]), 0)
                stderr.print(f"peers: n = {n}, d = {d}, {threads_in_words(count)}")
                for name in RULES:
                    f = byzantine(name, n)
                    able = {
                        peer.name: peer.offers[name](replace(case, byzantine=f))
                        for peer in found
                        if name in peer.offers
                        and peer.name not in behind[name, n]
                        and _is_worth_trying(peer.name, name, size, stopped[name])
                    }
                    race = _Race(name, partial(rule_named(name), given, byzantine=f), able, stopped[name])
                    with _threads(count):
                        results += race.run(size, repeats)
                    behind[name, n] |= race.behind()
    return results


def _is_worth_trying(peer: str, rule: str, size: Size, stopped: dict[str, int]) -> bool:
    """Not where memory or subsets are too many, nor where it was stopped with less."""
    f = byzantine(rule, size.n)
    if peer.startswith("byzfl") and rule in OF_SUBSETS and math.comb(size.n, f) > MOST_SUBSETS:
        return False
    if peer.startswith("byzfl") and rule.startswith("nnm") and 4 * size.n * (size.n - f) * size.d > MOST_BYTES:
        return False
    return size.n < stopped.get(peer, size.n + 1)


class _Race:
    """One rule at one size: ours and each peer's, in turns. Who is stopped is added to `stopped`, for larger sizes."""

    def __init__(self, rule: str, ours: Work, prepared: dict[str, Prepare], stopped: dict[str, int]) -> None:
        self._rule, self._ours, self._prepared, self._stopped = rule, ours, prepared, stopped
        self._patience = PATIENCE.get(rule, USUAL)
        self._seen: dict[str, list[tuple[float, float]]] = {}  # seconds of ours and of the peer, one after the other

    def best(self) -> dict[str, float]:
        """Median seconds of each peer that came to an end."""
        return {peer: statistics.median(theirs for _, theirs in turns) for peer, turns in self._seen.items()}

    def behind(self) -> set[str]:
        """Who needs not be timed with more coordinates or fewer threads."""
        best = self.best()
        return {peer for peer, spent in best.items() if spent > self._patience.close * min(best.values())}

    def run(self, size: Size, repeats: int) -> list[Result]:
        """One result, or none where our rule refuses the size."""
        try:
            self._ours()  # compile, and touch the memory
        except RunImpossible:
            return []
        mine: list[float] = []
        for _ in range(max(repeats, self._patience.fewest)):
            for name, prepare in self._prepared.items():
                if self._is_still_of_interest(name, size.n):
                    mine.append(seconds(self._ours))
                    self._time(name, prepare, mine[-1], size.n)
        best = self.best()
        if best:
            peer = min(best, key=lambda name: best[name])
            ratio = statistics.median(theirs / ours for ours, theirs in self._seen[peer])
            return [Result(self._rule, size, peer, ratio)]
        own = statistics.median([*mine, *(seconds(self._ours) for _ in range(repeats))])
        stopped = sorted(name for name, n in self._stopped.items() if n <= size.n)
        if stopped:
            return [Result(self._rule, size, stopped[0], self._patience.longest / own, at_least=True)]
        return [Result(self._rule, size, "", None)]

    def _is_still_of_interest(self, name: str, n: int) -> bool:
        if name not in self._seen:
            return n < self._stopped.get(name, n + 1)
        return sum(theirs for _, theirs in self._seen[name]) <= self._patience.enough and name not in self.behind()

    def _time(self, name: str, prepare: Prepare, own: float, n: int) -> None:
        """The peer's turn, after ours took `own` seconds."""
        work = prepare()
        try:
            with _at_most(self._patience.longest):
                spent = seconds(work)
        except TimeoutError:
            self._stopped[name] = min(n, self._stopped.get(name, n))
            self._seen.pop(name, None)
        else:
            self._seen.setdefault(name, []).append((own, spent))


def held(results: list[Result], missing: list[Absent], dimension: int) -> list[Measure]:
    """The goals, then every other ratio, then whoever is absent."""
    goal, rest = [], []
    for result in results:
        measure = _with_goal(result, missing, dimension)
        if measure is not None:
            goal.append(measure)
        elif result.ratio is not None:
            rest.append(figure(f"{_title(result)}, {_whom(result)}", result.ratio, UNIT))
    for threads in sorted({r.size.threads for r in results}, reverse=True):
        goal += [_slowest(rule, threads, results) for rule in RULES]
    return goal + rest + [absent(f"peer {peer.name}", peer.why) for peer in missing]


def _slowest(rule: str, threads: int, results: list[Result]) -> Measure:
    """Every rule is faster at every size, and the mean never slower."""
    title, is_met = f"{rule}, {threads_in_words(threads)}", at_least if rule == "mean" else above
    ratios = [r.ratio for r in results if r.rule == rule and r.size.threads == threads and r.ratio is not None]
    if not ratios:
        return absent(title, "no peer here has it", f"> {goals.ALWAYS_FASTER:g}")
    return is_met(f"{title}: the least of {len(ratios)} sizes", min(ratios), UNIT, goals.ALWAYS_FASTER)


def table(results: list[Result], found: list[Peer]) -> None:
    """The ratios, a column for each size."""
    for threads in sorted({r.size.threads for r in results}, reverse=True):
        kept = [r for r in results if r.size.threads == threads]
        sizes = sorted({r.size for r in kept}, key=lambda s: (s.d, s.n))
        cells = {(r.rule, r.size): r for r in kept}
        rows = [[rule, *(_cell(cells.get((rule, size))) for size in sizes)] for rule in RULES]
        columns = ["rule", *(f"n = {s.n}, d = {s.d:.0e}".replace("e+0", "e") for s in sizes)]
        print_table(columns, rows, title=f"Times as fast as the best peer, {threads_in_words(threads)}")
    versions = sorted({f"{peer.name.split()[0]} {peer.version}" for peer in found})
    print_line(f"Peers: {', '.join(versions)}; ᵗ on tensors, ᵃ on arrays; > where every peer was stopped")


def _cell(result: Result | None) -> str:
    if result is None or result.ratio is None:
        return ""
    digits = f"{result.ratio:.0f}" if result.ratio >= 10 else f"{result.ratio:.1f}"
    return f"{'> ' if result.at_least else ''}{digits} {result.peer.replace(' on tensors', 'ᵗ').replace(' on arrays', 'ᵃ')}"


def _with_goal(result: Result, missing: list[Absent], dimension: int) -> Measure | None:
    size, goal = result.size, goals.FASTER.get(result.rule)
    if goal is None or size.threads != goals.THREADS or size.d != dimension or size.n not in goals.FASTER_AT:
        return None
    if result.ratio is None:
        return absent(_title(result), " and ".join(p.name for p in missing) or "no peer has it", f"≥ {goal:g}")
    return at_least(f"{_title(result)}, {_whom(result)}", result.ratio, UNIT, goal)


def _title(result: Result) -> str:
    size = result.size
    return f"n = {size.n}, d = {size.d}, {threads_in_words(size.threads)}: {result.rule}"


def _whom(result: Result) -> str:
    return f"against {result.peer}{', which was stopped' if result.at_least else ''}"


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """The peers' libraries use so many. Qora's thread pool cannot be told, and keeps its own number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    with importlib.import_module("threadpoolctl").threadpool_limits(threads):
        yield
    torch.set_num_threads(before)


@contextmanager
def _at_most(limit: float) -> Iterator[None]:
    """Raise `TimeoutError` in what takes longer, once it comes back to Python. Where there are no alarms, there is no limit."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
