"""The signer's side of its socket: who asks is looked at, what is asked is judged by the policy once more, then it is signed.

Code that trains may be somebody else's. It gets here what the tenant's policy and budget allow it. Its number of examples and
its noise are believed: nobody but the training itself can know them.
"""

import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from flowstate_flower.clients.folder_home import FolderHome, privacy_of
from flowstate_flower.clients.home import Charge
from flowstate_flower.clients.policy import Declined, TenantPolicy, check, check_app, check_privacy, check_request
from flowstate_flower.clients.signer import wire
from flowstate_flower.clients.spending import charge_of
from flowstate_flower.errors import BadInput, FlowstateError
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import Terms

log = logging.getLogger(__name__)
MOST_AT_ONCE, BACKLOG = 16, 64
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: see unix(7)
OpenHome = Callable[[], AbstractContextManager[FolderHome]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Serves the home that `open_home` opens, anew for each request, to processes of `users` (their numbers) alone.

    Charges that are not what the terms come to are refused, unless the tenant `believes_declared` ones, as the mods need. With
    `apps_seen` whoever asks runs an app that the SuperNode has had judged; else a policy that lists apps allows nothing.
    """

    open_home: OpenHome
    users: Collection[int]
    believes_declared: bool = False
    apps_seen: bool = False

    def serve(self, listener: socket.socket) -> None:
        """Answer until `listener` is closed. What one connection does wrong, or how slow it is, is no other's trouble."""
        room = threading.BoundedSemaphore(MOST_AT_ONCE)
        while True:
            room.acquire()
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._attend, args=(connection, room), daemon=True).start()

    def answered(self, line: bytes) -> wire.Reply:
        """The reply to one request. Never raises for what was asked."""
        try:
            request = wire.request_in(line)
            with self.open_home() as home:
                if isinstance(request, wire.JudgeApp):
                    check_app(home.policy, request.app)
                    return wire.Reply()
                policy = home.policy.with_app_seen() if self.apps_seen else home.policy
                return self._done(replace(home, policy=policy, only_reserved=True), request)
        except Declined as no:
            return wire.Reply(declined=no.reason, detail=str(no)[:300])
        except FlowstateError as error:
            log.error("%s", error)
            return wire.Reply(failed="the signer could not do it: its own log says why")
        except Exception:
            log.exception("a request failed")
            return wire.Reply(failed="the signer failed: its own log says why")

    def _attend(self, connection: socket.socket, room: threading.BoundedSemaphore) -> None:
        try:
            with connection, suppress(OSError):
                connection.settimeout(wire.SECONDS)
                if (user := _user_of(connection)) not in self.users:
                    log.warning("user %d is not served", user)
                    return
                try:
                    line = wire.line_of(connection)
                except BadInput as error:
                    wire.sent(connection, wire.Reply(failed=str(error)))
                    return
                wire.sent(connection, self.answered(line))
        finally:
            room.release()

    def _done(self, home: FolderHome, request: wire.OfTraining) -> wire.Reply:
        match request:
            case wire.Hello():
                folder = home.updates.folder if home.updates else None
                return wire.Reply(policy=home.policy, updates=str(folder.absolute()) if folder else None)
            case wire.Reserve():
                charge = self._allowed(home.policy, request.terms, request.charge)
                return wire.Reply(claim=home.reserve(request.terms, charge))
            case wire.Abandon():
                home.abandon(request.terms)
                return wire.Reply()
            case wire.Settle():
                home.settle(request.terms)
                return wire.Reply()
            case _:
                return wire.Reply(envelope=_signed(home, request).to_bytes().decode())

    def _allowed(self, policy: TenantPolicy, terms: Terms, said: wire.ChargeMessage) -> Charge:
        """The charge, once the policy has been asked again: whoever asks may have forgotten to. Raises `Declined`."""
        check_request(policy, terms, datetime.now(UTC))
        charge = said.charge(policy.tenant, privacy_of(policy).delta)
        expected = None
        if terms.privacy is not None:
            check_privacy(policy.privacy, terms.privacy)
            expected = charge_of(policy, terms, said.data_set, said.units)
        if charge == expected:
            return charge
        if not self.believes_declared or charge.made is None or charge.made.unit != charge.account.unit or charge.metrics:
            raise Declined(Refused.BAD_TERMS, "the charge is not what the terms come to")
        check_privacy(policy.privacy, charge.made)
        return charge


def bound(path: Path, user: int | None = None) -> socket.socket:
    """A socket at `path` that `user`, or else our own, may connect to and nobody else. What a dead signer left there goes.

    Raises `BadInput` where it cannot be made, or a signer that lives listens there.
    """
    if _lives(path):
        raise BadInput(f"a signer listens at {path} already", hint="one for each home")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # from its first moment on it is its owner's alone
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        if user is not None:
            os.chown(path, user, -1)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        hint = "a path of at most 107 bytes, in a folder of your own"
        raise BadInput(f"cannot listen at {path}: {error.strerror or error}", hint=hint) from error
    finally:
        os.umask(before)
    return listener


def _lives(path: Path) -> bool:
    """Whether somebody answers at `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _signed(home: FolderHome, request: wire.SignUpdate | wire.SignRefusal | wire.SignPresence) -> Envelope:
    match request:
        case wire.SignUpdate():
            return _update(home, request)
        case wire.SignRefusal():
            no = Declined(request.reason, request.detail)
            return home.sign_refusal(request.run, request.round, request.nonce, no)
        case wire.SignPresence():
            return home.sign_presence(request.node, request.nonce)


def _update(home: FolderHome, request: wire.SignUpdate) -> Envelope:
    """The policy is asked again, but for its hours: training began in time. Raises `Declined`."""
    policy, now = home.policy.model_copy(update={"hours": None}), datetime.now(UTC)
    if policy.privacy is None:
        check(policy, request.terms, now)
    else:
        check_request(policy, request.terms, now)
    return home.sign_update(request.terms, request.update, request.examples, request.metrics)


def _user_of(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return int(CREDENTIALS.unpack(credentials)[1])
