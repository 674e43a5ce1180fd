"""A tenant's home whose key, ledger and record of refusals are in the signer's process: `TenantHome` over its socket."""

import socket
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower.clients.home import NO_METRICS, Charge, Metrics
from flowstate_flower.clients.policy import Declined, TenantPolicy
from flowstate_flower.clients.signer import wire
from flowstate_flower.clients.updates import UpdateStore
from flowstate_flower.errors import RunImpossible
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import PrivacyClaim
from flowstate_flower.trust.terms import Frozen, Terms

SIGNER_HINT = "flowstate client up starts it, and its log is in the home"


@dataclass(frozen=True, slots=True)
class RemoteHome:
    """`TenantHome` behind the socket at `path`. Whatever fails there is `RunImpossible` here, without a detail."""

    path: Path
    policy: TenantPolicy
    updates: UpdateStore | None

    @classmethod
    def open(cls, path: Path) -> "RemoteHome":
        """The home of the signer that listens at `path`. Raises `RunImpossible` where none does."""
        said = _asked(path, wire.Hello())
        if said.policy is None:
            raise RunImpossible("the signer does not say what the policy is", hint=SIGNER_HINT)
        return cls(path, said.policy, UpdateStore(Path(said.updates)) if said.updates else None)

    def reserve(self, terms: Terms, charge: Charge) -> PrivacyClaim | None:
        """See `TenantHome`."""
        return _asked(self.path, wire.Reserve(terms=terms, charge=wire.ChargeMessage.of(charge))).claim

    def abandon(self, terms: Terms) -> None:
        """See `TenantHome`."""
        _asked(self.path, wire.Abandon(terms=terms))

    def settle(self, terms: Terms) -> None:
        """See `TenantHome`."""
        _asked(self.path, wire.Settle(terms=terms))

    def sign_update(self, terms: Terms, update: str, examples: int, metrics: Metrics = NO_METRICS) -> Envelope:
        """See `TenantHome`."""
        return self._signed(wire.SignUpdate(terms=terms, update=update, examples=examples, metrics=dict(metrics)))

    def sign_refusal(self, run: str, round_number: int, nonce: str, no: Declined) -> Envelope:
        """See `TenantHome`."""
        detail = str(no)[:300]
        return self._signed(wire.SignRefusal(run=run, round=round_number, nonce=nonce, reason=no.reason, detail=detail))

    def sign_presence(self, node: int, nonce: str) -> Envelope:
        """See `TenantHome`."""
        return self._signed(wire.SignPresence(node=node, nonce=nonce))

    def _signed(self, request: Frozen) -> Envelope:
        said = _asked(self.path, request)
        if said.envelope is None:
            raise RunImpossible("the signer did not sign", hint=SIGNER_HINT)
        return Envelope.parse(said.envelope.encode())


def judge_app(signer: Path, app: str) -> None:
    """Raise `Declined` unless the policy of the signer at this path, as it is now, allows the app with this digest."""
    _asked(signer, wire.JudgeApp(app=app))


def _asked(path: Path, request: Frozen) -> wire.Reply:
    """The signer's reply. Raises `Declined` where it declines, `RunImpossible` where it fails or is not there."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(wire.SECONDS)
            connection.connect(str(path))
            wire.sent(connection, request)
            reply = wire.reply_in(wire.line_of(connection))
    except OSError as error:
        raise RunImpossible("the signer cannot be reached", hint=SIGNER_HINT) from error
    if reply.declined is not None:
        raise Declined(reply.declined, reply.detail)
    if reply.failed is not None:
        raise RunImpossible(reply.failed, hint=SIGNER_HINT)
    return reply
