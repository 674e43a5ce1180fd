"""An authority issues leaves for names that it gives itself, to whoever proves a key, and a new issuer touches nobody."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flowstate_flower.errors import BadInput
from flowstate_flower.pki import (
    Authority,
    BadChain,
    BadRequest,
    Party,
    Role,
    checked_request,
    fingerprint,
    new_request,
    party_of,
    serial_of,
    tenant_of,
    verify,
)
from flowstate_flower.pki.authority import OwnRoot
from flowstate_flower.pki.certificates import root_certificate
from flowstate_flower.pki.files import pem, read_certificates, read_key, replace

A = Party("example.org", Role.TENANT, "hospital-a")


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def test_keys_are_their_owners_alone_and_certificates_everybodys(authority: Authority) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.folder.iterdir()}
    assert modes["root.key"] == modes["issuer.key"] == 0o600
    assert modes["root.crt"] == modes["issuer.crt"] == modes["crl.pem"] == 0o644
    assert stat.S_IMODE(authority.folder.stat().st_mode) == 0o700
    (authority.folder / "issuer.key").chmod(0o644)
    with pytest.raises(BadInput, match="can be read by others"):
        read_key(authority.folder / "issuer.key")


def test_a_leaf_says_whom_it_is_for_and_for_what(issued, authority: Authority, now) -> None:
    tenant, server = issued("tenant/hospital-a"), issued("superlink", hosts=("fl.example.org", "127.0.0.1", "::1"))
    assert party_of(tenant, "example.org") == A
    assert tenant_of(tenant, "example.org") == "hospital-a"
    assert tenant_of(tenant, "example.com") is tenant_of(server, "example.org") is None
    assert list(extension(tenant, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert list(extension(server, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extension(server, x509.SubjectAlternativeName).get_values_for_type(x509.DNSName) == ["fl.example.org"]
    for leaf in (tenant, server):
        assert not extension(leaf, x509.BasicConstraints).ca
        usage = extension(leaf, x509.KeyUsage)
        assert usage.digital_signature
        assert not usage.key_cert_sign
        verify([leaf, authority.issuer], authority.root, now)
    assert tenant.serial_number.bit_length() > 128
    assert tenant.serial_number != server.serial_number


@pytest.mark.parametrize("path", ["", "tenant", "tenant/", "tenant/a/b", "superlink/", "superlink/x", "king/a", "tenant/a b"])
def test_a_name_that_names_nobody_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="names nobody"):
        Party.parse("example.org", path)


@pytest.mark.parametrize("domain", ["", "Example.org", "a b", "-a", "a/b"])
def test_a_trust_domain_is_a_domain(domain: str) -> None:
    with pytest.raises(BadInput, match="trust domain"):
        Party.parse(domain, "superlink")


def request(*extensions: x509.ExtensionType, key=None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    for one in extensions:
        built = built.add_extension(one, critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def names(*uris: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])


def test_a_request_gives_its_key_and_nothing_else() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    assert checked_request(new_request(key, "anything"), A) == key.public_key()
    assert checked_request(request(names(A.uri), key=key), A) == key.public_key()


ATTACKS = {
    "an authority": (request(x509.BasicConstraints(ca=True, path_length=0)), "authority's certificate"),
    "another tenant": (request(names("spiffe://example.org/tenant/hospital-b")), "names somebody else"),
    "two tenants": (request(names(A.uri, "spiffe://example.org/superlink")), "names somebody else"),
    "RSA": (request(key=rsa.generate_private_key(65537, 2048)), "of another kind"),
    "another curve": (request(key=ec.generate_private_key(ec.SECP521R1())), "of another kind"),
    "no PEM": (b"-----BEGIN nonsense", "not a certificate signing request"),
    "too much": (b"x" * 5000, "at most 4096"),
}


@pytest.mark.parametrize(("data", "complaint"), ATTACKS.values(), ids=ATTACKS)
def test_a_request_for_more_than_a_leaf_of_ones_own_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        checked_request(data, A)


def test_a_request_for_somebody_elses_key_is_refused() -> None:
    """The key of one request in the frame of another: the signature does not hold."""
    mine, theirs = (x509.load_pem_x509_csr(request()) for _ in range(2))
    spki = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    der = mine.public_bytes(serialization.Encoding.DER)
    forged = der.replace(mine.public_key().public_bytes(*spki), theirs.public_key().public_bytes(*spki))
    data = x509.load_der_x509_csr(forged).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(BadRequest, match="not signed with the key"):
        checked_request(data, A)


def test_a_new_issuer_touches_nobody(authority: Authority, issued, now) -> None:
    """Leaves of before and of after lead to the root that everybody has, and no file but the issuer's own has changed."""
    before = issued("tenant/hospital-a")
    files = {p.name: p.read_bytes() for p in authority.folder.iterdir() if p.is_file()}
    later = now + timedelta(days=300)
    rotated = Authority.rotate(authority.folder, read_key(authority.folder / "root.key"), later)
    after = rotated.issue(ec.generate_private_key(ec.SECP256R1()).public_key(), A, later, lasts=timedelta(hours=1))
    assert rotated.issuer != authority.issuer
    assert rotated.domain == authority.domain
    verify([before, authority.issuer], authority.root, now)
    verify([after, rotated.issuer], authority.root, later)
    with pytest.raises(BadChain, match="was not issued by"):
        verify([after, authority.issuer], authority.root, later)
    changed = {p.name for p in authority.folder.iterdir() if p.is_file() and files.get(p.name) != p.read_bytes()}
    assert changed - {".lock"} == {"issuer.crt", "issuer.key"}
    assert Authority.open(authority.folder, later).issuer == rotated.issuer


def test_a_root_key_that_is_kept_elsewhere_is_not_needed_to_issue(authority: Authority, tmp_path: Path, now) -> None:
    (authority.folder / "root.key").rename(tmp_path / "safe.key")
    opened = Authority.open(authority.folder, now)
    opened.issue(ec.generate_private_key(ec.SECP256R1()).public_key(), A, now, lasts=timedelta(hours=1))
    with pytest.raises(BadInput, match="cannot read the key") as raised:
        read_key(authority.folder / "root.key")
    assert raised.value.hint == "is it kept elsewhere?"
    Authority.rotate(authority.folder, read_key(tmp_path / "safe.key"), now)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_an_operator_may_bring_a_root(tmp_path: Path, now, kind: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    root = root_certificate(key, "company.example", now)
    made = Authority.create(tmp_path / "pki", "fl.company.example", now, OwnRoot(root, key))
    assert not (tmp_path / "pki" / "root.key").exists()
    assert (made.domain, made.fingerprint) == ("fl.company.example", fingerprint(root))
    leaf = made.issue(
        ec.generate_private_key(ec.SECP256R1()).public_key(), Party(made.domain, Role.SUPERLINK), now, lasts=timedelta(1)
    )
    verify([leaf, made.issuer], root, now)


def test_a_root_that_cannot_stand_above_an_issuer_is_refused(authority: Authority, tmp_path: Path, now) -> None:
    key, other = read_key(authority.folder / "issuer.key"), ec.generate_private_key(ec.SECP384R1())
    for own, complaint in (
        (OwnRoot(authority.issuer, key), "is not a root"),
        (OwnRoot(authority.root, other), "not that of"),
        (OwnRoot(self_signed(other, path_length=0, now=now), other), "lets no issuer stand below it"),
        (OwnRoot(self_signed(other, path_length=None, now=now, ca=False), other), "is no authority"),
    ):
        with pytest.raises(BadInput, match=complaint):
            Authority.create(tmp_path / "new", "example.org", now, own)
        assert not (tmp_path / "new").exists()


def usage(*, ca: bool) -> x509.KeyUsage:
    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **dict.fromkeys(unused, False))


def self_signed(key, *, path_length, now, ca=True) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "company")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(7).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(4000))
    built = built.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    return built.add_extension(usage(ca=ca), critical=True).sign(key, hashes.SHA256())


def test_a_leaf_never_outlives_its_issuer(authority: Authority, now) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    for lasts in (timedelta(days=367), timedelta(0), timedelta(hours=-1)):
        with pytest.raises(BadInput, match="would not end before its issuer"):
            authority.issue(key, A, now, lasts=lasts)
    with pytest.raises(BadInput, match="of another trust domain"):
        authority.issue(key, Party("example.com", Role.TENANT, "a"), now, lasts=timedelta(1))


@pytest.mark.parametrize("days", [-1, 400])
def test_an_authority_is_not_opened_outside_its_time(authority: Authority, now, days: int) -> None:
    with pytest.raises(BadChain, match=r"ended at|holds from"):
        Authority.open(authority.folder, now + timedelta(days=days))


def test_an_authority_is_made_once_and_its_halves_belong_together(authority: Authority, tmp_path: Path, now) -> None:
    with pytest.raises(BadInput, match="cannot make"):
        Authority.create(authority.folder, "example.org", now)
    other = Authority.create(tmp_path / "other", "example.org", now)
    (other.folder / "issuer.key").rename(authority.folder / "issuer.key")
    with pytest.raises(BadInput, match="do not belong together"):
        Authority.open(authority.folder, now)


def test_a_chain_leads_to_this_root_now_or_it_does_not(authority: Authority, issued, tmp_path: Path, now) -> None:
    leaf, other = issued("tenant/hospital-a"), Authority.create(tmp_path / "other", "example.org", now)
    verify([leaf, authority.issuer, authority.root], authority.root, now)
    with pytest.raises(BadChain, match="was not issued by"):
        verify([leaf, authority.issuer], other.root, now)
    with pytest.raises(BadChain, match="was not issued by"):
        verify([leaf, other.issuer], other.root, now)
    with pytest.raises(BadChain, match="ended at"):
        verify([leaf, authority.issuer], authority.root, now + timedelta(hours=25))
    with pytest.raises(BadChain, match="holds from"):
        verify([leaf, authority.issuer], authority.root, now - timedelta(hours=1))
    for chain in ([], [leaf] * 9):
        with pytest.raises(BadChain, match="a chain of"):
            verify(chain, authority.root, now)


def test_a_leaf_signs_nothing(authority: Authority, now) -> None:
    """Somebody with a leaf makes another leaf with it, and an issuer makes an issuer."""
    key, below = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
    leaf = authority.issue(key.public_key(), A, now, lasts=timedelta(hours=1))
    forged = signed_by(leaf, key, below.public_key(), now, ca=False)
    with pytest.raises(BadChain, match="is no authority"):
        verify([forged, leaf, authority.issuer], authority.root, now)
    rogue = signed_by(authority.issuer, read_key(authority.folder / "issuer.key"), key.public_key(), now, ca=True)
    forged = signed_by(rogue, key, below.public_key(), now, ca=False)
    with pytest.raises(BadChain, match="lets 0 authorities stand below it, not 1"):
        verify([forged, rogue, authority.issuer], authority.root, now)


def signed_by(authority: x509.Certificate, key, public_key, now, *, ca: bool) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"forged {ca}")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(authority.subject).public_key(public_key)
    built = built.serial_number(8).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    built = built.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return built.add_extension(usage(ca=ca), critical=True).sign(key, hashes.SHA256())


def test_what_is_written_is_whole_and_what_was_issued_is_kept(authority: Authority, issued) -> None:
    leaf = issued("tenant/hospital-a")
    authority.keep(leaf)
    assert read_certificates(authority.folder / "issued" / f"{serial_of(leaf)}.pem") == [leaf]
    assert x509.load_pem_x509_certificates(authority.chain(leaf)) == [leaf, authority.issuer]
    replace(authority.folder / "issued" / "x.pem", pem([leaf]))
    assert {path.name for path in (authority.folder / "issued").iterdir()} == {"x.pem", f"{serial_of(leaf)}.pem"}
