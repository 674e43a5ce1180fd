"""A whole deployment on one machine, to try: an operator, its SuperLink, and tenants that joined by invitation, in one folder.

All is as it would be on several machines, certificates, signatures and walls too, but for one thing: one person holds all
keys. What is there is kept, so that bringing it up again goes on where it was.
"""

import fcntl
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flowstate_flower import wiring
from flowstate_flower.deployment import admitting, certification, exchange, issuing, joining
from flowstate_flower.deployment.processes import Service, flower_environment, free_ports
from flowstate_flower.deployment.reach import is_listening
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, consents
from flowstate_flower.registry.places import DATABASE_FILE
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.superlink.accounts import ACCOUNTS_FILE, AccountBook, Role, write_secret
from flowstate_flower.superlink.document import SETTINGS_FILE, SuperlinkDocument, read_document

NAMES = tuple(f"hospital-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
PURPOSE, DOMAIN, ACCOUNT = "digit-recognition", "poc.flowstate.invalid", "operator"
TASK = "flowstate_flower.deployment.digits:task"
BUDGET = (8.0, 1e-5)
READY_SECONDS, JOIN_WITHIN = 120.0, timedelta(hours=1)
FLOWSTATE = (sys.executable, "-c", "from flowstate_flower.cli.main import main; main()")
"""This command line, whatever is first on the path."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class State:
    """A service, the number of its process, None where it does not run, and the last that it said."""

    service: str
    pid: int | None
    last: str


@dataclass(frozen=True, slots=True)
class Poc:
    """The folder of a deployment to try."""

    folder: Path

    @property
    def operator(self) -> Path:
        """The operator's folder: what `--registry` takes."""
        return self.folder / "operator"

    def home(self, tenant: str) -> Path:
        """A tenant's home."""
        return self.folder / "tenants" / tenant

    @property
    def tenants(self) -> list[str]:
        """Those that joined, in order."""
        return sorted(path.parent.parent.name for path in (self.folder / "tenants").glob("*/pki/client.pem"))

    @property
    def services(self) -> list[Service]:
        """The SuperLink first, then each tenant's client."""
        return [self._service(name) for name in ("superlink", *self.tenants)]

    def up(self, count: int, say: Say) -> None:
        """Make what is missing and start what does not run. Raises `FlowstateError`; what was made until then is kept."""
        if not 1 <= count <= len(NAMES):
            raise BadInput(f"{count} tenants", hint=f"from 1 to {len(NAMES)}")
        for folder in (self.folder, self.folder / "tenants", self.folder / "services"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            document = self._operator(say)
            self._superlink(document, say)
            for name in NAMES[:count]:
                self._joined(name, document, say)
            for name in self.tenants:
                self._client(name, say)

    def states(self) -> list[State]:
        """How each service is. Raises `BadInput` where nothing was brought up."""
        self._check_is_there()
        found = [(service, service.process()) for service in self.services]
        return [State(service.name, process.pid if process else None, service.last_words()) for service, process in found]

    def down(self, say: Say) -> None:
        """End all services, clients first; what is recorded stays. Raises `BadInput` where there is no such folder."""
        self._check_is_there()
        with self._alone():
            for service in reversed(self.services):
                if service.stop():
                    say(f"{service.name} is down")

    def _check_is_there(self) -> None:
        if not (self.folder / "services").is_dir():
            raise BadInput(f"nothing was brought up in {self.folder}", hint="flowstate poc up")

    def _operator(self, say: Say) -> SuperlinkDocument:
        """Registry, authority, certificate, ports and account, as far as they are not there. Returns the server's settings."""
        if not (self.operator / DATABASE_FILE).exists():
            Registry.create(self.operator).close()
            say(f"registry: {self.operator}")
        with closing(Registry.open(self.operator, to_write=True)) as registry:
            if not certification.pki_folder(registry).is_dir():
                certification.make_authority(registry, DOMAIN)
                say(f"authority: {certification.pki_folder(registry)}")
            if not (self.operator / issuing.SERVER / issuing.SERVER_CERTIFICATE).exists():
                issuing.issue(registry, issuing.Order(issuing.SERVER), actor=OPERATOR)
        if not (self.operator / SETTINGS_FILE).exists():
            (self.operator / SETTINGS_FILE).write_text(_settings(*free_ports(3)), encoding="utf-8")
        book = AccountBook(self.operator / issuing.SERVER / ACCOUNTS_FILE)
        if book.named(ACCOUNT) is None:
            token = book.path.parent / f"{ACCOUNT}.token"
            token.unlink(missing_ok=True)
            write_secret(token, book.add(ACCOUNT, Role.ADMIN) + "\n")
        return read_document(self.operator)

    def _superlink(self, document: SuperlinkDocument, say: Say) -> None:
        service, tenants_at, operators_at = self._service("superlink"), document.tenants, document.operators
        if service.process() is None:
            environment = flower_environment(self.operator / issuing.SERVER) | {"FLOWSTATE_REGISTRY": str(self.operator)}
            service.start([*FLOWSTATE, "superlink", "--registry", str(self.operator)], environment)
        listeners = [address for address in (tenants_at, operators_at, document.enrolment) if address]
        service.wait(lambda: all(is_listening(address.host, address.port) for address in listeners), READY_SECONDS)
        say(f"superlink: tenants at {tenants_at}, operators at {operators_at}")

    def _joined(self, name: str, document: SuperlinkDocument, say: Say) -> None:
        """Let a tenant in that is not: an invitation, its own keys, and its own consent."""
        home = self.home(name)
        with closing(Registry.open(self.operator, to_write=True)) as registry:
            if not (home / joining.PKI / joining.CERTIFICATE).exists():
                where = admitting.Whereabouts(str(document.tenants), str(document.enrolment))
                invitation = admitting.invite(registry, name, where, JOIN_WITHIN, actor=OPERATOR)
                exchange.write_file(self.folder / f"{name}.invitation", invitation)
                joining.join(home, invitation, joining.Wishes((PURPOSE,), BUDGET))
                (self.folder / f"{name}.invitation").unlink()
                say(f"{name} has joined: {home}")
            if (name, PURPOSE) not in {(consent.tenant, consent.purpose) for consent in consents.listed(registry)}:
                consents.accept(registry, wiring.open_voice(home).consent(PURPOSE))

    def _client(self, name: str, say: Say) -> None:
        service, home = self._service(name), self.home(name)
        if service.process() is None:
            service.log.unlink(missing_ok=True)
            superlink = joining.read_federation(home).superlink
            command = [*FLOWSTATE, "client", "up", str(home), "--task", TASK, "--superlink", superlink]
            service.start(command, flower_environment(home))
        service.wait(lambda: "training:" in service.log.read_text(encoding="utf-8", errors="replace"), READY_SECONDS)
        say(f"{name}: its client is up")

    def _service(self, name: str) -> Service:
        return Service(name, self.folder / "services")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two that bring it up at once do it one after the other."""
        with (self.folder / "services" / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _settings(tenants_port: int, operators_port: int, enrolment_port: int) -> str:
    ports = {"tenants": tenants_port, "operators": operators_port, "enrolment": enrolment_port}
    return "\n".join(f"[{name}]\nport = {json.dumps(port)}\n" for name, port in ports.items())
