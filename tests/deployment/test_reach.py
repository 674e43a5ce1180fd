"""What stands between a tenant and a SuperLink is told apart."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flowstate_flower.deployment.processes import free_ports
from flowstate_flower.deployment.reach import Door, answers, is_listening

PEM = serialization.Encoding.PEM


def authority(folder: Path, name: str) -> Path:
    """A root that vouches for itself as a server on 127.0.0.1: NAME.crt and NAME.key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(made.public_bytes(PEM))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(secret)
    return folder / f"{name}.crt"


@pytest.fixture(params=[False, True], ids=["anybody", "certificates"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, str, bool]]:
    """A root, the address of a server under it, and whether it asks for certificates."""
    ca = authority(tmp_path, "ours")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(ca, ca.with_suffix(".key"))
    if request.param:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(ca)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as running:
        running.socket = tls.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield ca, f"127.0.0.1:{running.server_port}", request.param
        running.shutdown()
        thread.join()


def test_a_listener_that_answers_anything_is_there_and_clocks_are_compared(server: tuple[Path, str, bool]) -> None:
    ca, address, _ = server
    door = Door(address, ca, ca, ca.with_suffix(".key"))
    there, clock = answers("SuperLink", door)
    assert (there.cure, clock.cure) == ("", "")
    _, clock = answers("SuperLink", door, lambda: datetime.now(UTC) + timedelta(hours=1))
    assert "NTP" in clock.cure


def test_who_has_no_certificate_or_trusts_another_root_is_told_so(server: tuple[Path, str, bool], tmp_path: Path) -> None:
    ca, address, asks = server
    found = next(answers("SuperLink", Door(address, authority(tmp_path, "theirs"))))
    assert "compare the root" in found.cure
    found = next(answers("SuperLink", Door(address, ca)))
    assert bool(found.cure) == asks


def test_where_nobody_listens_somebody_should_be_started(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    assert not is_listening("127.0.0.1", port)
    found = next(answers("SuperLink", Door(f"127.0.0.1:{port}", authority(tmp_path, "ours"))))
    assert "start the SuperLink" in found.cure
    found = next(answers("SuperLink", Door(f"127.0.0.1:{port}", tmp_path / "nowhere")))
    assert found.cure
