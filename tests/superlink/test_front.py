"""The server on a real registry and a real authority: what the registry says holds, and what was turned away is in it."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.pki import Authority, Party, Revoked, serial_of
from flowstate_flower.pki.files import replace, write_key
from flowstate_flower.registry import Registry, attempts, consents, rounds, server_events, tenants
from flowstate_flower.registry.server_events import EventKind
from flowstate_flower.superlink.document import Address, SuperlinkDocument
from flowstate_flower.superlink.events import Kind
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls
from flowstate_flower.wiring import admit, make_home, open_voice
from flowstate_flower.wiring.front import RegistryRoll, front

DOMAIN, LASTS = "federation.example", timedelta(hours=1)


class Operator:
    """A registry, its authority, and the server on both."""

    def __init__(self, folder: Path) -> None:
        self.folder, now = folder, datetime.now(UTC)
        Registry.create(folder).close()
        self.authority = Authority.create(folder / "pki", DOMAIN, now)
        (folder / "superlink").mkdir(mode=0o700)
        self._certify("superlink", folder / "superlink" / "server.pem", folder / "superlink" / "server.key", ("127.0.0.1",))
        self.registry = Registry.open(folder, to_write=True)
        self.document = SuperlinkDocument(tenants=Address(port=_free()), operators=Address(port=_free()))
        self.server = front(self.registry, self.document, launches=False)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        until(lambda: self.server.is_up)

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(20)
        self.registry.close()

    def tenant(self, name: str) -> tuple[ScriptedNode, str]:
        """A tenant with a home, a certificate and a node that is not active yet; and its certificate's serial."""
        home, key = self.folder / "homes" / name, ec.generate_private_key(ec.SECP384R1())
        make_home(home, TenantPolicy(tenant=name, purposes=("diabetes",), allow_without_privacy=True))
        serial = self._certify(f"tenant/{name}", home / "client.pem", home / "client.key")
        node = ScriptedNode(
            str(self.document.tenants),
            key,
            node_tls(self.folder / "pki" / "root.crt", home / "client.pem", home / "client.key"),
        )
        admit(self.registry, open_voice(home).request(nodes=(node.public_key.hex(),)))
        return node, serial

    def consent(self, name: str) -> None:
        consents.accept(self.registry, open_voice(self.folder / "homes" / name).consent("diabetes"))

    def run(self, name: str, flower_run: int) -> None:
        rounds.start_run(self.registry, rounds.RunPlan(name, "diabetes", "mean", 0, 3, "0" * 64))
        attempts.begin(self.registry, name, str(flower_run), 1)

    def counts(self, tenant: str) -> dict[str, int]:
        self.server.tally.flush()
        with self.registry.reading() as session:
            return server_events.counted(session).get(tenant, {})

    def _certify(self, path: str, certificate: Path, secret: Path, hosts: tuple[str, ...] = ()) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.authority.issue(key.public_key(), Party.parse(DOMAIN, path), datetime.now(UTC), lasts=LASTS, hosts=hosts)
        replace(certificate, self.authority.chain(leaf))
        write_key(secret, key)
        return serial_of(leaf)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    made = Operator(tmp_path_factory.mktemp("operator"))
    yield made
    made.stop()


def test_a_tenant_that_is_active_is_let_in_and_one_that_is_suspended_is_put_out(operator) -> None:
    node, _ = operator.tenant("lab-a")
    node.activate()
    assert node.asked() is None
    tenants.move(operator.registry, "lab-a", tenants.Status.SUSPENDED, actor="operator")
    until(lambda: operator.counts("lab-a").get(EventKind.SUSPENDED_TENANT, 0) > 0)
    with pytest.raises((httpx.HTTPStatusError, httpx.TransportError)):
        node.asked()
    assert operator.counts("lab-a")[EventKind.NODE_ACTIVATED] == 1


def test_who_is_on_the_operators_list_is_put_out(operator) -> None:
    node, serial = operator.tenant("lab-b")
    node.activate()
    operator.authority.publish(lambda: [Revoked(serial, datetime.now(UTC))], datetime.now(UTC))
    until(lambda: operator.counts("lab-b").get(EventKind.REVOKED_CERTIFICATE, 0) > 0)
    with pytest.raises((httpx.HTTPStatusError, httpx.TransportError)):
        node.asked()


def test_a_run_is_of_those_who_agreed_to_its_purpose_and_of_nobody_before_it_is_recorded(operator) -> None:
    operator.tenant("lab-c")
    operator.tenant("lab-d")
    operator.consent("lab-c")
    roll = RegistryRoll(operator.registry)
    assert roll.members(4711, ["lab-c", "lab-d"]) is None
    operator.run("r1", 4711)
    assert roll.members(4711, ["lab-c", "lab-d"]) == {"lab-c"}
    voice = open_voice(operator.folder / "homes" / "lab-c")
    consents.accept(operator.registry, voice.withdrawal("diabetes"))
    assert roll.members(4711, ["lab-c", "lab-d"]) == set()


def test_every_event_has_a_name_in_the_registry() -> None:
    assert {str(kind) for kind in Kind} <= {str(kind) for kind in EventKind}


def until(holds, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
