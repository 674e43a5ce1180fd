"""What the federation's certificates look like (RFC 5280): a root, issuers below it that sign nothing but leaves, and leaves.

Of a certificate signing request only the public key is taken: whom a leaf names, for what and how long, is the authority's to
say. A request that asks to be an authority, or for another name, is refused all the same, because somebody meant it.
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flowstate_flower.errors import BadInput
from flowstate_flower.pki.files import PrivateKey
from flowstate_flower.pki.names import Party, Role, uris_of

CURVES = (ec.SECP256R1, ec.SECP384R1)
LARGEST_REQUEST = 4096
BACKDATED = timedelta(minutes=5)
"""For clocks that are behind."""
ROOT_LASTS, ISSUER_LASTS = timedelta(days=3653), timedelta(days=366)
USES = {
    Role.TENANT: ExtendedKeyUsageOID.CLIENT_AUTH,
    Role.OPERATOR: ExtendedKeyUsageOID.CLIENT_AUTH,
    Role.SUPERLINK: ExtendedKeyUsageOID.SERVER_AUTH,
}


class BadRequest(BadInput):
    """A certificate signing request that is not answered."""


def root_certificate(key: PrivateKey, domain: str, now: datetime) -> x509.Certificate:
    """A new root, which lets issuers stand between it and leaves, and nobody else."""
    name = _name(f"{domain} root", domain)
    built = _builder(name, name, key.public_key(), now, now + ROOT_LASTS)
    return _authority(built, path_length=1).sign(key, _hash_of(key))


def issuer_certificate(
    root: x509.Certificate, root_key: PrivateKey, public_key: ec.EllipticCurvePublicKey, domain: str, now: datetime
) -> x509.Certificate:
    """A new issuer, which signs leaves and revocation lists of `domain`. Raises `BadInput` where the root ends before it."""
    until = now + ISSUER_LASTS
    if until > root.not_valid_after_utc:
        raise BadInput(f"the root ends at {root.not_valid_after_utc:%Y-%m-%d}", hint="a new root, and new homes under it")
    name = _name(f"{domain} issuer {now:%Y-%m-%d}", domain)
    built = _builder(name, root.subject, public_key, now, until)
    built = built.add_extension(_names(f"spiffe://{domain}", ()), critical=False)
    built = built.add_extension(_issued_by(root), critical=False)
    return _authority(built, path_length=0).sign(root_key, _hash_of(root_key))


def leaf_certificate(
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    public_key: ec.EllipticCurvePublicKey,
    party: Party,
    hosts: Sequence[str],
    now: datetime,
    until: datetime,
) -> x509.Certificate:
    """A leaf for `party`, to be reached at `hosts`, for one use: a client's or a server's."""
    built = _builder(_name(party.name or str(party.role), party.domain), issuer.subject, public_key, now, until)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage(digital_signature=True), critical=True)
    built = built.add_extension(x509.ExtendedKeyUsage([USES[party.role]]), critical=False)
    built = built.add_extension(_names(party.uri, hosts), critical=False)
    return built.add_extension(_issued_by(issuer), critical=False).sign(issuer_key, hashes.SHA384())


def new_request(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """A certificate signing request in PEM, signed with the key that it is for. It never leaves its machine; this does."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA384())
    return request.public_bytes(serialization.Encoding.PEM)


def checked_request(data: bytes, party: Party) -> ec.EllipticCurvePublicKey:
    """The public key of a request in PEM that is for `party`. Raises `BadRequest`."""
    if len(data) > LARGEST_REQUEST:
        raise BadRequest(f"the request has {len(data)} bytes, at most {LARGEST_REQUEST} are read", hint="an EC key's is small")
    try:
        request = x509.load_pem_x509_csr(data)
        key, proven = request.public_key(), request.is_signature_valid
        constraints = [e.value for e in request.extensions if isinstance(e.value, x509.BasicConstraints)]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise BadRequest("not a certificate signing request in PEM", hint="flowstate client join makes one") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
        raise BadRequest("the request is for a key of another kind", hint="EC P-256 or P-384")
    if not proven:
        raise BadRequest("the request is not signed with the key that it is for", hint="whoever asks has to have the key")
    if any(found.ca for found in constraints):
        raise BadRequest("the request is for an authority's certificate", hint="leaves alone are issued")
    if any(uri != party.uri for uri in uris_of(request)):
        raise BadRequest(f"the request names somebody else than {party.uri}", hint="names are the authority's to give")
    return key


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate in hexadecimal: what people compare."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number in hexadecimal, as files, rows and commands have it."""
    return format(certificate.serial_number, "040x")


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: object, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)  # type: ignore[arg-type]
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - BACKDATED).not_valid_after(until)
    return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)  # type: ignore[arg-type]


def _authority(built: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return built.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _issued_by(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        known = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _names(uri: str, hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *(_host(host) for host in hosts)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        try:
            return x509.DNSName(text)
        except ValueError as error:
            raise BadInput(f"'{text}' is no host", hint="a name in ASCII, or an address") from error


def _name(common: str, domain: str) -> x509.Name:
    parts = (x509.NameAttribute(NameOID.ORGANIZATION_NAME, domain[:64]), x509.NameAttribute(NameOID.COMMON_NAME, common[:64]))
    return x509.Name(parts)


def _hash_of(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    return hashes.SHA384() if isinstance(key, ec.EllipticCurvePrivateKey) else hashes.SHA256()
