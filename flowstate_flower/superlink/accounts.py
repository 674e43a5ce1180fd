"""Operators' accounts on the Control API: a name, a role, and the digest of a token that the account's owner alone has.

A token is 256 random bits, so its plain SHA-256 says nothing about it: there is nothing to guess. The file is read again when
it changes: who is removed is out at once.
"""

import hashlib
import hmac
import json
import os
import secrets
import stat
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from flowstate_flower.documents import Document
from flowstate_flower.errors import BadInput, UnknownName

ACCOUNTS_FILE, TOKEN_BYTES, OWNER_ONLY = "accounts.json", 32, 0o600


class Role(StrEnum):
    """What an operator may do: each also what those before it may."""

    VIEWER = "viewer"
    RUNNER = "runner"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Account(Document):
    """One operator. The role is what the Control API lets it do."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    role: Annotated[Role, Field(strict=False)]
    token_digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Book(Document):
    accounts: Annotated[tuple[Account, ...], Field(strict=False)] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the file, and the state of the file then."""

    stamp: tuple[int, int, int]
    accounts: tuple[Account, ...]


class AccountBook:
    """The accounts in a file of mode 0600. Safe to ask from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: _Seen | None = None

    def accounts(self) -> tuple[Account, ...]:
        """All of them; none where there is no file. Raises `BadInput` where the file cannot be trusted."""
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return ()
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise BadInput(f"{self.path} can be read by others", hint=f"chmod 600 {self.path}")
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        with self._lock:
            if self._seen is None or self._seen.stamp != stamp:
                self._seen = _Seen(stamp, self._read())
            return self._seen.accounts

    def bearer_of(self, token: str) -> Account | None:
        """The account whose token this is. Every account is compared, each in constant time."""
        digest, found = _digest(token), None
        for account in self.accounts():
            if hmac.compare_digest(account.token_digest, digest):
                found = account
        return found

    def named(self, name: str) -> Account | None:
        """The account of this name."""
        return next((account for account in self.accounts() if account.name == name), None)

    def add(self, name: str, role: Role) -> str:
        """A new account. Returns its token, which is kept nowhere else. Raises `BadInput` where the name is taken or wrong."""
        if self.named(name) is not None:
            raise BadInput(f"there is an account '{name}'", hint=f"flowstate superlink account remove {name}")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        try:
            account = Account(name=name, role=role, token_digest=_digest(token))
        except ValidationError as error:
            raise BadInput(f"'{name}' is no name of an account", hint="lower-case letters, digits and dashes") from error
        self._write((*self.accounts(), account))
        return token

    def remove(self, name: str) -> None:
        """Take an account away. Raises `UnknownName`."""
        accounts = self.accounts()
        if name not in {account.name for account in accounts}:
            raise UnknownName("account", name, [account.name for account in accounts])
        self._write(tuple(account for account in accounts if account.name != name))

    def _read(self) -> tuple[Account, ...]:
        try:
            return _Book.model_validate_json(self.path.read_bytes()).accounts
        except (OSError, ValidationError) as error:
            raise BadInput(f"cannot read the accounts {self.path}", hint="restore it, or remove it and add accounts") from error

    def _write(self, accounts: tuple[Account, ...]) -> None:
        """Whole or not at all, and never readable by others."""
        body = _Book(accounts=accounts).model_dump(mode="json")
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        write_secret(new, json.dumps(body, indent=2) + "\n")
        new.replace(self.path)


def write_secret(path: Path, text: str) -> None:
    """Text in a new file that its owner alone may read. Raises `BadInput` where there is one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except OSError as error:
        raise BadInput(f"cannot make {path}: {error.strerror}", hint="name a new file") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_token(path: Path) -> str:
    """The token in a file. Raises `BadInput` where there is none or others may read it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadInput(f"{path} can be read by others", hint=f"chmod 600 {path}")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read the token {path}", hint="flowstate superlink account add writes one") from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
