"""The stored tree: proofs from it, tiles that are rebuilt where they are missing, and entries that concern two tenants."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.admission import Reason
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, audit, log, rounds, views
from flowstate_flower.registry.database import log_origin
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.tables import ConsentRow, EvaluationRow
from flowstate_flower.simulations.in_process import FIRST_NODE
from flowstate_flower.strategies.guarded_grid import SENT_BY, WRONG_SENDER, fault
from flowstate_flower.transparency.checkpoint import BadCheckpoint, verified
from flowstate_flower.trust.keys import SigningKey


def record(registry: Registry, events: int, number: int = 0) -> None:
    rounds.record_evaluation(registry, "run", number, [(f"m-{i}", float(i)) for i in range(events)])


def check_proofs(registry: Registry, notes: list[str]) -> None:
    operator, rng = registry.operator, random.Random(1)
    newest = log.newest_checkpoint(registry)
    size = int(newest.splitlines()[1])
    for index in {0, size - 1, *(rng.randrange(size) for _ in range(5))}:
        said = log.prove_entry(registry, index, newest, operator).check(log_origin(operator), operator)
        assert said.startswith(f"entry {index} of the log of {size} entries")
    for note in notes:
        log.prove_extension(registry, note, newest, operator).check(log_origin(operator), operator)


def test_every_entry_and_every_earlier_head_is_proven_while_the_log_grows(tmp_path: Path, create, raw) -> None:
    registry, notes = create(tmp_path), []
    for number, events in enumerate((1, 254, 1, 1, 255, 300, 700)):
        record(registry, events, number)
        notes.append(log.newest_checkpoint(registry))
        check_proofs(registry, notes)
    assert [row[0] for row in raw(registry, "select position from log_node order by position")] == list(range(1513 // 256))
    assert audit.verify(registry, registry.operator).verified


def test_a_tile_in_the_middle_that_is_missing_is_computed(tmp_path: Path, create, raw) -> None:
    registry = create(tmp_path)
    record(registry, 1100)
    raw(registry, "delete from log_node where position = 1")
    check_proofs(registry, [])
    assert audit.verify(registry, registry.operator).verified


def test_nothing_is_proven_from_a_tile_that_was_changed(tmp_path: Path, create, raw) -> None:
    registry = create(tmp_path)
    record(registry, 1100)
    raw(registry, f"update log_node set hash = '{'0' * 64}' where position = 1")
    with pytest.raises(BadCheckpoint, match="does not lead"):
        log.prove_entry(registry, 3, log.newest_checkpoint(registry), registry.operator)
    verdict = audit.verify(registry, registry.operator)
    assert verdict.first is not None
    assert (verdict.first.entry, "stored hash of level 1" in verdict.first.what) == (256, True)


def test_what_is_not_there_is_not_proven(tmp_path: Path, create) -> None:
    registry = create(tmp_path)
    with pytest.raises(BadInput, match="no entries yet"):
        log.newest_checkpoint(registry)
    record(registry, 3)
    old = log.newest_checkpoint(registry)
    record(registry, 3, 1)
    new = log.newest_checkpoint(registry)
    with pytest.raises(BadInput, match="no entry 3 in a log of 3"):
        log.prove_entry(registry, 3, old, registry.operator)
    with pytest.raises(BadInput, match="does not extend"):
        log.prove_extension(registry, new, old, registry.operator)
    with pytest.raises(BadCheckpoint, match="not signed"):
        log.prove_entry(registry, 0, old, SigningKey.generate().public)


def both(registry: Registry, first: str, second: str, kind: str) -> bool:
    """Whether the newest entry of a kind is in the views of both, and in no third one's."""
    newest = [view for view in views.audit_log(registry) if view.kind == kind][-1]
    return (
        newest in views.audit_log(registry, tenant=first)
        and newest in views.audit_log(registry, tenant=second)
        and newest not in views.audit_log(registry, tenant="tenant-3")
    )


def speaks_for_another(reply, request):
    reply.statement["tenant"] = "tenant-1"


def speaks_for_another_and_is_unreadable(reply, request):
    reply.statement["tenant"] = "tenant-1"
    reply.metrics = {"num-examples": 7}


@pytest.mark.parametrize("lie", [speaks_for_another, speaks_for_another_and_is_unreadable])
def test_a_reply_in_anothers_name_is_in_both_views(federation, run_terms, voice, tmp_path: Path, lie: Callable, create) -> None:
    federation.lies["tenant-0"] = lie
    registry = recorded_with(federation, run_terms, voice, create(tmp_path / "registry"))
    assert federation.closed[-1].outcome.admitted.rejections
    assert both(registry, "tenant-0", "tenant-1", "rejection.added")
    assert audit.verify(registry, registry.operator).verified


@pytest.mark.parametrize("invited", [True, False])
def test_a_signature_with_anothers_key_is_in_both_views(
    federation, run_terms, voice, tmp_path: Path, invited: bool, create
) -> None:
    """Also where the one whose key signed was not asked in this round."""

    def signs_with_anothers_key(reply, request):
        reply.key = federation.keys["tenant-1"]

    federation.lies["tenant-0"] = signs_with_anothers_key
    if not invited:
        federation.agreed.discard("tenant-1")
    registry = recorded_with(federation, run_terms, voice, create(tmp_path / "registry"))
    assert both(registry, "tenant-0", "tenant-1", "rejection.added")


def test_a_reply_that_anothers_node_sent_is_in_both_views(federation, run_terms, voice, tmp_path: Path, create) -> None:
    federation.lies["tenant-0"] = lambda reply, request: fault(request, WRONG_SENDER, f"{SENT_BY}{FIRST_NODE + 1}")
    registry = recorded_with(federation, run_terms, voice, create(tmp_path / "registry"))
    assert federation.reasons() == {"tenant-0": Reason.WRONG_SENDER}
    assert both(registry, "tenant-0", "tenant-1", "rejection.added")


def test_a_node_that_another_tenant_registered_is_in_no_log(tmp_path: Path, voice, create) -> None:
    """A key belongs to one tenant, so no entry about a key concerns two."""
    registry = create(tmp_path)
    wiring.admit(registry, voice("tenant-0").request(nodes=("00",)))
    before = views.audit_log(registry)
    with pytest.raises(BadInput, match="registered already"):
        wiring.admit(registry, voice("tenant-1").request(nodes=("00",)))
    assert views.audit_log(registry) == before


def test_what_a_tenant_does_to_anothers_rows_is_in_both_views(tmp_path: Path, voice, create) -> None:
    registry = create(tmp_path)
    for name in ("tenant-0", "tenant-1"):
        wiring.admit(registry, voice(name).request())
    with desk(registry, actor="tenant-1") as d:
        d.add(ConsentRow(tenant="tenant-0", purpose="research", signed_at=d.now, granted_at=d.now, envelope=""))
    assert both(registry, "tenant-0", "tenant-1", "consent.added")
    for name, sees in (("tenant-0", True), ("tenant-1", True), ("tenant-3", False)):
        seen = views.audit_log(registry.as_tenant(name))
        assert [view.kind for view in seen].count("consent.added") == sees
        assert seen == views.audit_log(registry, tenant=name)


def test_a_part_of_the_log_proves_nothing(tmp_path: Path, create) -> None:
    registry = create(tmp_path)
    record(registry, 3)
    note, part = log.newest_checkpoint(registry), registry.as_tenant("tenant-0")
    checkpoint = verified(note, log_origin(registry.operator), registry.operator)
    for ask in (
        lambda: audit.verify(part, registry.operator),
        lambda: log.prove_entry(part, 0, note, registry.operator),
        lambda: log.prove_extension(part, note, note, registry.operator),
        lambda: log.holds(part, checkpoint),
    ):
        with pytest.raises(BadInput, match="tenant-0 sees a part of the log only"):
            ask()


@pytest.mark.parametrize(
    "statement", ["delete from audit_party", "update audit_party set tenant = 'tenant-2' where tenant = 'tenant-1'"]
)
def test_who_is_concerned_is_part_of_the_leaf(tmp_path: Path, statement: str, create, raw) -> None:
    registry = create(tmp_path)
    with desk(registry, actor="operator") as d:
        d.add(EvaluationRow(run="run", round=1, metric="m", value=0.5), concerns=("tenant-0", "tenant-1"))
    assert audit.verify(registry, registry.operator).verified
    raw(registry, statement)
    verdict = audit.verify(registry, registry.operator)
    assert verdict.first is not None
    assert "entries 0 to 0" in verdict.first.what or "entry 0 (evaluation.added" in verdict.first.what


def test_a_tenant_cannot_be_added_to_an_entry_that_does_not_exist(tmp_path: Path, create, raw) -> None:
    registry = create(tmp_path)
    record(registry, 2)
    raw(registry, "insert into audit_party values (99, 'tenant-0')")
    verdict = audit.verify(registry, registry.operator)
    assert [finding.what for finding in verdict.findings] == [
        "the table audit_party names tenants for entries that do not exist"
    ]


def recorded_with(federation, run_terms, voice, registry: Registry) -> Registry:
    for name in federation.tenants:
        wiring.admit(registry, voice(name, federation.keys[name]).request())
    rounds.start_run(registry, rounds.RunPlan("run-1", "research", "median", 2, 1, "0" * 64))
    federation.run(replace(run_terms, closing=replace(run_terms.closing, quorum=1)))
    rounds.record_round(registry, federation.closed[-1])
    return registry
