"""The federation's own certificates: a root, an issuer, short-lived leaves, and the list of those that hold no more."""

from flowstate_flower.pki.authority import Authority, Revoked
from flowstate_flower.pki.certificates import BadRequest, checked_request, fingerprint, new_request, serial_of
from flowstate_flower.pki.chains import BadChain, verify
from flowstate_flower.pki.names import Party, Role, party_of, tenant_of
from flowstate_flower.pki.revocations import Revocations, UnreadableList

__all__ = [
    "Authority",
    "BadChain",
    "BadRequest",
    "Party",
    "Revocations",
    "Revoked",
    "Role",
    "UnreadableList",
    "checked_request",
    "fingerprint",
    "new_request",
    "party_of",
    "serial_of",
    "tenant_of",
    "verify",
]
