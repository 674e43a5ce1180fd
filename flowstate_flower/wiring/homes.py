"""Tenants' homes: made, opened, and enrolled."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flowstate_flower.clients.folder_home import FolderHome
from flowstate_flower.clients.home import (
    KEY_FILE,
    LEDGER_FILE,
    POLICY_FILE,
    REFUSALS_FILE,
    REQUEST_FILE,
    UPDATES_FOLDER,
    TenantVoice,
)
from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.clients.refusals import RefusalLog
from flowstate_flower.clients.updates import UpdateStore
from flowstate_flower.documents import parsed, read_toml
from flowstate_flower.errors import BadInput
from flowstate_flower.registry import Registry, rounds, tenants
from flowstate_flower.registry.tenant_ledger import TenantLedger
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import PublicKey, SigningKey


def open_home(folder: Path, *, keeps_updates: bool = True) -> FolderHome:
    """The home of a tenant: `policy.toml`, `signing.key`, `ledger.db`, `refusals.jsonl` and `updates/` in one folder.

    Without `keeps_updates`, for simulations, a question that was answered before is refused.
    """
    voice = open_voice(folder)
    ledger = TenantLedger(folder / LEDGER_FILE, voice.key.public)
    updates = UpdateStore(folder / UPDATES_FOLDER) if keeps_updates else None
    return FolderHome(voice.policy, voice.key, ledger, RefusalLog(folder / REFUSALS_FILE), updates)


def open_ledger(folder: Path) -> TenantLedger:
    """The privacy ledger of a home, whose key checks what was signed in it."""
    return TenantLedger(folder / LEDGER_FILE, open_voice(folder).key.public)


def open_voice(folder: Path) -> TenantVoice:
    """The tenant of a home as it speaks for itself; the ledger stays closed."""
    return TenantVoice(read_toml(TenantPolicy, folder / POLICY_FILE), SigningKey.read(folder / KEY_FILE))


def make_home(folder: Path, policy: TenantPolicy) -> PublicKey:
    """A new home with a new signing key. Returns the public half, which is all that ever leaves the folder.

    Raises `BadInput` where the folder exists or cannot be made.
    """
    try:
        folder.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"cannot make the home {folder}: {error.strerror}", hint="choose another folder") from error
    key = SigningKey.generate()
    key.write(folder / KEY_FILE)
    (folder / POLICY_FILE).write_text(to_toml(policy), encoding="utf-8")
    return key.public


def join(
    folder: Path,
    name: str,
    purposes: Sequence[str],
    *,
    budget: tuple[float, float] | None,
    nodes: Sequence[str] = (),
    contact: str = "",
) -> tuple[Path, PublicKey]:
    """A new home, and in it a signed request to join: the file to send, and the key to tell by another way.

    `budget` is ε and δ, None to train without privacy. Raises `BadInput` before anything is made.
    """
    privacy = None if budget is None else {"epsilon": budget[0], "delta": budget[1]}
    said = {"tenant": name, "purposes": tuple(purposes), "privacy": privacy, "allow_without_privacy": budget is None}
    policy = parsed(TenantPolicy, said, "the policy")
    TenantVoice(policy, SigningKey.generate()).request(nodes=tuple(nodes), contact=contact)  # can it be said at all?
    key = make_home(folder, policy)
    request = open_voice(folder).request(nodes=tuple(nodes), contact=contact)
    (folder / REQUEST_FILE).write_bytes(request.to_bytes() + b"\n")
    return folder / REQUEST_FILE, key


def admit(registry: Registry, request: Envelope) -> str:
    """The operator's whole yes: a request recorded, approved and active. Returns the tenant's name. Raises `BadInput`.

    For who made the tenant's home itself, as simulations do; a person checks the request's key before approving.
    """
    name = tenants.request(registry, request, actor=rounds.OPERATOR)
    tenants.move(registry, name, tenants.Status.APPROVED, actor=rounds.OPERATOR)
    tenants.move(registry, name, tenants.Status.ACTIVE, actor=rounds.OPERATOR)
    return name


def to_toml(policy: TenantPolicy) -> str:
    """The policy as TOML: tables of numbers, texts and lists of texts, for which JSON's literals are TOML's."""
    return "\n".join(_toml_lines(policy.model_dump(mode="json", exclude_none=True))) + "\n"


def _toml_lines(body: Mapping[str, Any], within: str = "") -> list[str]:
    tables = {name: value for name, value in body.items() if isinstance(value, dict)}
    lines = [f"{_key(name)} = {json.dumps(value)}" for name, value in body.items() if name not in tables]
    for name, values in tables.items():
        lines += ["", f"[{within}{name}]", *_toml_lines(values, f"{within}{name}.")]
    return lines


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)
