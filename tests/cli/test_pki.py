"""`flowstate pki`: an operator makes an authority, issues, revokes and replaces, and everything of it is in the registry."""

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower import wiring
from flowstate_flower.cli.main import run
from flowstate_flower.pki import Revocations, new_request, party_of, serial_of
from flowstate_flower.pki.certificates import root_certificate
from flowstate_flower.pki.files import pem, read_certificates, write_key
from flowstate_flower.registry import Registry, audit, certificates


@pytest.fixture
def folder(tmp_path: Path, voice) -> Path:
    registry = Registry.create(tmp_path / "operator")
    for name in ("a", "b"):
        wiring.admit(registry, voice(name).request())
    registry.close()
    assert run(["pki", "init", "--domain", "example.org", "--registry", str(tmp_path / "operator")]) == 0
    return tmp_path / "operator"


@pytest.fixture
def csr(tmp_path: Path) -> Path:
    path = tmp_path / "a.csr"
    path.write_bytes(new_request(ec.generate_private_key(ec.SECP256R1()), "whoever"))
    return path


def asked(folder: Path, *arguments: str) -> int:
    return run(["pki", *arguments, "--registry", str(folder)])


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "registry" not in p.name
    }


def test_the_superlink_gets_a_key_and_a_chain_that_tls_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(folder, "issue", "superlink", "--host", "fl.example.org", "--host", "10.0.0.7") == 0
    leaf, issuer = read_certificates(folder / "superlink" / "server.pem")
    assert party_of(leaf, "example.org").path == "superlink"
    assert issuer == read_certificates(folder / "pki" / "issuer.crt")[0]
    assert (folder / "superlink" / "server.key").stat().st_mode & 0o777 == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
        *(folder / "superlink" / n for n in ("server.pem", "server.key"))
    )
    assert asked(folder, "rotate", "superlink") == 0
    (renewed, _) = read_certificates(folder / "superlink" / "server.pem")
    names = renewed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["fl.example.org"]
    capsys.readouterr()
    assert asked(folder, "show", "--all", "--format", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [view["status"] for view in shown["certificates"]] == ["revoked", "standing"]
    assert shown["domain"] == "example.org"


def test_a_tenant_is_issued_revoked_and_replaced_and_no_file_of_anybody_else_changes(
    folder: Path, csr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(folder, "issue", "superlink") == 0
    assert asked(folder, "issue", "tenant/b", "--csr", str(csr), "--output", str(tmp_path / "b.pem")) == 0
    before, others = contents(folder), (tmp_path / "b.pem").read_bytes()
    assert asked(folder, "issue", "tenant/a", "--csr", str(csr), "--hours", "24", "--output", str(tmp_path / "a.pem")) == 0
    assert asked(folder, "rotate", "tenant/a", "--csr", str(csr), "--output", str(tmp_path / "a2.pem")) == 0
    (first, _), (second, _) = (read_certificates(tmp_path / name) for name in ("a.pem", "a2.pem"))
    after = contents(folder)
    assert {name for name in before if before[name] != after[name]} <= {"pki/crl.pem"}
    assert {name for name in after if name not in before} - {"pki/.lock"} == {
        f"pki/issued/{serial_of(c)}.pem" for c in (first, second)
    }
    assert (tmp_path / "b.pem").read_bytes() == others
    listed = Revocations(folder / "pki" / "crl.pem", read_certificates(folder / "pki" / "root.crt")[0])
    assert listed.is_revoked(first.serial_number)
    assert not listed.is_revoked(second.serial_number)
    assert asked(folder, "revoke", "--tenant", "a", "--reason", "laptop stolen") == 0
    assert listed.is_revoked(second.serial_number)
    registry = Registry.open(folder)
    assert {v.reason for v in certificates.listed(registry, tenant="a")} == {"replaced", "laptop stolen"}
    assert [v.status for v in certificates.listed(registry, tenant="b")] == ["standing"]
    assert audit.verify(registry, registry.operator).verified
    capsys.readouterr()
    assert asked(folder, "show", "--tenant", "b") == 0
    assert "spiffe://example.org/tenant/b" in capsys.readouterr().out


def test_what_was_recorded_and_not_published_is_published_by_the_next(folder: Path, csr: Path, tmp_path: Path) -> None:
    """Somebody pulled the plug between the row and the list."""
    assert asked(folder, "issue", "tenant/a", "--csr", str(csr), "--output", str(tmp_path / "a.pem")) == 0
    leaf = read_certificates(tmp_path / "a.pem")[0]
    registry = Registry.open(folder, to_write=True)
    certificates.revoked(registry, [serial_of(leaf)], "stolen", actor="operator")
    listed = Revocations(folder / "pki" / "crl.pem", read_certificates(folder / "pki" / "root.crt")[0])
    assert not listed.is_revoked(leaf.serial_number)
    assert asked(folder, "publish") == 0
    assert listed.is_revoked(leaf.serial_number)


def test_a_new_issuer_needs_the_root_key_and_changes_nothing_of_others(folder: Path, csr: Path, tmp_path: Path) -> None:
    assert asked(folder, "issue", "superlink") == 0
    (folder / "pki" / "root.key").rename(tmp_path / "safe.key")
    assert asked(folder, "rotate", "issuer") == 2
    before = contents(folder)
    assert asked(folder, "rotate", "issuer", "--root-key", str(tmp_path / "safe.key")) == 0
    after = contents(folder)
    changed = {name for name in after if before.get(name) != after[name]} - {"pki/.lock"}
    assert changed == {"pki/issuer.crt", "pki/issuer.key", "pki/crl.pem"}
    assert asked(folder, "issue", "tenant/a", "--csr", str(csr), "--output", str(tmp_path / "a.pem")) == 0


def test_an_operators_own_root_signs_the_issuer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Registry.create(tmp_path / "operator").close()
    key = ec.generate_private_key(ec.SECP384R1())
    root = root_certificate(key, "company.example", datetime.now(UTC))
    (tmp_path / "ca.crt").write_bytes(pem([root]))
    write_key(tmp_path / "ca.key", key)
    given = ["--ca-certificate", str(tmp_path / "ca.crt"), "--ca-key", str(tmp_path / "ca.key")]
    assert asked(tmp_path / "operator", "init", *given[:2]) == 2
    assert asked(tmp_path / "operator", "init", *given) == 0
    assert not (tmp_path / "operator" / "pki" / "root.key").exists()
    assert read_certificates(tmp_path / "operator" / "pki" / "root.crt") == [root]


MISTAKES = {
    "cannot make": ["init"],
    "makes its key itself": ["issue", "tenant/a"],
    "names nobody": ["issue", "king"],
    "unknown tenant 'c'": ["issue", "tenant/c", "--csr", "CSR"],
    "cannot read nowhere": ["issue", "tenant/a", "--csr", "nowhere"],
    "nobody connects to": ["issue", "tenant/a", "--csr", "CSR", "--host", "x"],
    "would not end before its issuer": ["issue", "tenant/a", "--csr", "CSR", "--hours", "90000"],
    "nothing to revoke": ["revoke"],
    "unknown tenant 'd'": ["revoke", "--tenant", "d"],
    "cannot read the key": ["rotate", "issuer", "--root-key", "nowhere"],
}


def test_a_mistake_is_one_line(folder: Path, csr: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    before = contents(folder)
    for complaint, arguments in MISTAKES.items():
        assert asked(folder, *[str(csr) if word == "CSR" else word for word in arguments]) == 2
        said = capsys.readouterr()
        assert complaint in said.err
        assert (said.out, "Traceback" in said.err) == ("", False)
    assert contents(folder) == before


def test_without_an_authority_the_way_to_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Registry.create(tmp_path / "operator").close()
    for command in (["issue", "superlink"], ["publish"], ["show"]):
        assert asked(tmp_path / "operator", *command) == 2
        assert "flowstate pki init" in capsys.readouterr().err
