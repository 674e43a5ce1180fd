"""Who has no certificate, an old one, a revoked one, or one of somebody else: not let in, and put out where it was in."""

import datetime
import ssl
import time

import httpx
import pytest

from flowstate_flower.superlink.events import Kind
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls

DAY = datetime.timedelta(days=1)


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


def test_a_renewed_certificate_of_the_server_is_shown_without_a_restart(harness, tenant) -> None:
    before = harness.answered(tenant.tls())
    certificate, key, _ = harness.authority.issue("renewed", "spiffe://federation.example/superlink", server=True)
    key.replace(harness.places.key)
    certificate.replace(harness.places.certificate)
    old = before.getpeercert(binary_form=True)
    harness.until(lambda: harness.wire(tenant.tls()).getpeercert(binary_form=True) != old, 15)
    before.sendall(b"POST /v1/fleet/get-run HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    assert before.recv(4096)  # who is connected stays
