"""One SuperLink for all tests of this room: real TLS on loopback, Flower's own app and state, scripted nodes as tenants."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict
from flwr.supercore.inflatable.inflatable_object import get_all_nested_objects, get_object_tree, iterate_object_tree
from flwr.supercore.inflatable.inflatable_utils import inflate_object_from_contents

from flowstate_flower.superlink.accounts import AccountBook, Role
from flowstate_flower.superlink.composition import Places
from flowstate_flower.superlink.control import Control, built_app
from flowstate_flower.superlink.document import Address, Limits, SuperlinkDocument
from flowstate_flower.superlink.events import Event, Kind
from flowstate_flower.superlink.internals import become_server
from flowstate_flower.superlink.scripted import ScriptedNode, named, node_tls
from flowstate_flower.superlink.server import Federation, SuperLink

DOMAIN, DAY = "federation.example", datetime.timedelta(days=1)
APP = Path(__file__).parents[2] / "simulations" / "apps" / "federation"


class Authority:
    """A throwaway CA that signs whatever it is asked to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.ca = folder / "ca.crt"
        builder = self._builder(self.name, self.key.public_key(), DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.ca.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, uri: str, *, lifetime: datetime.timedelta = DAY, server: bool = False) -> tuple[Path, Path, int]:
        """A certificate, its key, and its serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
        if server:
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), lifetime)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        made = builder.sign(self.key, hashes.SHA256())
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        secret.chmod(0o600)
        return certificate, secret, made.serial_number

    def _builder(self, subject: x509.Name, key: Any, lifetime: datetime.timedelta) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - 2 * DAY).not_valid_after(now + lifetime)


@dataclass
class People:
    """Who is a tenant, who is active, who agreed to which of Flower's runs, and whose certificate was taken back."""

    keys: dict[str, str] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    runs: dict[int, set[str]] = field(default_factory=dict)
    most: int | None = None
    revoked: set[int] = field(default_factory=set)
    is_readable: bool = True
    is_there: bool = True

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        return {key: self.keys[key] for key in node_keys if key in self.keys}

    def active(self, tenants: Collection[str]) -> Collection[str]:
        if not self.is_there:
            raise OSError("the registry is gone")
        return {tenant for tenant in tenants if tenant in self.keys.values() and tenant not in self.suspended}

    def members(self, flower_run: int, tenants: Collection[str]) -> Collection[str] | None:
        found = self.runs.get(flower_run)
        return None if found is None else found & set(tenants) - self.suspended

    def most_nodes(self, tenant: str) -> int | None:
        return self.most

    def is_revoked(self, serial: int) -> bool:
        if not self.is_readable:
            raise OSError("the list is not readable")
        return serial in self.revoked


class Harness:
    """The server, its people and its certificates."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.people = Authority(folder / "authority"), People()
        self.events: list[Event] = []
        places = Places(folder / "superlink", self.authority.ca)
        places.folder.mkdir(mode=0o700)
        certificate, key, _ = self.authority.issue("superlink", f"spiffe://{DOMAIN}/superlink", server=True)
        certificate.replace(places.certificate)
        key.replace(places.key)
        book = AccountBook(places.accounts)
        self.tokens = {role: book.add(role.value, role) for role in Role}
        self.limits = Limits(idle_seconds=1.0, object_bytes=256 * 1024, message_bytes=64 * 1024, connections=8)
        document = SuperlinkDocument(tenants=Address(port=_free()), operators=Address(port=_free()), limits=self.limits)
        federation = Federation(DOMAIN, self.people, self.people, self.events.extend)
        self.server = SuperLink(places, document, federation, launches=False)
        self.places = places
        self.tenants, self.operators = str(document.tenants), str(document.operators)
        self._names, self.app = 0, APP

    def start(self) -> None:
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        self.until(lambda: self.server.is_up)

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    @staticmethod
    def reply(message: Message, value: float = 2.0) -> Message:
        """An answer to a message."""
        content = RecordDict({"arrays": arrays(value), "metrics": MetricRecord({"num-examples": 1})})
        return Message(content, reply_to=message)

    @staticmethod
    def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for something that will be so."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it never came to be"
            time.sleep(0.02)

    def tenant(self) -> "Tenant":
        """A new tenant with a certificate, a node key, and everything in order."""
        self._names += 1
        name, key = f"tenant-{self._names}", ec.generate_private_key(ec.SECP384R1())
        certificate, secret, serial = self.authority.issue(name, f"spiffe://{DOMAIN}/tenant/{name}")
        made = Tenant(name, key, certificate, secret, serial, self)
        self.people.keys[made.node().public_key.hex()] = name
        return made

    def book(self) -> AccountBook:
        return AccountBook(self.places.accounts)

    def control(self, role: Role = Role.ADMIN) -> Control:
        return Control(self.operators, self.authority.ca, self.tokens[role])

    def run(self, *tenants: "Tenant", app: Path = APP) -> int:
        """A run of Flower's that these tenants agreed to."""
        with self.control() as control:
            run_id = control.start(built_app(app))
        self.people.runs[run_id] = {tenant.name for tenant in tenants}
        state = self.server.state_factory.state()
        task = state.get_run_info(run_ids=[run_id])[0].primary_task_id
        state.claim_task(task)
        state.activate_task(task)
        return run_id

    def ask(self, run_id: int, *nodes: ScriptedNode) -> list[str]:
        """Send each node a message, as a ServerApp does. Returns their ids, '' for what was not accepted."""
        become_server(run_id)
        return [self.send(run_id, Message(RecordDict({"arrays": arrays(1.0)}), node.node_id, "train")) for node in nodes]

    def send(self, run_id: int, message: Message) -> str:
        """Send a message, as the ServerApp of `run_id` does. Returns its id, '' where it was not accepted."""
        named(message)
        state = self.server.state_factory.state()
        stored, wanted = state.store_message_and_object_tree(message, get_object_tree(message), state.start_session(run_id))
        parts = get_all_nested_objects(message)
        for part in wanted:
            state.object_store.put(part, parts[part].deflate())
        return message.metadata.message_id if stored else ""

    def keep_alive(self, run_id: int) -> None:
        """The run's ServerApp is still there."""
        state = self.server.state_factory.state()
        state.acknowledge_task_heartbeat(state.get_run_info(run_ids=[run_id])[0].primary_task_id)

    def replies(self, run_id: int, ids: Sequence[str]) -> list[Message]:
        """What Flower would give the ServerApp for these."""
        return self.server.state_factory.state().get_message_res(set(ids), run_id)

    def whole(self, reply: Message) -> Any:
        """A reply with its content, as Flower puts it together for the ServerApp; None until all of it is there."""
        store, name = self.server.state_factory.state().object_store, reply.metadata.message_id
        parts = {part.object_id: store.get(part.object_id) for part in iterate_object_tree(store.get_object_tree(name))}
        return inflate_object_from_contents(name, parts) if all(parts.values()) else None

    def status(self, call: Callable[[], Any]) -> int:
        """The status with which the server refuses a call, 0 where it hangs up."""
        with pytest.raises((httpx.HTTPStatusError, httpx.TransportError)) as refusal:
            call()
        return refusal.value.response.status_code if isinstance(refusal.value, httpx.HTTPStatusError) else 0

    named = staticmethod(named)

    def wire(self, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection of which the handshake is over."""
        host, port = self.tenants.split(":")
        return tls.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=host)

    def answered(self, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection on which one request was answered, and which stays open for the next."""
        wire = self.wire(tls)
        wire.sendall(b"POST /v1/fleet/get-run HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
        assert wire.recv(4096).startswith(b"HTTP/1.1 415")
        return wire

    @staticmethod
    def ends(wire: ssl.SSLSocket) -> bool:
        """Whether the other end hangs up, politely or not. Raises `TimeoutError` where it does not."""
        try:
            while wire.recv(4096):
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        return True

    def counted(self, kind: Kind, tenant: str | None = None) -> int:
        """How many of them were handed to the record, once what is counted was handed on."""
        self.server.tally.flush()
        return sum(event.count for event in self.events if event.kind == kind and event.tenant == tenant)


@dataclass
class Tenant:
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: Path
    secret: Path
    serial: int
    harness: Harness

    def tls(self) -> ssl.SSLContext:
        return node_tls(self.harness.authority.ca, self.certificate, self.secret)

    def node(self, key: ec.EllipticCurvePrivateKey | None = None) -> ScriptedNode:
        """A node of the tenant's, not active yet; with another's key where that is the lie."""
        return ScriptedNode(self.harness.tenants, key or self.key, self.tls())

    def active(self) -> ScriptedNode:
        node = self.node()
        node.activate()
        return node


def arrays(value: float) -> ArrayRecord:
    return ArrayRecord({"w": Array(np.full(3, value, np.float32))})


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    made = Harness(tmp_path_factory.mktemp("superlink"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def tenant(harness: Harness) -> Tenant:
    return harness.tenant()
