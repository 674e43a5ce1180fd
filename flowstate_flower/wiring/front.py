"""The server of a deployment: Flower's SuperLink, told by the registry who is whom, and telling it what it turned away."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from flowstate_flower.errors import BadInput
from flowstate_flower.pki import Revocations, Role, party_of
from flowstate_flower.pki.files import read_certificates
from flowstate_flower.pki.names import uris_of
from flowstate_flower.registry import Registry, attempts, gate, server_events, tenants
from flowstate_flower.superlink.bodies import App
from flowstate_flower.superlink.composition import Places
from flowstate_flower.superlink.document import SuperlinkDocument
from flowstate_flower.superlink.events import Event
from flowstate_flower.superlink.server import Federation, SuperLink

SUPERLINK_FOLDER, ROOT_FILE, REVOCATIONS_FILE = "superlink", "pki/root.crt", "pki/crl.pem"


@dataclass(frozen=True, slots=True)
class RegistryRoll:
    """`superlink.roll.Roll` on a registry."""

    registry: Registry

    def owners(self, node_keys: Collection[str]) -> Mapping[str, str]:
        """See `superlink.roll.Roll`."""
        return tenants.node_owners(self.registry, node_keys)

    def active(self, tenants: Collection[str]) -> Collection[str]:
        """See `superlink.roll.Roll`."""
        return gate.active(self.registry, tenants)

    def members(self, flower_run: int, tenants: Collection[str]) -> Collection[str] | None:
        """See `superlink.roll.Roll`. The purpose is that of the run which this run of Flower's is recorded to carry."""
        run = attempts.run_behind(self.registry, str(flower_run))
        return None if run is None else gate.agreeing(self.registry, run, tenants)

    def most_nodes(self, tenant: str) -> int | None:
        """See `superlink.roll.Roll`."""
        return gate.most_nodes(self.registry, tenant)


@dataclass(frozen=True, slots=True)
class RegistrySink:
    """Writes what the server turned away into the registry, in one transaction."""

    registry: Registry

    def __call__(self, events: Sequence[Event]) -> None:
        """See `superlink.events.Sink`."""
        server_events.record(
            self.registry,
            [
                server_events.ServerEvent(server_events.EventKind(event.kind), event.tenant, event.count, event.detail)
                for event in events
            ],
        )


def front(
    registry: Registry,
    document: SuperlinkDocument,
    *,
    enrolment: App | None = None,
    launches: bool = True,
) -> SuperLink:
    """The server of the registry's folder, with the authority and the certificate that lie in it. Raises `BadInput`.

    `enrolment` is as in `superlink.server.Federation`; `launches` lets Flower start the ServerApps of runs.
    """
    folder = registry.path.parent
    root = folder / ROOT_FILE
    places = Places(folder / SUPERLINK_FOLDER, root)
    places.check()
    if document.enrolment is not None and enrolment is None:
        raise BadInput("nobody is there to let tenants join", hint="leave the enrolment listener out")
    os.environ["FLOWSTATE_REGISTRY"] = str(registry.path.resolve())  # for the ServerApps that Flower starts
    federation = Federation(
        _domain(places.certificate),
        RegistryRoll(registry),
        Revocations(folder / REVOCATIONS_FILE, _root(root)),
        RegistrySink(registry),
        enrolment,
    )
    return SuperLink(places, document, federation, launches=launches)


def _root(path: Path) -> x509.Certificate:
    found = read_certificates(path)
    if len(found) != 1:
        raise BadInput(f"{path} holds {len(found)} certificates", hint="the root of the federation, alone")
    return found[0]


def _domain(path: Path) -> str:
    """The trust domain of the server's own certificate, which is that of all its tenants."""
    leaf = read_certificates(path)[0]
    for uri in uris_of(leaf):
        domain = uri.removeprefix("spiffe://").partition("/")[0]
        party = party_of(leaf, domain)
        if party is not None and party.role is Role.SUPERLINK:
            return domain
    raise BadInput(f"{path} is not a SuperLink's certificate", hint="flowstate pki issue superlink")
