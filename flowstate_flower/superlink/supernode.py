"""A stock SuperNode behind a client certificate: `python -m flowstate_flower.superlink.supernode CERTIFICATE KEY ...`, where
`...` is what `flower-supernode` takes.

Flower has no option for it: the client of its Fleet API is replaced by one that shows a certificate. The two files are read
again when the certificate's file changes, so that a renewed one serves new connections without a restart.
"""

import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from flwr.supernode import fleet_http_connection
from flwr.supernode.fleet_http_client import FleetHttpClient

from flowstate_flower.errors import FlowstateError
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


def main() -> None:
    """Become `flower-supernode`."""
    try:
        check_flower_version()
    except FlowstateError as error:
        sys.exit(f"{error}\n{error.hint}")
    CertifiedFleetClient.certificate, CertifiedFleetClient.key = map(Path, sys.argv[1:3])
    fleet_http_connection.FleetHttpClient = CertifiedFleetClient  # type: ignore[attr-defined]
    from flwr.supernode.cli import flower_supernode

    sys.argv[1:3] = []
    flower_supernode()


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


if __name__ == "__main__":
    main()
