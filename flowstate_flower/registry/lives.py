"""Whether anybody carries a run on: a lock on a file in the registry's folder, which the kernel lets go of with its process.

A row that says `running` outlives a killed process; the lock does not. It is seen by processes of one machine.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowstate_flower.errors import BadInput, BrokenRegistry
from flowstate_flower.registry.database import Registry

FOLDER, PATIENCE_SECONDS, POLL_SECONDS = "lives", 1.0, 0.02


@contextmanager
def living(registry: Registry, run: str, who: str = "") -> Iterator[None]:
    """Whatever is done inside is the one life of a run, which `who` has. Raises `BadInput` where another process has it."""
    path = _file(registry, run)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BrokenRegistry(f"cannot write {path}: {error.strerror}", hint="check the disk") from error
    try:
        if not _taken(handle):
            raise BadInput(f"run '{run}' is carried on by another process", hint=f"flowstate run watch {run}")
        os.ftruncate(handle, 0)
        os.pwrite(handle, who.encode(), 0)
        yield
    finally:
        os.close(handle)


def is_alive(registry: Registry, run: str) -> bool:
    """Whether a process of this machine carries the run on."""
    try:
        handle = os.open(_file(registry, run), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def last_life(registry: Registry, run: str) -> str:
    """Who had the run's last life, or has it; empty where nobody did, or did not say."""
    try:
        return _file(registry, run).read_text(encoding="utf-8")
    except OSError:
        return ""


def was_here(registry: Registry, run: str) -> bool:
    """Whether the run ever had a life on this machine: of a copy, or another machine's run, nothing can be said."""
    return _file(registry, run).is_file()


def _file(registry: Registry, run: str) -> Path:
    return registry.path.parent / FOLDER / f"{run}.lock"


def _taken(handle: int) -> bool:
    """Lock it; somebody who only looks is waited for."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True
