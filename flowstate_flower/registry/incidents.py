"""Incidents: what was recorded that somebody may have to look at, by kind and severity, counted and never described."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, func, select

from flowstate_flower.admission import Reason
from flowstate_flower.registry.rounds import FAILED, INTERRUPTED, SKIPPED
from flowstate_flower.registry.server_events import EventKind
from flowstate_flower.registry.tables import AuditEventRow, RoundRow, RunRow
from flowstate_flower.trust.statements import Refused

OTHER = "other"


class Kind(StrEnum):
    """What an incident is about."""

    IDENTITY = "identity"
    CONTENT = "content"
    CONSENT = "consent"
    LIMITS = "limits"
    ABSENCE = "absence"
    ROUND = "round"
    RUN = "run"
    SUSPENSION = "suspension"
    ACCESS = "access"


class Severity(StrEnum):
    """How soon somebody should look: at once, today, or when there are many."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, order=True)
class Incident:
    """How often something of one kind and severity was recorded."""

    kind: Kind
    severity: Severity
    count: int


Class = tuple[Kind, Severity]

OF_KIND: Mapping[Class, tuple[Reason, ...]] = {
    (Kind.IDENTITY, Severity.HIGH): (
        *(Reason.WRONG_SENDER, Reason.NOT_INVITED, Reason.BAD_SIGNATURE, Reason.STALE_NONCE),
        *(Reason.DUPLICATE, Reason.OTHER_BYTES),
    ),
    (Kind.CONTENT, Severity.MEDIUM): (
        *(Reason.UNREADABLE, Reason.WRONG_RECORDS, Reason.WRONG_LAYERS, Reason.WRONG_SHAPE, Reason.WRONG_DTYPE),
        *(Reason.BAD_ARRAY, Reason.BAD_METRICS, Reason.BAD_STATEMENT, Reason.STALE_BASE, Reason.NOT_FINITE),
        *(Reason.TOO_FAR, Reason.EXAMPLES, Reason.NOT_PRIVATE, Reason.ARITHMETIC),
    ),
    (Kind.CONSENT, Severity.MEDIUM): (Reason.SUSPENDED, Reason.NO_CONSENT, Reason.OUTSIDE_BOUNDS),
    (Kind.LIMITS, Severity.LOW): (Reason.QUOTA, Reason.RATE),
    (Kind.ABSENCE, Severity.LOW): (Reason.NO_REPLY, Reason.CLIENT_ERROR),
}
CLASS_OF: Mapping[str, Class] = {str(reason): class_ for class_, reasons in OF_KIND.items() for reason in reasons}
AT_THE_DOOR: Mapping[Class, tuple[EventKind, ...]] = {
    (Kind.IDENTITY, Severity.HIGH): (
        *(EventKind.FORGED_SENDER, EventKind.WRONG_CERTIFICATE, EventKind.REVOKED_CERTIFICATE, EventKind.BAD_SIGNATURE),
        *(EventKind.BAD_INVITATION, EventKind.BAD_RENEWAL, EventKind.BAD_CONSENT, EventKind.UNASKED_REPLY),
    ),
    (Kind.ACCESS, Severity.HIGH): (
        *(EventKind.FORBIDDEN_PATH, EventKind.CONTROL_DENIED, EventKind.FOREIGN_RUN),
        *(EventKind.UNREADABLE_REVOCATIONS, EventKind.UNREADABLE_REGISTRY),
    ),
    (Kind.ACCESS, Severity.LOW): (EventKind.BAD_HANDSHAKE, EventKind.EXPIRED_CERTIFICATE),
    (Kind.CONTENT, Severity.MEDIUM): (EventKind.MALFORMED, EventKind.OVERSIZE_BODY, EventKind.OVERSIZE_HEADERS),
    (Kind.CONSENT, Severity.MEDIUM): (EventKind.SUSPENDED_TENANT, EventKind.RUN_WITHOUT_PURPOSE, EventKind.NO_CONSENT),
    (Kind.LIMITS, Severity.LOW): (
        *(EventKind.OVER_QUOTA, EventKind.RATE_LIMITED, EventKind.SLOW_UPLOAD, EventKind.TOO_MANY_IN_FLIGHT),
        *(EventKind.TOO_MANY_CONNECTIONS, EventKind.TOO_MANY_NODES),
    ),
}
"""What the server turned away. What it let somebody do is on record, and no incident."""
CLASS_AT_THE_DOOR: Mapping[str, Class] = {str(kind): class_ for class_, kinds in AT_THE_DOOR.items() for kind in kinds}
KNOWN = {str(reason) for reason in (*Reason, *Refused)}


def known_reason(text: str) -> bool:
    """Whether a table's text is a reason of ours, and so may be a label."""
    return text in KNOWN


def of_rejections(rejections: Mapping[str | None, Mapping[str, int]]) -> Iterator[Incident]:
    """What rejections amount to, given by tenant and reason. One of no known reason is about its content."""
    for reasons in rejections.values():
        for reason, count in reasons.items():
            yield Incident(*CLASS_OF.get(reason, (Kind.CONTENT, Severity.MEDIUM)), count)


def of_server_events(events: Mapping[str | None, Mapping[str, int]]) -> Iterator[Incident]:
    """What the server turned away amounts to, given by tenant and kind."""
    for kinds in events.values():
        for kind, count in kinds.items():
            if kind in CLASS_AT_THE_DOOR:
                yield Incident(*CLASS_AT_THE_DOOR[kind], count)


def summed(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """One of each kind and severity, in their order."""
    total: Counter[Class] = Counter()
    for incident in incidents:
        total[incident.kind, incident.severity] += incident.count
    return tuple(sorted(Incident(*class_, count) for class_, count in total.items()))


def lifecycle(session: Session) -> Iterator[Incident]:
    """Rounds that did not happen, runs that failed, and suspensions, as far as the session sees them."""
    skipped = session.exec(select(func.count()).select_from(RoundRow).where(RoundRow.status == SKIPPED)).one()
    ended = col(RunRow.status).in_((FAILED, INTERRUPTED))
    failed = session.exec(select(func.count()).select_from(RunRow).where(ended)).one()
    paused = select(func.count()).select_from(AuditEventRow).where(AuditEventRow.kind == "tenant.suspended")
    counts = {
        (Kind.ROUND, Severity.MEDIUM): skipped,
        (Kind.RUN, Severity.HIGH): failed,
        (Kind.SUSPENSION, Severity.MEDIUM): session.exec(paused).one(),
    }
    yield from (Incident(*class_, count) for class_, count in counts.items() if count)
