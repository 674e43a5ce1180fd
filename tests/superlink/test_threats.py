"""Each threat, against the running server: it is refused, it is counted, and who is honest goes on."""

import datetime
import time

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.superlink.events import Kind
from flowstate_flower.superlink.scripted import ScriptedNode

DAY = datetime.timedelta(days=1)
PROTOBUF = {"content-type": "application/protobuf"}


def test_an_honest_node_is_made_asked_and_heard(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    ids = harness.ask(run_id, node)
    message = node.wait(10)
    assert node.push(harness.reply(message)).accepted
    assert [r.metadata.src_node_id for r in harness.replies(run_id, ids)] == [node.node_id]
    assert harness.counted(Kind.NODE_ACTIVATED, tenant.name) == 1


@pytest.mark.parametrize(
    "path", ["/v1/control/list-runs", "/v1/runtime/acquire-task", "/health", "/docs", "/v1/fleet/register-node"]
)
def test_a_tenant_reaches_nothing_but_the_fleet(harness, tenant, path) -> None:
    with httpx.Client(verify=tenant.tls()) as client:
        answer = client.post(f"https://{harness.tenants}{path}", content=b"")
    assert answer.status_code == 403
    assert harness.counted(Kind.FORBIDDEN_PATH, tenant.name) == 1


def test_the_operators_listener_has_no_fleet_and_no_call_without_a_token(harness, tenant) -> None:
    with httpx.Client(verify=tenant.tls()) as client:
        assert client.post(f"https://{harness.operators}/v1/fleet/pull-messages", content=b"").status_code == 403
        answer = client.post(f"https://{harness.operators}/v1/control/list-runs", content=b"", headers=PROTOBUF)
        acquire = client.post(
            f"https://{harness.operators}/v1/runtime/pull-task-input",
            content=b"",
            headers=PROTOBUF,
        )
    assert (answer.status_code, acquire.status_code) == (401, 401)


def test_a_node_cannot_act_for_another(harness) -> None:
    one, other = harness.tenant(), harness.tenant()
    victim, liar = other.active(), one.active()
    run_id = harness.run(one, other)
    harness.ask(run_id, victim)
    mine, liar.node_id = liar.node_id, victim.node_id
    for call in (liar.pull, liar.heartbeat, liar.deactivate):
        assert harness.status(call) == 403
    assert harness.counted(Kind.FORGED_SENDER, one.name) == 3
    liar.node_id = mine
    message = victim.wait(10)
    answer = harness.reply(message)  # from the victim, by what it says
    assert harness.status(lambda: liar.push(answer)) == 403
    assert harness.counted(Kind.FORGED_SENDER, one.name) == 4
    assert victim.push(answer).accepted


def test_a_node_cannot_throw_away_what_another_was_sent(harness) -> None:
    one, other = harness.tenant(), harness.tenant()
    victim, liar = other.active(), one.active()
    run_id = harness.run(one, other)
    (message_id,) = harness.ask(run_id, victim)
    assert harness.status(lambda: liar.confirm(run_id, message_id)) == 403
    assert victim.wait(10).metadata.message_id == message_id


def test_another_tenants_key_is_of_no_use(harness) -> None:
    one, other = harness.tenant(), harness.tenant()
    assert harness.status(one.node(other.key).activate) == 403
    assert harness.counted(Kind.WRONG_CERTIFICATE, one.name) == 1


def test_a_key_that_nobody_registered_is_of_no_use(harness, tenant) -> None:
    assert harness.status(tenant.node(ec.generate_private_key(ec.SECP384R1())).activate) == 403
    assert harness.counted(Kind.WRONG_CERTIFICATE, tenant.name) == 1


def test_another_tenants_certificate_is_of_no_use(harness) -> None:
    """Stolen with its key, it still needs the node's key of the same tenant."""
    one, other = harness.tenant(), harness.tenant()
    thief = ScriptedNode(harness.tenants, one.key, other.tls())
    assert harness.status(thief.activate) == 403
    assert harness.counted(Kind.WRONG_CERTIFICATE, other.name) == 1


def test_a_reply_counts_once_and_a_replayed_one_not_at_all(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    ids = harness.ask(run_id, node)
    answer = harness.reply(node.wait(10))
    assert node.push(answer).accepted
    assert len(harness.replies(run_id, ids)) == 1
    harness.server.state_factory.state().delete_messages(set(ids))  # what Flower does once the ServerApp has it
    assert harness.status(lambda: node.push(answer)) == 403
    assert harness.counted(Kind.UNASKED_REPLY, tenant.name) == 1


def test_a_second_answer_to_the_same_question_is_not_kept(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    ids = harness.ask(run_id, node)
    message = node.wait(10)
    assert node.push(harness.reply(message, 2.0)).accepted
    assert not node.push(harness.reply(message, 9.0)).accepted
    assert len(harness.replies(run_id, ids)) == 1


def test_a_node_joins_once(harness, tenant) -> None:
    tenant.active()
    assert harness.status(tenant.node().activate) >= 400


def test_a_tenant_has_no_more_nodes_than_its_quota(harness, tenant) -> None:
    second = ec.generate_private_key(ec.SECP384R1())
    tenant.active()
    harness.people.keys[tenant.node(second).public_key.hex()] = tenant.name
    harness.people.most = 1
    try:
        assert harness.status(tenant.node(second).activate) == 403
    finally:
        harness.people.most = None
    assert harness.counted(Kind.TOO_MANY_NODES, tenant.name) == 1


def test_a_run_without_consent_reaches_nobody_and_hears_nobody(harness) -> None:
    member, stranger = harness.tenant(), harness.tenant()
    asked, unasked = member.active(), stranger.active()
    run_id = harness.run(member)
    state = harness.server.state_factory.state()
    assert asked.node_id in state.get_nodes(run_id)
    assert unasked.node_id not in state.get_nodes(run_id)
    first, second = harness.ask(run_id, asked, unasked)
    assert first
    assert not second
    message = asked.wait(10)
    message.metadata.__dict__["_dst_node_id"] = unasked.node_id
    assert harness.status(lambda: unasked.push(harness.reply(message))) == 403
    assert harness.status(lambda: unasked.run_of(run_id)) == 403
    assert harness.counted(Kind.FOREIGN_RUN, stranger.name) == 2


def test_a_run_without_a_purpose_reaches_nobody(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    del harness.people.runs[run_id]
    assert harness.server.state_factory.state().get_nodes(run_id) == set()
    assert harness.ask(run_id, node) == [""]
    assert harness.counted(Kind.RUN_WITHOUT_PURPOSE) >= 1


def test_who_withdraws_is_not_sent_what_lies_ready(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    assert harness.ask(run_id, node) != [""]
    harness.people.runs[run_id] = set()
    time.sleep(1.1)  # what was answered is believed for a second
    assert node.asked() is None


def test_who_is_suspended_mid_round_is_disconnected_and_unheard(harness, tenant) -> None:
    node = tenant.active()
    run_id = harness.run(tenant)
    ids = harness.ask(run_id, node)
    message = node.wait(10)
    harness.people.suspended.add(tenant.name)
    harness.until(lambda: harness.counted(Kind.SUSPENDED_TENANT, tenant.name) >= 1)
    assert harness.status(lambda: node.push(harness.reply(message))) == 403
    assert harness.replies(run_id, ids) == [] or harness.replies(run_id, ids)[0].has_error()
    harness.people.suspended.discard(tenant.name)
