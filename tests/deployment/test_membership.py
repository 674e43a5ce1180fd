"""From an invitation to a node on the real SuperLink, and out again: by the commands that an operator and a tenant type."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.cli.main import run
from flowstate_flower.deployment import certification, issuing
from flowstate_flower.deployment.enrolment import Enrolment
from flowstate_flower.deployment.exchange import LARGEST_BODY
from flowstate_flower.pki import new_request
from flowstate_flower.registry import Registry, audit, server_events
from flowstate_flower.superlink.document import Address, SuperlinkDocument
from flowstate_flower.superlink.scripted import ScriptedNode, node_tls
from flowstate_flower.wiring.front import front


class Deployment:
    """The SuperLink with all three listeners, and tenants that joined over the third."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        ports = free_ports(3)
        self.document = SuperlinkDocument(**dict(zip(("tenants", "operators", "enrolment"), map(at, ports), strict=True)))
        self.registry, self.folder = registry, folder
        self.server = front(registry, self.document, enrolment=Enrolment(registry).app(), launches=False)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        until(lambda: self.server.is_up)

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(20)

    def command(self, *arguments: str) -> int:
        return run([*arguments, "--registry", str(self.registry.path.parent)])

    def join(self, name: str) -> ScriptedNode:
        home, invitation = self.folder / name, self.folder / f"{name}.invitation"
        where = ["--superlink", str(self.document.tenants), "--enrolment", str(self.document.enrolment)]
        assert self.command("tenant", "invite", name, "--output", str(invitation), *where) == 0
        assert run(["client", "join", str(invitation), str(home), "--purpose", "tumours"]) == 0
        return self.node(name)

    def node(self, name: str) -> ScriptedNode:
        pki = self.folder / name / "pki"
        key = serialization.load_ssh_private_key((pki / "node.key").read_bytes(), None)
        return ScriptedNode(str(self.document.tenants), key, node_tls(pki / "ca.crt", pki / "client.pem", pki / "client.key"))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("deployment")
    registry = Registry.create(folder / "operator")
    certification.make_authority(registry, "example.org")
    issuing.issue(registry, issuing.Order("superlink"), actor="operator")
    made = Deployment(registry, folder)
    yield made
    made.stop()


def at(port: int) -> Address:
    return Address(port=port)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def is_out(node: ScriptedNode) -> bool:
    try:
        node.asked()
    except (httpx.HTTPStatusError, httpx.TransportError):
        return True
    return False


def test_a_tenant_is_in_after_two_commands_out_after_one_and_nobody_else_notices(deployment: Deployment) -> None:
    """No node is registered by hand; a revocation acts on a live connection; renewal does not undo it, the operator does."""
    stays, goes = deployment.join("hospital-a"), deployment.join("hospital-b")
    for node in (stays, goes):
        node.activate()
        assert node.asked() is None
    assert deployment.command("pki", "revoke", "--tenant", "hospital-b", "--reason", "laptop stolen") == 0
    until(lambda: is_out(goes))
    assert stays.asked() is None
    home = str(deployment.folder / "hospital-b")
    assert run(["client", "renew", home]) == 2
    csr = deployment.folder / "b.csr"
    csr.write_bytes(new_request(ec.generate_private_key(ec.SECP256R1()), "b"))
    given = ["--csr", str(csr), "--output", str(deployment.folder / "unused.pem")]
    assert deployment.command("pki", "issue", "tenant/hospital-b", *given) == 0
    assert run(["client", "renew", home]) == 0
    back = deployment.node("hospital-b")
    back.node_id = goes.node_id
    assert back.asked() is None
    assert deployment.command("pki", "rotate", "issuer") == 0
    assert run(["client", "renew", str(deployment.folder / "hospital-a")]) == 0
    newest = deployment.node("hospital-a")
    newest.node_id = stays.node_id
    for node in (stays, back, newest):
        assert node.asked() is None
        node.close()
    assert audit.verify(deployment.registry, deployment.registry.operator).verified


def test_the_enrolment_listener_serves_nothing_of_the_others_and_the_others_nothing_of_it(deployment: Deployment) -> None:
    enrolment, operators = deployment.document.enrolment, deployment.document.operators
    options = {"verify": False, "trust_env": False}
    for path in ("/v1/fleet/activate-node", "/v1/control/start-run", "/openapi.json"):
        assert httpx.post(f"https://{enrolment}{path}", **options).status_code == 404
    assert httpx.post(f"https://{operators}/v1/join", content=b"x", **options).status_code in (401, 403, 404)
    with pytest.raises(httpx.TransportError):
        httpx.post(f"https://{deployment.document.tenants}/v1/join", content=b"x", **options)
    assert httpx.post(f"https://{enrolment}/v1/join", content=b"x" * (LARGEST_BODY + 1), **options).status_code == 413
    until(lambda: "oversize-body" in {row.kind for row in server_events.listed(deployment.registry)})


def test_who_connects_to_the_enrolment_listener_and_says_nothing_is_hung_up_on(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    from flowstate_flower.superlink import brief

    monkeypatch.setattr(brief, "LASTS_SECONDS", 0.5)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = deployment.document.enrolment
    with (
        socket.create_connection((address.host, address.port), timeout=30) as plain,
        context.wrap_socket(plain) as silent,
    ):
        silent.sendall(b"POST /v1/join HTTP/1.1\r\nHost: ")
        assert silent.recv(1) == b""


def test_the_list_is_written_anew_while_the_server_runs(operator: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    path = operator.path.parent / "pki" / "crl.pem"
    before = path.read_bytes()
    monkeypatch.setattr(certification, "PUBLISH_SECONDS", 0.05)
    with certification.kept_published(operator):
        until(lambda: path.read_bytes() != before)
        (operator.path.parent / "pki" / "issuer.key").rename(path.with_name("elsewhere"))
        time.sleep(0.1)
    assert path.is_file()
