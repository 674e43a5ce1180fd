"""Probes of noisy neighbours: one tenant takes all it can get, and the others' rounds go on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from flwr.app import Array, Message

from flowstate_flower.isolation.grid import Asked, Replies
from flowstate_flower.isolation.scratch import LIVING, MINE, THEIRS, THIRD, Scratch
from flowstate_flower.registry import measures, views
from flowstate_flower.registry.rounds import AGGREGATED
from flowstate_flower.strategies.decoding import ARRAYS
from flowstate_flower.superlink import internals

ROUNDS, FLOOD = 3, 100
TOO_MANY_NUMBERS = 1 << 19
OTHERS = (MINE, THIRD)


def a_tenant_over_its_quota_is_not_asked(scratch: Scratch) -> Iterator[str]:
    """Whoever is over a quota or a rate is turned away, on record, and the others are asked in every round."""
    for quota, limit, reason in (("rounds_per_day", 1, "quota-exceeded"), ("messages", "1/hour", "rate-limited")):
        run = f"over-{quota}"
        with _limited(scratch, quota, limit, THEIRS):
            scratch.run(run, lambda _: {}, rounds=ROUNDS)
        part = scratch.parts(run)[THEIRS]
        if part.invited != 1:
            yield f"{quota} of 1: asked {part.invited} times"
        if part.reasons.get(reason, 0) != ROUNDS - 1:
            yield f"{quota} of 1: {part.reasons.get(reason, 0)} rejections on record, {ROUNDS - 1} expected"
        yield from _went_on(scratch, run, ROUNDS)


def a_tenant_over_its_quota_takes_no_place(scratch: Scratch) -> Iterator[str]:
    """In a cohort of two, others take the place of a tenant that may not be asked."""
    with _limited(scratch, "rounds_per_day", 0, THEIRS):
        scratch.run("no-place", lambda _: {}, rounds=ROUNDS, cohort=2)
    for view in views.rounds(scratch.registry, "no-place"):
        if view.invited != 2:
            yield f"round {view.round} asked {view.invited} of 2"
    yield from _went_on(scratch, "no-place", ROUNDS)


def a_flood_is_the_flooders(scratch: Scratch) -> Iterator[str]:
    """Many and large replies count once at most, are charged to their sender alone, and end nobody's round."""

    def flood(asked: Mapping[str, Asked]) -> Replies:
        large = asked[THEIRS].update()
        large.content.array_records[ARRAYS]["more"] = Array(np.zeros(TOO_MANY_NUMBERS, np.float32))
        return {THEIRS: [large, *(asked[THEIRS].update() for _ in range(FLOOD))]}

    with _limited(scratch, "bytes_per_day", 10**9, *LIVING):
        scratch.run("flood", flood)
        used = {tenant: _bytes_used(scratch, tenant) for tenant in LIVING}
    if len({used[tenant] for tenant in OTHERS}) != 1:
        yield "the others were not charged alike"
    if used[THEIRS] < used[MINE] + 1_000_000:
        yield "the flood was not charged to its sender"
    if scratch.parts("flood")[THEIRS].trained > 1:
        yield "the flooder counted more than once"
    yield from _went_on(scratch, "flood", 1)


def silence_and_failure_cost_the_others_nothing(scratch: Scratch) -> Iterator[str]:
    """A tenant that crashes, sends garbage or is silent loses its own place, and the round is closed at its deadline."""

    def crash(asked: Mapping[str, Asked]) -> Replies:
        return {THEIRS: [internals.crash_report(asked[THEIRS].request, MemoryError("all of it"))]}

    def garbage(asked: Mapping[str, Asked]) -> Replies:
        empty = Message(asked[THEIRS].request.content, reply_to=asked[THEIRS].request)
        return {THEIRS: [empty]}

    for run, script in (("crash", crash), ("garbage", garbage), ("silence", lambda _: {THEIRS: ()})):
        scratch.run(run, script)
        if scratch.parts(run)[THEIRS].trained:
            yield f"{run} counted"
        yield from _went_on(scratch, run, 1)


@contextmanager
def _limited(scratch: Scratch, quota: str, limit: object, *tenants: str) -> Iterator[None]:
    """With a quota, for so long; what it was before, afterwards."""
    before = "100000/day" if quota == "messages" else None
    for tenant in tenants:
        scratch.quota(quota, limit, tenant)
    try:
        yield
    finally:
        for tenant in tenants:
            scratch.quota(quota, before, tenant)


def _went_on(scratch: Scratch, run: str, rounds: int) -> Iterator[str]:
    """Every round was aggregated, and the others, where all were asked, counted in each."""
    closed = views.rounds(scratch.registry, run)
    if len(closed) != rounds or any(view.status != AGGREGATED for view in closed):
        yield f"{run}: not every round was aggregated"
    for tenant in OTHERS:
        trained = scratch.parts(run)[tenant].trained
        if trained != rounds:
            yield f"{run}: {tenant} counted in {trained} of {rounds} rounds"


def _bytes_used(scratch: Scratch, tenant: str) -> int:
    (own,) = measures.measured(scratch.registry, tenant=tenant).tenants
    return next((use.used or 0 for use in own.quotas if use.quota == "bytes_per_day"), 0)
