"""The suite, and the score: 100 × the weight that passed / all weight. A critical failure leaves 49 at most."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower.isolation import database, files, identity, ids, membership, neighbours
from flowstate_flower.isolation.probe import Area, Probe
from flowstate_flower.isolation.scratch import Create, Scratch, scratch
from flowstate_flower.registry import Registry

MOST_WITH_A_CRITICAL_FAILURE = 49
MOST_LEAKS = 20

# In order: what is only read comes before what adds runs of its own.
SUITE: tuple[Probe, ...] = (
    Probe(Area.FILES, 5, True, files.files_are_their_owners_alone),
    Probe(Area.FILES, 3, True, files.keys_that_others_may_read_are_refused),
    Probe(Area.FILES, 5, True, files.ciphertexts_hold_at_their_place_alone),
    Probe(Area.FILES, 5, True, files.data_keys_hold_for_their_tenant_alone),
    Probe(Area.FILES, 5, True, files.shredded_texts_are_gone),
    Probe(Area.FILES, 5, True, files.no_secret_is_in_the_database),
    Probe(Area.DATABASE, 10, True, database.foreign_rows_are_not_read),
    Probe(Area.DATABASE, 10, True, database.foreign_rows_are_not_written),
    Probe(Area.DATABASE, 5, True, database.raw_statements_get_no_further),
    Probe(Area.DATABASE, 3, False, database.usage_is_counted_by_its_own_tenant),
    Probe(Area.IDS, 5, True, ids.foreign_tenants_are_as_unknown_as_none),
    Probe(Area.IDS, 5, True, ids.foreign_runs_are_as_unknown_as_none),
    Probe(Area.IDS, 2, False, ids.consents_in_foreign_names_are_answered_alike),
    Probe(Area.IDS, 5, True, ids.lists_hold_nothing_foreign),
    Probe(Area.IDENTITY, 5, True, identity.replies_under_foreign_keys_do_not_count),
    Probe(Area.IDENTITY, 5, True, identity.replies_in_foreign_names_do_not_count),
    Probe(Area.IDENTITY, 5, True, identity.replies_from_foreign_nodes_do_not_count),
    Probe(Area.IDENTITY, 5, True, identity.nonces_count_once_and_for_their_tenant),
    Probe(Area.IDENTITY, 3, True, identity.nodes_of_nobody_are_not_asked),
    Probe(Area.IDENTITY, 5, True, identity.consents_are_signed_by_their_own_tenant),
    Probe(Area.IDENTITY, 3, True, identity.names_and_keys_are_taken_once),
    Probe(Area.IDENTITY, 4, True, membership.invitations_are_good_once_and_for_their_name),
    Probe(Area.IDENTITY, 4, True, membership.certificates_are_asked_for_by_their_own_tenant),
    Probe(Area.NEIGHBOURS, 4, False, neighbours.a_tenant_over_its_quota_is_not_asked),
    Probe(Area.NEIGHBOURS, 3, False, neighbours.a_tenant_over_its_quota_takes_no_place),
    Probe(Area.NEIGHBOURS, 4, False, neighbours.a_flood_is_the_flooders),
    Probe(Area.NEIGHBOURS, 4, False, neighbours.silence_and_failure_cost_the_others_nothing),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one probe found. `leaks` are the first few, in words; none where it passed."""

    probe: str
    area: Area
    weight: int
    critical: bool
    promise: str
    passed: bool
    leaks: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Score:
    """The isolation score of this installation, with the probes that it rests on."""

    score: int
    engine: str
    results: tuple[Result, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every probe did."""
        return all(result.passed for result in self.results)


def score(
    probes: Sequence[Probe] = SUITE,
    *,
    create: Create = Registry.create,
    progress: Callable[[Probe], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Score:
    """Make a scratch federation in a temporary folder, try every probe on it, and remove it.

    `create` makes the registry in a folder: another engine's, where that is to be tried.
    """
    began = clock()
    with tempfile.TemporaryDirectory(prefix="flowstate-isolation-") as folder:
        federation = scratch(Path(folder), create)
        engine = federation.registry.engine.dialect.name
        results = []
        for probe in probes:
            progress(probe)
            results.append(_result(probe, federation, clock))
        federation.registry.close()
    return Score(_points(results), engine, tuple(results), clock() - began)


def _result(probe: Probe, federation: Scratch, clock: Callable[[], float]) -> Result:
    began, leaks = clock(), []
    try:
        for leak in probe.leaks(federation):
            leaks.append(leak)
            if len(leaks) == MOST_LEAKS:
                break
    except Exception as error:  # what could not be tried to its end has not passed
        leaks.append(f"the probe ended with {type(error).__name__}: {error}")
    return Result(probe.name, probe.area, probe.weight, probe.critical, probe.promise, not leaks, tuple(leaks), clock() - began)


def _points(results: Sequence[Result]) -> int:
    """Rounded down, so that 100 means all of it."""
    total = sum(result.weight for result in results)
    points = 100 * sum(result.weight for result in results if result.passed) // total if total else 0
    critical = any(result.critical and not result.passed for result in results)
    return min(points, MOST_WITH_A_CRITICAL_FAILURE) if critical else points
