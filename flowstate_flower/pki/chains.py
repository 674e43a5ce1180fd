"""Whether a chain of certificates leads to a root, as RFC 5280 says it: for what is not checked by TLS itself."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from flowstate_flower.errors import BadInput

MOST_ABOVE = 4


class BadChain(BadInput):
    """Certificates that do not lead to the root, or not now."""


def verify(chain: Sequence[x509.Certificate], root: x509.Certificate, at: datetime) -> None:
    """Raise `BadChain` unless `chain`, a certificate and those above it in order, leads to `root` and holds at `at`.

    Every one is signed by the next, may sign what it signed, is as deep as those above let it be, and is within its time. What
    the certificate may be used for is not looked at.
    """
    if not 1 <= len(chain) <= MOST_ABOVE:
        raise BadChain(f"a chain of {len(chain)} certificates", hint="the certificate, and its issuer")
    below = chain[:-1] if len(chain) > 1 and chain[-1] == root else chain
    for certificate in (*below, root):
        _within_its_time(certificate, at)
    for depth, (certificate, authority) in enumerate(zip(below, [*below[1:], root], strict=True)):
        _may_sign(authority, depth)
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature) as error:
            who = certificate.subject.rfc4514_string()
            raise BadChain(f"{who} was not issued by {authority.subject.rfc4514_string()}", hint="another root?") from error


def _within_its_time(certificate: x509.Certificate, at: datetime) -> None:
    who = certificate.subject.rfc4514_string()
    if at < certificate.not_valid_before_utc:
        raise BadChain(f"{who} holds from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on", hint="check the clock")
    if at > certificate.not_valid_after_utc:
        raise BadChain(f"{who} ended at {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC", hint="renew it")


def _may_sign(authority: x509.Certificate, below: int) -> None:
    """`below` counts the authorities between this one and the leaf."""
    who = authority.subject.rfc4514_string()
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise BadChain(f"{who} does not say that it is an authority", hint="another root?") from error
    if not constraints.ca or not usage.key_cert_sign:
        raise BadChain(f"{who} is no authority", hint="a leaf signs no certificates")
    if constraints.path_length is not None and below > constraints.path_length:
        raise BadChain(f"{who} lets {constraints.path_length} authorities stand below it, not {below}", hint="another root?")
