"""Whether a SuperLink answers, to whom, and what its clock says."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path

import httpx

from flowstate_flower.deployment import joining
from flowstate_flower.deployment.certification import PKI
from flowstate_flower.deployment.doctor import Finding
from flowstate_flower.pki.authority import ROOT
from flowstate_flower.superlink.document import read_document

TIMEOUT_SECONDS = 5.0
MOST_SKEW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Door:
    """A listener and how one enters: the root that vouches for it and, where asked for, a certificate with its key."""

    address: str
    ca: Path
    certificate: Path | None = None
    key: Path | None = None


def answers(what: str, door: Door, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Finding]:
    """Whether the listener `what` answers over TLS at all, and how far its clock is from `now`; any status is an answer."""
    try:
        tls = ssl.create_default_context(cafile=str(door.ca))
        if door.certificate is not None:
            tls.load_cert_chain(door.certificate, door.key)
        response = httpx.get(f"https://{door.address}/health", verify=tls, timeout=TIMEOUT_SECONDS, trust_env=False)
    except (httpx.HTTPError, OSError, ValueError) as error:
        yield Finding(f"{what} at {door.address}", f"does not answer: {error}", _cure(error))
        return
    yield Finding(f"{what} at {door.address}", "answers")
    if "date" in response.headers:
        skew = abs((parsedate_to_datetime(response.headers["date"]) - now()).total_seconds())
        cure = "set both clocks by NTP: signatures and certificates are refused when clocks differ"
        yield Finding(f"clock against {door.address}", f"{skew:.0f} s apart", cure if skew > MOST_SKEW_SECONDS else "")


def tenants_door(home: Path) -> Iterator[Finding]:
    """Whether the federation of a tenant's home answers; nothing where the home belongs to none."""
    if (home / joining.FEDERATION_FILE).exists():
        pki, superlink = home / joining.PKI, joining.read_federation(home).superlink
        yield from answers("SuperLink", Door(superlink, pki / joining.ROOT, pki / joining.CERTIFICATE, pki / joining.KEY))


def operators_door(folder: Path) -> Iterator[Finding]:
    """Whether the SuperLink of an operator's folder answers on each port; nothing where there is no authority yet."""
    root = folder / PKI / ROOT
    if not root.exists():
        return
    document = read_document(folder)
    yield from answers("operators' listener", Door(str(document.operators), root))
    for name, address in (("tenants' listener", document.tenants), ("enrolment", document.enrolment)):
        if address is not None:
            taken = is_listening(_reached_at(address.host), address.port)
            found, cure = ("listens", "") if taken else ("nobody listens", "flowstate superlink")
            yield Finding(f"{name} at {address}", found, cure)


def is_listening(host: str, port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(TIMEOUT_SECONDS)
        return probe.connect_ex((host, port)) == 0


def _reached_at(host: str) -> str:
    """Where this machine reaches a listener of its own: one on all addresses is on loopback too."""
    try:
        return "localhost" if ip_address(host).is_unspecified else host
    except ValueError:
        return host


def _cure(error: Exception) -> str:
    """What to do about a listener that does not answer, by the words of OpenSSL and the operating system."""
    said = f"{error} {error.__cause__} {error.__context__}".lower()
    if "certificate has expired" in said:
        return "one certificate has ended, or a clock is wrong: see the lines about certificates"
    if "hostname mismatch" in said or "ip address mismatch" in said:
        return "the server's certificate names another host: use the name in it, or have it issued for this one"
    if "certificate verify failed" in said:
        return "another authority vouches for that server: compare the root's fingerprint with the operator's, by telephone"
    if "alert" in said:
        return "the server refuses this certificate: it may be revoked, or of another federation; ask the operator"
    if "refused" in said:
        return "start the SuperLink, or open the port in the firewall"
    return "check the address, the network and the firewall"
