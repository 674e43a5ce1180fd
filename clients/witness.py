"""A tenant as a witness: it signs a checkpoint only where it extends the last one it signed, and remembers that one.

The memory is a file beside the key. It is written before the signature is given away: a witness that forgets signs forks.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flowstate_flower.clients.durable import replace_file
from flowstate_flower.clients.home import KEY_FILE
from flowstate_flower.errors import BadInput
from flowstate_flower.transparency.checkpoint import Checkpoint, verified
from flowstate_flower.transparency.witness import cosign, extends
from flowstate_flower.trust.keys import PublicKey, SigningKey

Steps = Callable[[Checkpoint, Checkpoint], list[bytes]]
"""The hashes of a consistency proof from one checkpoint to another."""


def key_file(home_or_key: Path) -> Path:
    """The signing key of a tenant's home, or the key file itself."""
    return home_or_key / KEY_FILE if home_or_key.is_dir() else home_or_key


def witness(note: str, origin: str, operator: PublicKey, key: Path, at: int, *, since: str | None, steps: Steps) -> str:
    """`note` with one more line: the cosignature by the key in the file `key`.

    `since` is a note to begin from where nothing was seen yet. Raises `NotAnExtension` where the log does not extend what was
    seen before, `BadCheckpoint` where the operator did not sign, `BadInput` for a key or a memory that cannot be used.
    """
    new, signer = verified(note, origin, operator), SigningKey.read(key)
    with _memory(key, origin) as memory:
        seen = _read(memory) or since
        last = verified(seen, origin, operator) if seen else None
        grown = last is not None and 0 < last.size < new.size
        extends(last, new, steps(last, new) if last and grown else ())
        _write(memory, note.partition("\n\n")[0] + "\n\n" + _operator_line(note, origin))
    return note + cosign(new, signer, at).line()


@contextmanager
def _memory(key: Path, origin: str) -> Iterator[Path]:
    """The file that remembers the last checkpoint of a log, for one process at a time."""
    path = key.with_name(f"{key.name}.witness-{origin.rpartition('/')[2]}.note")
    try:
        handle = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadInput(f"cannot remember checkpoints beside {key}: {error.strerror}", hint="check the folder") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(handle)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}", hint="restore it: without it a fork may be signed") from error


def _write(path: Path, note: str) -> None:
    """The whole note, on the disk before this returns."""
    try:
        replace_file(path, [note.encode()])
    except OSError as error:
        raise BadInput(f"cannot remember the checkpoint in {path}: {error.strerror}", hint="nothing was signed") from error


def _operator_line(note: str, origin: str) -> str:
    """The operator's own signature lines of a note; cosignatures need not be remembered."""
    lines = note.partition("\n\n")[2].splitlines(keepends=True)
    return "".join(line for line in lines if line.removeprefix("\u2014 ").rpartition(" ")[0] == origin)
