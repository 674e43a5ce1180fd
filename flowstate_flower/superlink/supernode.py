"""A stock SuperNode behind a client certificate, which hands on messages for apps that were judged and for no others.

Flower has no option for either. The client of its Fleet API is replaced by one that shows a certificate; the two files are read
again when the certificate's file changes, so that a renewed one serves new connections without a restart. Its function that
takes a message is put behind a gate.
"""

import ssl
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from flwr.supernode import fleet_http_connection, start_client_internal
from flwr.supernode.fleet_http_client import FleetHttpClient

from flowstate_flower.superlink.app_gate import AppGate, judged
from flowstate_flower.superlink.internals import check_flower_version

LOOK_SECONDS = 5.0


class CertifiedFleetClient(FleetHttpClient):
    """Flower's client, which shows who it is. `certificate` and `key` are set once for the process."""

    certificate: Path
    key: Path

    def __init__(self, base_url: str, *, verify: ssl.SSLContext | bool | str = True, **rest: Any) -> None:
        if not isinstance(verify, ssl.SSLContext):
            raise ValueError("a client certificate is shown to a server of known root certificates only")
        verify.minimum_version = ssl.TLSVersion.TLSv1_3
        verify.load_cert_chain(self.certificate, self.key)
        super().__init__(base_url, verify=verify, **rest)
        threading.Thread(target=self._renew, args=(verify,), daemon=True).start()

    def _renew(self, context: ssl.SSLContext) -> None:
        seen = _changed_at(self.certificate)
        while True:
            time.sleep(LOOK_SECONDS)
            if (now := _changed_at(self.certificate)) != seen:
                try:
                    context.load_cert_chain(self.certificate, self.key)
                    seen = now
                except (OSError, ssl.SSLError):
                    continue  # half of a pair has changed: the other half is about to


def become_supernode(certificate: Path, key: Path, gate: AppGate, arguments: Sequence[str]) -> None:
    """Become `flower-supernode`, with `arguments` as it takes them. Raises `BadInput` for a Flower that was not tried."""
    check_flower_version()
    CertifiedFleetClient.certificate, CertifiedFleetClient.key = certificate, key
    fleet_http_connection.FleetHttpClient = CertifiedFleetClient  # type: ignore[attr-defined]
    flowers_own = start_client_internal._pull_and_store_message
    start_client_internal._pull_and_store_message = partial(judged, gate, flowers_own)
    from flwr.supernode.cli import flower_supernode

    sys.argv[1:] = arguments
    flower_supernode()


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
