"""Each threat, against the running server: it is refused, it is counted, and who is honest goes on."""

import datetime
import ssl
import time

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.errors import RunImpossible
from flowstate_flower.superlink.accounts import Role
from flowstate_flower.superlink.control import Control, built_app
from flowstate_flower.superlink.events import Kind
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls

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


def test_a_revoked_certificate_is_cut_off_on_its_live_connection(harness, tenant) -> None:
    with harness.answered(tenant.tls()) as wire:
        harness.people.revoked.add(tenant.serial)
        wire.settimeout(10)
        assert harness.ends(wire)
    assert harness.counted(Kind.REVOKED_CERTIFICATE, tenant.name) == 1
    assert harness.status(tenant.node().activate) in {0, 401}


@pytest.mark.parametrize(("gone", "kind"), [("is_readable", "revocations"), ("is_there", "registry")])
def test_a_list_or_a_registry_that_cannot_be_read_lets_nobody_in(harness, tenant, gone, kind) -> None:
    node, event = tenant.active(), Kind(f"unreadable-{kind}")
    setattr(harness.people, gone, False)
    try:
        harness.until(lambda: harness.counted(event, tenant.name) >= 1)
        assert harness.status(node.heartbeat) in {0, 503}
    finally:
        setattr(harness.people, gone, True)
        time.sleep(1.6)  # until it is asked again
    assert node.heartbeat()


def test_an_expired_certificate_is_not_let_in(harness, tenant) -> None:
    uri = f"spiffe://federation.example/tenant/{tenant.name}"
    certificate, key, _ = harness.authority.issue(f"{tenant.name}-old", uri, lifetime=-DAY)
    before = harness.counted(Kind.BAD_HANDSHAKE)
    node = ScriptedNode(harness.tenants, tenant.key, node_tls(harness.authority.ca, certificate, key))
    assert harness.status(node.activate) == 0
    assert harness.counted(Kind.BAD_HANDSHAKE) == before + 1


def test_a_certificate_that_ends_ends_its_connection(harness, tenant) -> None:
    uri = f"spiffe://federation.example/tenant/{tenant.name}"
    certificate, key, _ = harness.authority.issue(f"{tenant.name}-brief", uri, lifetime=datetime.timedelta(seconds=3))
    with harness.answered(node_tls(harness.authority.ca, certificate, key)) as wire:
        wire.settimeout(15)
        assert harness.ends(wire)
    assert harness.counted(Kind.EXPIRED_CERTIFICATE, tenant.name) == 1


def test_a_client_without_a_certificate_is_not_let_in(harness, tenant) -> None:
    node = ScriptedNode(harness.tenants, tenant.key, node_tls(harness.authority.ca))
    assert harness.status(node.activate) == 0


def test_a_certificate_of_another_authority_is_not_let_in(harness, tenant, tmp_path) -> None:
    other = type(harness.authority)(tmp_path / "other")
    certificate, key, _ = other.issue(tenant.name, f"spiffe://federation.example/tenant/{tenant.name}")
    node = ScriptedNode(harness.tenants, tenant.key, node_tls(harness.authority.ca, certificate, key))
    assert harness.status(node.activate) == 0


def test_a_certificate_of_another_domain_or_of_an_operator_names_no_tenant(harness, tenant) -> None:
    for number, uri in enumerate((f"spiffe://elsewhere/tenant/{tenant.name}", "spiffe://federation.example/operator/eve")):
        certificate, key, _ = harness.authority.issue(f"{tenant.name}-{number}", uri)
        before = harness.counted(Kind.WRONG_CERTIFICATE)
        node = ScriptedNode(harness.tenants, tenant.key, node_tls(harness.authority.ca, certificate, key))
        assert harness.status(node.activate) == 0
        assert harness.counted(Kind.WRONG_CERTIFICATE) == before + 1


def test_a_man_in_the_middle_with_another_authority_is_not_believed(harness, tenant, tmp_path) -> None:
    other = type(harness.authority)(tmp_path / "other")
    node = ScriptedNode(harness.tenants, tenant.key, node_tls(other.ca, tenant.certificate, tenant.secret))
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        node.activate()


def test_plain_http_and_old_tls_are_not_spoken(harness, tenant) -> None:
    for address in (harness.tenants, harness.operators):
        with pytest.raises(httpx.TransportError):
            httpx.post(f"http://{address}/v1/fleet/activate-node", content=b"")
    old = tenant.tls()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    assert harness.status(ScriptedNode(harness.tenants, tenant.key, old).activate) == 0


def test_an_operator_needs_the_right_role(harness) -> None:
    with harness.control(Role.VIEWER) as viewer, harness.control(Role.RUNNER) as runner:
        assert viewer.runs(most=1) is not None
        with pytest.raises(RunImpossible, match="viewer is viewer, start-run needs runner"):
            viewer.start(built_app(harness.app))
        run_id = runner.start(built_app(harness.app))
        with pytest.raises(RunImpossible, match="stop-run needs runner"):
            viewer.stop(run_id)
        assert runner.stop(run_id)
    assert harness.counted(Kind.CONTROL_DENIED) >= 2
    done = [event.detail for event in harness.events if event.kind is Kind.CONTROL_ACTION]
    assert f"runner: start-run of run {run_id} completed" in done
    assert f"runner: stop-run of run {run_id} completed" in done


def test_a_token_that_no_account_has_opens_nothing(harness) -> None:
    with (
        Control(harness.operators, harness.authority.ca, "guessed") as stranger,
        pytest.raises(RunImpossible, match="cannot list the runs") as refusal,
    ):
        stranger.runs()
    assert "account add" in refusal.value.hint


def test_who_is_removed_is_out_at_once(harness) -> None:
    book = harness.book()
    token = book.add("temporary", Role.VIEWER)
    with Control(harness.operators, harness.authority.ca, token) as control:
        control.runs()
        book.remove("temporary")
        with pytest.raises(RunImpossible):
            control.runs()
