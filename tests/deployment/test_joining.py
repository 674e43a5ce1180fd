"""A tenant joins with an invitation, renews, and is let in no more; over TLS to a real listener, and by files."""

import json
import re
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.cli.main import run
from flowstate_flower.deployment import admitting, certification, issuing, joining, renewing
from flowstate_flower.deployment.exchange import write_file
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.pki import Authority, new_request, tenant_of
from flowstate_flower.pki.files import read_certificates, replace
from flowstate_flower.registry import Registry, audit, certificates, enrolment, tenants, tickets

WISHES = joining.Wishes(("tumours",), (8.0, 1e-5), "Jane Roe")
NOW = certification.now


def test_a_tenant_joins_and_has_all_that_it_needs_to_take_part(joined: Path, operator: Registry) -> None:
    leaf, issuer = read_certificates(joined / "pki" / "client.pem")
    assert tenant_of(leaf, "example.org") == "hospital-a"
    assert tenants.status_of(operator, "hospital-a") is tenants.Status.ACTIVE
    assert issuer == certification.open_authority(operator).issuer
    ssl.create_default_context().load_cert_chain(joined / "pki" / "client.pem", joined / "pki" / "client.key")
    node = serialization.load_ssh_private_key((joined / "pki" / "node.key").read_bytes(), None)
    assert isinstance(node.curve, ec.SECP384R1)
    public = node.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert tenants.node_owners(operator, [public.hex()]) == {public.hex(): "hospital-a"}
    assert tenants.show(operator, "hospital-a").contact == "Jane Roe"
    federation = joining.read_federation(joined)
    assert (federation.domain, federation.superlink, federation.operator) == (
        "example.org",
        "127.0.0.1:9092",
        operator.operator.text,
    )
    assert [view.status for view in tickets.listed(operator)] == ["used"]
    assert audit.verify(operator, operator.operator).verified


def test_what_is_issued_holds_to_the_letter_of_the_standard(listen, joined: Path, operator: Registry) -> None:
    """OpenSSL's strict reading of RFC 5280, which newer versions of Python ask for by themselves."""
    strict = ssl.create_default_context(cafile=str(joined / "pki" / "ca.crt"))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    address = joining.read_federation(joined).enrolment
    assert httpx.post(f"https://{address}/v1/other", verify=strict, trust_env=False).status_code == 404


def test_secrets_of_a_home_are_its_owners_alone_and_none_of_them_left_it(joined: Path, operator: Registry) -> None:
    secrets = [joined / name for name in ("signing.key", "pki/client.key", "pki/node.key")]
    for path in secrets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((joined / "pki").stat().st_mode) == 0o700
    operator.close()
    everything = b"".join(p.read_bytes() for p in operator.path.parent.rglob("*") if p.is_file())
    for path in secrets:
        assert path.read_bytes().strip()[40:90] not in everything, path


def test_an_invitation_lets_one_in_however_many_come_at_once(listen, invited, operator: Registry, tmp_path: Path) -> None:
    """The same invitation from six machines."""
    address = listen()
    invitation = invited("hospital-a", address)

    def come(number: int) -> str:
        try:
            return joining.join(tmp_path / str(number), invitation, WISHES).tenant
        except BadInput as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(come, range(6)))
    assert said == [*[f"{address} says no: refused"] * 5, "hospital-a"]
    assert len(certificates.listed(operator, tenant="hospital-a")) == 1


def test_a_tenant_that_joins_or_is_replaced_changes_no_file_of_anybody_else(joined: Path, invited, operator, tmp_path) -> None:
    """Neither the other tenant's home, nor the server's and the authority's own files, beyond the list."""

    def files() -> dict[Path, bytes]:
        roots = (joined, operator.path.parent / "superlink", operator.path.parent / "pki")
        return {path: path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()}

    before, address = files(), joining.read_federation(joined).enrolment
    joining.join(tmp_path / "b", invited("hospital-b", address), WISHES)
    joining.renew(tmp_path / "b")
    csr = tmp_path / "b.csr"
    csr.write_bytes(new_request(ec.generate_private_key(ec.SECP256R1()), "b"))
    issuing.rotate(operator, issuing.Order("tenant/hospital-b", csr), actor="operator")
    after = files()
    assert {path.name for path in before if before[path] != after[path]} == {"crl.pem"}


def test_a_certificate_is_renewed_on_the_word_of_the_signing_key(joined: Path, operator: Registry) -> None:
    before = read_certificates(joined / "pki" / "client.pem")[0]
    joining.renew(joined)
    after = read_certificates(joined / "pki" / "client.pem")[0]
    assert before.serial_number != after.serial_number
    assert [view.status for view in certificates.listed(operator, tenant="hospital-a")] == ["standing", "standing"]


def test_renewals_are_not_without_end(joined: Path, operator: Registry) -> None:
    for _ in range(enrolment.MOST_STANDING - 1):
        admitting.renew(operator, certification.open_authority(operator), joining.renewal(joined))
    with pytest.raises(enrolment.NotLetIn, match="has 20 certificates that hold"):
        admitting.renew(operator, certification.open_authority(operator), joining.renewal(joined))


@pytest.mark.slow
def test_a_certificate_is_renewed_by_itself_once_half_of_it_is_over(joined: Path) -> None:
    """Nothing happens before; what goes wrong is said, and nothing ends."""
    leaf = read_certificates(joined / "pki" / "client.pem")[0]
    said: list[str] = []
    with renewing.kept_renewed(joined, said.append):
        pass
    assert said == []
    later = leaf.not_valid_after_utc - timedelta(days=3)
    with renewing.kept_renewed(joined, said.append, lambda: later):
        pass
    assert said[0].startswith("certificate: The new certificate of hospital-a holds until")
    assert read_certificates(joined / "pki" / "client.pem")[0].serial_number != leaf.serial_number
    federation = joined / "federation.toml"
    federation.write_text(re.sub(r'enrolment = ".*"', 'enrolment = "127.0.0.1:1"', federation.read_text()))
    with renewing.kept_renewed(joined, said.append, lambda: later):
        pass
    assert "cannot reach 127.0.0.1:1" in said[1]


def test_a_revoked_tenant_comes_back_by_the_operators_hand(joined: Path, operator: Registry, tmp_path: Path) -> None:
    serials = [view.serial for view in certification.standing(operator, "hospital-a")]
    certification.revoke(operator, certification.open_authority(operator), serials, "stolen", actor="operator")
    with pytest.raises(BadInput, match="refused"):
        joining.renew(joined)
    replace(tmp_path / "a.csr", new_request(ec.generate_private_key(ec.SECP256R1()), "a"))
    issuing.issue(operator, issuing.Order("tenant/hospital-a", tmp_path / "a.csr"), actor="operator")
    joining.renew(joined)


def test_somebody_in_the_middle_with_another_authority_gets_nothing(listen, invited, operator, tmp_path: Path) -> None:
    """Its certificate is for this very address, of a root that is not the one in the invitation."""
    middle = Registry.create(tmp_path / "middle")
    certification.make_authority(middle, "example.org")
    issuing.issue(middle, issuing.Order("superlink"), actor="operator")
    invitation = invited("hospital-a", listen(middle.path.parent / "superlink"))
    with pytest.raises(RunImpossible, match="CERTIFICATE_VERIFY_FAILED") as raised:
        joining.join(tmp_path / "a", invitation, WISHES)
    assert "not the operator" in raised.value.hint
    assert [view.status for view in tickets.listed(operator)] == ["open"]
    other = (middle.path.parent / "pki" / "root.crt").read_text()
    with pytest.raises(BadInput, match="not the one that it names"):
        joining.join(tmp_path / "b", invitation.model_copy(update={"root": other}), WISHES)


def test_a_tenants_certificate_is_not_a_servers(joined: Path, listen, invited, tmp_path: Path) -> None:
    """A tenant pretends to be the operator's listener with what it has."""
    server = tmp_path / "server"
    server.mkdir()
    for ours, theirs in (("server.pem", "client.pem"), ("server.key", "client.key")):
        (server / ours).write_bytes((joined / "pki" / theirs).read_bytes())
    with pytest.raises(RunImpossible, match="CERTIFICATE_VERIFY_FAILED"):
        joining.join(tmp_path / "b", invited("hospital-b", listen(server)), WISHES)


def test_a_listener_that_is_not_there_is_one_clear_error_and_the_home_goes_on(listen, invited, tmp_path: Path) -> None:
    invitation = invited("hospital-a", "127.0.0.1:1")
    with pytest.raises(RunImpossible, match="cannot reach"):
        joining.join(tmp_path / "a", invitation, WISHES)
    key = (tmp_path / "a" / "signing.key").read_bytes()
    joining.join(tmp_path / "a", invitation.model_copy(update={"enrolment": listen()}), WISHES)
    assert (tmp_path / "a" / "signing.key").read_bytes() == key
    with pytest.raises(BadInput, match="has joined already"):
        joining.join(tmp_path / "a", invitation, WISHES)


def test_an_answer_for_somebody_else_is_not_installed(joined: Path, invited, operator: Registry, tmp_path: Path) -> None:
    address = joining.read_federation(joined).enrolment
    joining.join(tmp_path / "b", invited("hospital-b", address), WISHES)
    before = (joined / "pki" / "client.pem").read_bytes()
    of_b = (tmp_path / "b" / "pki" / "client.pem").read_text()
    answer = tmp_path / "answer.json"
    write_file(answer, joining.Certificate(chain=of_b))
    assert run(["client", "install", str(answer), str(joined)]) == 2
    rogue = Authority.create(tmp_path / "rogue", "example.org", NOW())
    key = ec.generate_private_key(ec.SECP256R1())
    party = certification.Party("example.org", certification.Role.TENANT, "hospital-a")
    forged = rogue.chain(rogue.issue(key.public_key(), party, NOW(), lasts=timedelta(hours=1))).decode()
    for chain in (forged, "", of_b.replace("A", "B")):
        with pytest.raises(BadInput):
            joining.install(joined, joining.Certificate(chain=chain))
    assert (joined / "pki" / "client.pem").read_bytes() == before


def test_by_files_it_is_the_same(operator: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Command by command, at both sides."""
    folder, home = str(operator.path.parent), str(tmp_path / "a")
    invitation, answer = str(tmp_path / "a.invitation"), str(tmp_path / "answer.json")
    assert run(["tenant", "invite", "hospital-a", "--output", invitation, "--offline", "--registry", folder]) == 0
    assert stat.S_IMODE(Path(invitation).stat().st_mode) == 0o600
    told = json.loads(Path(invitation).read_text())
    assert (told["superlink"], told["enrolment"]) == ("localhost:9092", None)
    token = told["token"]
    assert token not in capsys.readouterr().out
    assert run(["client", "join", invitation, home, "--purpose", "tumours"]) == 2
    assert "--offline" in capsys.readouterr().err
    assert run(["client", "join", invitation, home, "--purpose", "tumours", "--offline"]) == 0
    assert run(["tenant", "enrol", f"{home}/joining.json", "--output", answer, "--registry", folder]) == 0
    assert run(["client", "install", answer, home]) == 0
    assert run(["tenant", "enrol", f"{home}/joining.json", "--output", answer, "--registry", folder]) == 2
    assert run(["client", "renew", home]) == 2
    assert run(["client", "renew", home, "--offline"]) == 0
    assert run(["tenant", "enrol", f"{home}/renewal.json", "--output", answer, "--registry", folder]) == 0
    assert run(["client", "install", answer, home]) == 0
    capsys.readouterr()
    assert run(["tenant", "invitations", "--format", "json", "--registry", folder]) == 0
    (view,) = json.loads(capsys.readouterr().out)
    assert (view["tenant"], view["status"]) == ("hospital-a", "used")
    assert run(["tenant", "withdraw", view["id"], "--registry", folder]) == 2
    assert audit.verify(operator, operator.operator).verified


def test_the_commands_join_and_renew_over_the_listener(listen, operator: Registry, tmp_path: Path) -> None:
    folder, home, invitation = str(operator.path.parent), str(tmp_path / "a"), str(tmp_path / "a.invitation")
    given = ["--output", invitation, "--enrolment", listen(), "--registry", folder]
    assert run(["tenant", "invite", "hospital-a", *given]) == 0
    assert run(["client", "join", invitation, home, "--purpose", "tumours"]) == 0
    assert run(["client", "renew", home]) == 0
    assert run(["tenant", "invite", "hospital-a", *given]) == 2
    assert run(["client", "join", str(tmp_path / "nowhere"), home]) == 2
