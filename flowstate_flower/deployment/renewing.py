"""A certificate that is renewed while a tenant takes part, long before it ends."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flowstate_flower.deployment import certification, joining
from flowstate_flower.pki.files import read_certificates

LOOK_SECONDS, TIMEOUT_SECONDS = 600.0, 120.0


def is_due(home: Path, now: datetime) -> bool:
    """Whether less than half of the certificate's time is left. Raises `BadInput` where there is none."""
    leaf = read_certificates(home / joining.PKI / joining.CERTIFICATE)[0]
    return now > leaf.not_valid_before_utc + (leaf.not_valid_after_utc - leaf.not_valid_before_utc) / 2


@contextmanager
def kept_renewed(home: Path, say: Callable[[str], None], clock: Callable[[], datetime] = certification.now) -> Iterator[None]:
    """While this lasts, the certificate of `home` is renewed when it is due, where the operator has a listener for it.

    Each time by a process of its own, so that the signing key is in no memory for longer than it signs. What goes wrong is
    said, and tried again.
    """
    over = threading.Event()

    def keep() -> None:
        while True:
            if is_due(home, clock()):
                say(_renewed(home))
            if over.wait(LOOK_SECONDS):
                return

    keeper = threading.Thread(target=keep, name="renew", daemon=True)
    if (home / joining.FEDERATION_FILE).exists() and joining.read_federation(home).enrolment is not None:
        keeper.start()
    try:
        yield
    finally:
        over.set()
        if keeper.is_alive():
            keeper.join(TIMEOUT_SECONDS)


def _renewed(home: Path) -> str:
    command = [sys.executable, "-c", "from flowstate_flower.cli.main import main; main()", "client", "renew", str(home)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "certificate: not renewed, the operator does not answer"
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return f"certificate: {said[0] if said else 'not renewed'}"
