"""Cosignatures of witnesses beside the log: storing what they signed, and checking it again."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from flowstate_flower.errors import BadInput
from flowstate_flower.registry.database import Registry, log_origin
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.log import cosignature_rows, holds
from flowstate_flower.registry.tables import CosignatureRow, KeyRow
from flowstate_flower.registry.verdict import Finding, Witnessed
from flowstate_flower.transparency.checkpoint import Checkpoint, verified
from flowstate_flower.transparency.witness import Cosignature, cosignatures
from flowstate_flower.trust.keys import PublicKey

SIGNING = "signing"
KEY_START = re.compile("[0-9a-f]{16}")


def add_cosignatures(registry: Registry, note: str, witnesses: Sequence[PublicKey], *, actor: str) -> list[Witnessed]:
    """Store the cosignatures in `note`, of tenants' keys and of `witnesses`. Those that are stored already stay.

    Raises `BadCheckpoint` where the operator did not sign the note, `BadInput` where it is not of this log or where a
    signature is of no known witness.
    """
    checkpoint = verified(note, log_origin(registry.operator), registry.operator)
    if not holds(registry, checkpoint):
        raise BadInput(f"the log does not begin with this checkpoint of {checkpoint.size} entries", hint="is it a fork?")
    lines, added = cosignatures(note), []
    if not lines:
        raise BadInput("no witness signed this checkpoint", hint="`flowstate audit witness` signs one")
    with desk(registry, actor=actor) as d:
        for line in lines:
            found = _signer(d.session, line, checkpoint, witnesses)
            if found is None:
                raise BadInput(
                    f"{line.name} is not a known witness, or did not sign this", hint="pass its key with --witness-key"
                )
            key, tenant = found
            added.append(_witnessed(tenant, key, checkpoint.size, line))
            if d.session.get(CosignatureRow, (checkpoint.size, key.text)) is None:
                d.add(
                    CosignatureRow(
                        log_size=checkpoint.size, public_key=key.text, tenant=tenant, line=line.line(), added_at=d.now
                    )
                )
    return added


def cosigned_sizes(session: Session) -> set[int]:
    """Sizes of the log for which a witness signed."""
    return {row.log_size for row in cosignature_rows(session)}


def check_witnesses(
    session: Session, roots: Mapping[int, bytes], notes: Sequence[str], keys: Sequence[PublicKey], operator: PublicKey
) -> tuple[tuple[Witnessed, ...], list[Finding]]:
    """The largest size that each witness signed, and cosignatures that do not fit the log as it stands."""
    origin, findings = log_origin(operator), []
    best: dict[str, Witnessed] = {key.text: Witnessed(_owner(session, key), key.text, 0, "") for key in keys}
    signed: list[tuple[Checkpoint, Cosignature]] = []
    for row in cosignature_rows(session):
        checkpoint = Checkpoint(origin, row.log_size, roots.get(row.log_size, b""))
        found = [line for line in cosignatures(f"\n\n{row.line}") if line.is_by(PublicKey(row.public_key), checkpoint)]
        if not found:
            what = f"{row.subject()}: the witness {row.tenant or row.public_key[:16]} did not sign this log"
            findings.append(Finding(None, what))
        signed += [(checkpoint, line) for line in found]
    for note in notes:
        checkpoint = verified(note, origin, operator)
        signed += [(checkpoint, line) for line in cosignatures(note) if roots.get(checkpoint.size) == checkpoint.root]
    for checkpoint, line in signed:
        signer = _signer(session, line, checkpoint, [*keys, *_stored_keys(session)])
        if signer and (signer[0].text not in best or best[signer[0].text].size < checkpoint.size):
            best[signer[0].text] = _witnessed(signer[1], signer[0], checkpoint.size, line)
    return tuple(sorted(best.values(), key=lambda w: (w.tenant or "", w.public_key))), findings


def _signer(
    session: Session, line: Cosignature, checkpoint: Checkpoint, others: Sequence[PublicKey]
) -> tuple[PublicKey, str | None] | None:
    """Whose cosignature it is: a tenant's by its registered key, or that of one of `others`."""
    first = line.name.rpartition("/")[2]
    if not KEY_START.fullmatch(first):
        return None
    hinted = select(KeyRow.public_key, KeyRow.tenant).where(
        KeyRow.use == SIGNING, KeyRow.public_key >= first, KeyRow.public_key < first + "g", col(KeyRow.revoked_at).is_(None)
    )
    tenants = [(PublicKey(text), tenant) for text, tenant in session.exec(hinted)]
    for key, tenant in [*tenants, *((key, None) for key in others)]:
        if line.is_by(key, checkpoint):
            return key, tenant
    return None


def _stored_keys(session: Session) -> list[PublicKey]:
    return [PublicKey(text) for text in {row.public_key for row in cosignature_rows(session)}]


def _owner(session: Session, key: PublicKey) -> str | None:
    return session.exec(select(KeyRow.tenant).where(KeyRow.public_key == key.text, KeyRow.use == SIGNING)).first()


def _witnessed(tenant: str | None, key: PublicKey, size: int, line: Cosignature) -> Witnessed:
    try:
        at = datetime.fromtimestamp(line.at, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        at = str(line.at)
    return Witnessed(tenant, key.text, size, at)
