"""What is wrong with a deployment on this machine, and the cure of each thing: what `flowstate doctor` prints.

A look yields findings and never raises for what it finds. They take paths, so they serve an operator's folder and a home.
"""

import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cryptography import x509

from flowstate_flower.errors import FlowstateError
from flowstate_flower.registry import Registry, checking
from flowstate_flower.superlink import internals

LEAST_FREE_BYTES = 2**30
LEAST_LIFE_LEFT = 0.1
OLDEST_PYTHON = (3, 11)
SECRETS = ("*.key", "*.token", "accounts.json", "pki/*.key", "superlink/*.key", "superlink/*.token", "superlink/accounts.json")
CERTIFICATES = ("pki/*.crt", "pki/*.pem", "superlink/*.crt", "superlink/*.pem")
CRL = "crl.pem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what was found. `cure` says what to do; it is empty where nothing is wrong."""

    what: str
    found: str
    cure: str = ""


Look = Callable[[], Iterable[Finding]]


def machine(folder: Path) -> Iterator[Finding]:
    """Versions, and room on the disk of `folder`."""
    old = sys.version_info < OLDEST_PYTHON
    yield Finding(
        "python", sys.version.split()[0], f"install Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer" if old else ""
    )
    yield _flower()
    yield _package("torch")
    free = shutil.disk_usage(folder).free
    cure = "make room: models and logs are written here" if free < LEAST_FREE_BYTES else ""
    yield Finding(f"disk of {folder}", f"{free / 1e9:.1f} GB free", cure)


def secrets(folder: Path) -> Iterator[Finding]:
    """Whether secret files can be read by others."""
    paths = sorted({path for pattern in SECRETS for path in folder.glob(pattern)})
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(f"secret {path}", f"can be read by others (mode {mode:04o})", f"chmod 600 {path}")
    if all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths):
        yield Finding("secrets", f"{len(paths)} files, readable by their owner alone")


def certificates(folder: Path, now: datetime, renew: str) -> Iterator[Finding]:
    """How long certificates and the list of revoked ones are good for. `renew` is the cure of one that is about to end."""
    for path in sorted({path for pattern in CERTIFICATES for path in folder.glob(pattern)}):
        try:
            if path.name == CRL:
                listed = x509.load_pem_x509_crl(path.read_bytes())
                begins, ends = listed.last_update_utc, listed.next_update_utc or datetime.max.replace(tzinfo=UTC)
            else:
                certificate = x509.load_pem_x509_certificate(path.read_bytes())
                begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        except (OSError, ValueError) as error:
            yield Finding(f"certificate {path}", f"cannot be read: {error}", renew)
            continue
        yield _lifetime(path, begins, ends, now, renew)


def database(where: str) -> Iterator[Finding]:
    """Whether the registry is sound: `checking.check`."""
    try:
        registry = Registry.open(where)
    except FlowstateError as error:
        yield Finding("registry", str(error), error.hint or "flowstate registry check")
        return
    try:
        for check in checking.check(registry):
            for problem in check.problems:
                yield Finding(f"registry: {check.what}", problem, "flowstate registry check, then restore a copy")
            if not check.problems:
                yield Finding(f"registry: {check.what}", "sound")
    finally:
        registry.close()


def examined(looks: Iterable[Look]) -> list[Finding]:
    """All findings. A look that the operating system ends is a finding too."""
    found: list[Finding] = []
    for look in looks:
        try:
            found += look()
        except OSError as error:
            found.append(Finding(str(error.filename or "files"), str(error.strerror), "check the path and its permissions"))
    return found


def _flower() -> Finding:
    found, tested = _package("flwr"), f"tested with {', '.join(internals.TESTED)}"
    try:
        internals.check_flower_version()
    except FlowstateError as error:
        return Finding("flwr", f"{found.found}, {tested}", error.hint)
    return Finding("flwr", f"{found.found}, {tested}", found.cure)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "is not installed", f"pip install {name}")


def _lifetime(path: Path, begins: datetime, ends: datetime, now: datetime, renew: str) -> Finding:
    what = f"certificate {path}"
    if now < begins:
        return Finding(what, f"is good from {begins.isoformat()} on only", "set this machine's clock")
    if now >= ends:
        return Finding(what, f"ended at {ends.isoformat()}", renew)
    left = ends - now
    soon = left < LEAST_LIFE_LEFT * (ends - begins)
    return Finding(what, f"good for {_spoken(left)}", renew if soon else "")


def _spoken(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.1f} hours"
