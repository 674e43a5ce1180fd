"""Landlock (landlock(7)): the kernel keeps a process and its descendants to the files, ports and processes that were named.

Nothing of it can be undone by the process, root or not. It also ends `ptrace`, signals and abstract sockets to processes
outside. It does not stand between a process and the sockets in the file system that its user may connect to.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flowstate_flower.errors import RunImpossible

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture but alpha
VERSION_FLAG, PATH_BENEATH, NET_PORT = 1, 1, 2
NO_NEW_PRIVILEGES = 38
LEAST_VERSION = 3
"""With the first two a file could be emptied (3) or moved (2) without a right to write."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEVICE = 1 << 14, 1 << 15
READING = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
FILE_RIGHTS = {3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""By the version that brought the last of them: all that can be forbidden in the file system."""
BIND, CONNECT, TCP_VERSION = 1 << 0, 1 << 1, 4
SCOPES, SCOPE_VERSION = 3, 6  # abstract sockets and signals


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is left to a confined process: all else in the file system is closed to it.

    `ports` are those of TCP that it may connect to; None leaves the network alone. Paths that do not exist are left out.
    """

    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    ports: tuple[int, ...] | None


def version() -> int:
    """Of Landlock in this kernel, 0 where there is none."""
    found = _syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    return max(found, 0)


def restrict(allowed: Allowed) -> None:
    """Confine this process, all that it starts, and nobody else. Raises `RunImpossible` where the kernel cannot."""
    kernel = version()
    if kernel < LEAST_VERSION:
        raise RunImpossible(f"Landlock {kernel} in this kernel", hint=f"version {LEAST_VERSION}, that of Linux 6.2, is needed")
    rights = FILE_RIGHTS[max(v for v in FILE_RIGHTS if v <= kernel)]
    network = BIND | CONNECT if allowed.ports is not None and kernel >= TCP_VERSION else 0
    attributes = struct.pack("QQQ", rights, network, SCOPES if kernel >= SCOPE_VERSION else 0)
    rules = _checked(_syscall(CREATE_RULESET, attributes, len(attributes), 0), "make a ruleset")
    try:
        _allow(rules, allowed.reads, READING & rights)
        _allow(rules, allowed.writes, rights)
        for port in allowed.ports or () if network else ():
            _checked(_syscall(ADD_RULE, rules, NET_PORT, struct.pack("QQ", CONNECT, port), 0), "allow a port")
        _checked(_libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "give up new privileges")
        _checked(_syscall(RESTRICT_SELF, rules, 0), "restrict itself")
    finally:
        os.close(rules)


def _allow(rules: int, paths: Iterable[Path], rights: int) -> None:
    for path in paths:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fitting = rights if path.is_dir() else rights & OF_FILES
            _checked(_syscall(ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", fitting, handle), 0), f"allow {path}")
        finally:
            os.close(handle)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: bytes | int | None) -> int:
    """What the kernel returns, or -1."""
    long = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(_libc().syscall(ctypes.c_long(number), *long))


def _checked(result: int, what: str) -> int:
    if result < 0:
        raise RunImpossible(f"Landlock cannot {what}: {os.strerror(ctypes.get_errno())}", hint="run as root, with --train-as")
    return result
