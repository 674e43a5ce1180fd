"""What the enrolment listener says to those who may not, and what it tells the operator of them."""

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.deployment import certification, joining
from flowstate_flower.deployment import enrolment as listener
from flowstate_flower.deployment.enrolment import CONSENT_PATH, JOIN_PATH, RENEW_PATH, Failures
from flowstate_flower.deployment.exchange import LARGEST_BODY, Consent, Joining, Renewal
from flowstate_flower.errors import BadInput
from flowstate_flower.pki import new_request
from flowstate_flower.registry import Registry, certificates, consents, server_events, tenants, tickets
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import CertificateStatement, RequestStatement, sign

WISHES = joining.Wishes(("tumours",), (8.0, 1e-5), "Jane Roe")
NOW = certification.now


def at() -> str:
    return certification.text_of(NOW())


def posted(address: str, path: str, body: object) -> httpx.Response:
    data = body if isinstance(body, bytes) else body.model_dump_json().encode()
    return httpx.post(f"https://{address}{path}", content=data, verify=False, trust_env=False, timeout=30)


def events(operator: Registry, *wanted: str) -> dict[str, list[str]]:
    """What the listener recorded, by kind, once all of `wanted` are there."""
    import time

    for _ in range(200):
        found: dict[str, list[str]] = {}
        for row in server_events.listed(operator):
            found.setdefault(row.kind, []).append(row.detail)
        if set(wanted) <= set(found):
            break
        time.sleep(0.05)
    return found


def test_who_may_not_renew_is_told_nothing_and_the_operator_everything(joined: Path, operator: Registry) -> None:
    """Suspended, revoked, deleted, with another's key, under another's name: one answer."""
    address = str(joining.read_federation(joined).enrolment)
    mine, stranger = SigningKey.read(joined / "signing.key"), SigningKey.generate()
    csr = new_request(ec.generate_private_key(ec.SECP256R1()), "x").decode()

    def asked(tenant: str, key: SigningKey, moment: str | None = None, ticket: str | None = None) -> Renewal:
        statement = CertificateStatement(tenant=tenant, csr=csr, ticket=ticket, at=moment or at())
        return Renewal(asked=sign(statement, key).to_bytes().decode())

    said = [posted(address, RENEW_PATH, asked("hospital-a", stranger)), posted(address, RENEW_PATH, asked("nobody", mine))]
    said.append(posted(address, RENEW_PATH, asked("hospital-a", mine, "2026-01-01T00:00:00.000000Z")))
    said.append(posted(address, RENEW_PATH, asked("hospital-a", mine, ticket="1" * 16)))
    tenants.move(operator, "hospital-a", tenants.Status.SUSPENDED, actor="operator")
    said.append(posted(address, RENEW_PATH, asked("hospital-a", mine)))
    tenants.move(operator, "hospital-a", tenants.Status.ACTIVE, actor="operator")
    serials = [view.serial for view in certification.standing(operator, "hospital-a")]
    certification.revoke(operator, certification.open_authority(operator), serials, "stolen", actor="operator")
    said.append(posted(address, RENEW_PATH, asked("hospital-a", mine)))
    tenants.move(operator, "hospital-a", tenants.Status.SUSPENDED, actor="operator")
    tenants.remove(operator, "hospital-a", actor="operator")
    said.append(posted(address, RENEW_PATH, asked("hospital-a", mine)))
    assert {(response.status_code, response.text) for response in said} == {(403, '{"detail":"refused"}')}
    assert [view.status for view in certificates.listed(operator, tenant="hospital-a")] == ["revoked"]
    assert "bad-renewal" in events(operator, "bad-renewal")


def test_a_consent_is_handed_in_and_withdrawn_by_whoever_signed_it(joined: Path, operator: Registry, capsys) -> None:
    """Not by another tenant, not twice, and not for another operator."""
    address, home = str(joining.read_federation(joined).enrolment), str(joined)
    voice = wiring.open_voice(joined)
    forged = TenantVoice(voice.policy, SigningKey.generate()).consent("tumours")
    nobodys = TenantVoice(voice.policy.model_copy(update={"tenant": "nobody"}), voice.key).consent("tumours")
    for said in (forged, nobodys, voice.request()):
        response = posted(address, CONSENT_PATH, Consent(said=said.to_bytes().decode()))
        assert (response.status_code, response.text) == (403, '{"detail":"refused"}')
    assert consents.listed(operator) == []
    assert run(["consent", "grant", home, "--purpose", "tumours", "--send"]) == 0
    assert [view.status for view in consents.listed(operator)] == ["standing"]
    assert run(["consent", "grant", home, "--purpose", "tumours", "--send"]) == 2
    assert "has agreed to 'tumours' already" in capsys.readouterr().err
    assert run(["consent", "withdraw", home, "--purpose", "tumours", "--send"]) == 0
    assert [view.status for view in consents.listed(operator)] == ["withdrawn"]
    assert "bad-consent" in events(operator, "bad-consent")


def prepared(home: Path, invitation, **changes: object) -> Joining:
    return joining.prepare(home, invitation, WISHES).model_copy(update=changes)


def envelopes(invitation, tenant: str, csr: str, *, asked_by: SigningKey | None = None, ticket: str | None = None) -> Joining:
    """What a liar sends who has the invitation."""
    key = SigningKey.generate()
    request = RequestStatement(tenant=tenant, key=key.public.text, nodes=(), contact="", at=at())
    statement = CertificateStatement(tenant=tenant, csr=csr, ticket=ticket or invitation.ticket, at=at())
    sealed = [sign(request, key), sign(statement, asked_by or key)]
    return Joining(token=invitation.token, request=sealed[0].to_bytes().decode(), asked=sealed[1].to_bytes().decode())


def test_whoever_joins_otherwise_than_invited_is_told_nothing(
    joined: Path, invited, operator: Registry, tmp_path: Path
) -> None:
    address = str(joining.read_federation(joined).enrolment)
    open_one = invited("hospital-b", address)
    withdrawn, other = invited("hospital-c", address), invited("hospital-d", address)
    tickets.withdraw(operator, withdrawn.ticket, actor="operator")
    csr = new_request(ec.generate_private_key(ec.SECP256R1()), "x").decode()
    attempts = [
        prepared(tmp_path / "1", open_one, token="A" * 43),  # another secret
        prepared(tmp_path / "2", withdrawn),
        prepared(tmp_path / "3", open_one.model_copy(update={"ticket": "0" * 16})),  # no such ticket
        prepared(tmp_path / "4", open_one.model_copy(update={"ticket": other.ticket})),  # the secret of another
        envelopes(open_one, "hospital-x", csr),  # another name than invited
        envelopes(open_one, "hospital-a", csr),  # the name of a tenant that has joined
        envelopes(open_one, "hospital-b", csr, asked_by=SigningKey.generate()),  # a CSR that the joining key did not sign
        envelopes(open_one, "hospital-b", csr).model_copy(update={"request": "{}"}),
    ]
    said = {(r.status_code, r.text) for r in (posted(address, JOIN_PATH, attempt) for attempt in attempts)}
    assert said == {(403, '{"detail":"refused"}')}
    assert {view.tenant: view.status for view in tickets.listed(operator)}["hospital-b"] == "open"
    assert "bad-invitation" in events(operator, "bad-invitation")
    joining.join(tmp_path / "b", open_one, WISHES)


def test_a_good_invitation_does_not_make_an_authority_or_another_tenant(joined: Path, invited, operator: Registry) -> None:
    """And it stays open for the one who was invited."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    address, key = str(joining.read_federation(joined).enrolment), ec.generate_private_key(ec.SECP256R1())
    invitation = invited("hospital-b", address)
    uri = x509.UniformResourceIdentifier("spiffe://example.org/tenant/hospital-a")
    for extension, complaint in (
        (x509.BasicConstraints(ca=True, path_length=0), "authority"),
        (x509.SubjectAlternativeName([uri]), "names somebody else"),
    ):
        built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(extension, critical=True)
        csr = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        response = posted(address, JOIN_PATH, envelopes(invitation, "hospital-b", csr))
        assert response.status_code == 409
        assert complaint in response.json()["detail"]
    assert [view.status for view in tickets.listed(operator)] == ["used", "open"]
    with pytest.raises(BadInput, match="unknown tenant"):
        tenants.status_of(operator, "hospital-b")


def test_an_invitation_ends(listen, invited, operator: Registry, tmp_path: Path, raw_sqlite: Callable[..., None]) -> None:
    invitation = invited("hospital-a", listen())
    raw_sqlite(operator, "update ticket set expires_at = '2026-01-01T00:00:00.000000Z'")
    with pytest.raises(BadInput, match="says no: refused"):
        joining.join(tmp_path / "a", invitation, WISHES)
    with pytest.raises(BadInput, match="the invitation ended at"):
        joining.join(tmp_path / "b", invitation.model_copy(update={"expires_at": "2026-01-01T00:00:00.000000Z"}), WISHES)
    assert not (tmp_path / "b").exists()
    with pytest.raises(BadInput, match="would have expired"):
        invited("hospital-b", None, timedelta(hours=-1))


@pytest.fixture
def raw_sqlite() -> Callable[[Registry, str], None]:
    import sqlite3

    def change(registry: Registry, statement: str) -> None:
        with sqlite3.connect(registry.path) as connection:
            connection.execute(statement)

    return change


def test_a_body_that_is_too_large_or_no_body_of_ours_is_refused_early(listen, operator: Registry) -> None:
    address = listen()
    assert posted(address, JOIN_PATH, b"x" * (LARGEST_BODY + 1)).status_code == 413
    stream = httpx.post(
        f"https://{address}{JOIN_PATH}",
        content=(b"x" * 8192 for _ in range(100)),
        verify=False,
        trust_env=False,
    )
    assert stream.status_code == 413
    for body in (b"", b"[]", b'{"token": 1}', b"\xff" * 100, b"[" * 20_000):
        response = posted(address, RENEW_PATH, body)
        assert (response.status_code, response.text) == (400, '{"detail":"malformed"}')
    assert httpx.get(f"https://{address}{JOIN_PATH}", verify=False, trust_env=False).status_code == 405
    for path in ("/", "/v1/fleet/pull-messages", "/v1/control/start-run", "/docs"):
        assert posted(address, path, b"").status_code == 404
    assert {"oversize-body", "malformed"} <= set(events(operator, "oversize-body", "malformed"))


def test_a_body_that_does_not_come_and_an_authority_that_is_gone_are_answered(
    listen, invited, operator: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither holds a place for long, and a stranger hears nothing of the operator's files."""
    import socket

    monkeypatch.setattr(listener, "BODY_SECONDS", 0.2)
    address = listen()
    host, port = address.split(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=30) as plain, context.wrap_socket(plain) as slow:
        slow.sendall(b"POST /v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert b" 408 " in slow.recv(4096)
    joins = joining.prepare(tmp_path / "a", invited("hospital-a", address), WISHES)
    key = operator.path.parent / "pki" / "issuer.key"
    key.rename(key.with_name("elsewhere"))
    response = posted(address, JOIN_PATH, joins)
    assert (response.status_code, response.text) == (503, '{"detail":"busy"}')
    key.with_name("elsewhere").rename(key)
    assert posted(address, JOIN_PATH, joins).status_code == 200


def test_who_failed_too_often_waits_and_others_do_not(listen, operator: Registry) -> None:
    clock = [0.0]
    address = listen(clock=lambda: clock[0])
    said = [posted(address, RENEW_PATH, b"{}").status_code for _ in range(12)]
    assert said == [*[400] * 10, 429, 429]
    clock[0] = 60.0
    assert posted(address, RENEW_PATH, b"{}").status_code == 400
    assert "rate-limited" in events(operator, "rate-limited")
    failures = Failures(lambda: 0.0)
    for number in range(20_000):
        failures.add(str(number))
    assert len(failures._until) <= 10_000
