"""Probes of joining: invitations that are used by others, and certificates that are asked for in others' names."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flowstate_flower.clients.home import TenantVoice
from flowstate_flower.errors import BadInput
from flowstate_flower.isolation.scratch import GONE, MINE, NOBODY, THEIRS, Scratch
from flowstate_flower.registry import enrolment, tickets
from flowstate_flower.registry.certificates import Certified
from flowstate_flower.registry.desk import timestamp
from flowstate_flower.registry.rounds import OPERATOR
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import CertificateStatement, sign

TOKEN, LATER = "of-a-newcomer", "2999-01-01T00:00:00.000000Z"


def invitations_are_good_once_and_for_their_name(scratch: Scratch) -> Iterator[str]:
    """An invitation lets in whom it names, once, with its secret; nobody else, and not with a certificate on another's word."""
    ticket = tickets.make(scratch.registry, "tenant-new", TOKEN, expires_at=LATER, actor=OPERATOR)
    policy = scratch.voices[MINE].policy
    new, other = (
        TenantVoice(policy.model_copy(update={"tenant": name}), SigningKey.generate()) for name in ("tenant-new", NOBODY)
    )
    join = partial(_join, scratch, ticket)
    yield from _let_in({"another secret": partial(join, "of-somebody-else", new, new.key)})
    yield from _let_in({"another name": partial(join, TOKEN, other, other.key)})
    yield from _let_in({"a certificate on another's word": partial(join, TOKEN, new, scratch.voices[MINE].key)})
    try:
        join(TOKEN, new, new.key)
    except (enrolment.NotLetIn, BadInput) as error:
        yield f"whoever was invited is not let in: {error}"
    yield from _let_in({"a second use": partial(join, TOKEN, other, other.key)})


def certificates_are_asked_for_by_their_own_tenant(scratch: Scratch) -> Iterator[str]:
    """A tenant gets no certificate in another's name, a stranger none at all, and nobody one that was deleted."""
    mine = scratch.voices[MINE].key
    yield from _let_in(
        {
            "a certificate for another": partial(_renew, scratch, THEIRS, mine),
            "a certificate for a name of nobody": partial(_renew, scratch, NOBODY, mine),
            "a certificate for whoever has another key": partial(_renew, scratch, MINE, SigningKey.generate()),
            "a certificate for a deleted tenant": partial(_renew, scratch, GONE, scratch.voices[GONE].key),
        }
    )
    try:
        _renew(scratch, MINE, mine)
    except (enrolment.NotLetIn, BadInput) as error:
        yield f"a tenant gets no certificate of its own: {error}"


def _join(scratch: Scratch, ticket: str, token: str, voice: TenantVoice, key: SigningKey) -> None:
    asked = _asked(voice.policy.tenant, key, ticket)
    enrolment.join(scratch.registry, token, voice.request(), asked, _certified)


def _renew(scratch: Scratch, tenant: str, key: SigningKey) -> None:
    enrolment.renew(scratch.registry, _asked(tenant, key, None), _certified)


def _asked(tenant: str, key: SigningKey, ticket: str | None) -> Envelope:
    return sign(CertificateStatement(tenant=tenant, csr="", ticket=ticket, at=timestamp()), key)


def _certified(statement: CertificateStatement) -> Certified:
    serial = SigningKey.generate().public.text
    return Certified(serial, statement.tenant, f"spiffe://example/tenant/{statement.tenant}", "0" * 64, timestamp(), LATER)


def _let_in(attempts: Mapping[str, Callable[[], None]]) -> Iterator[str]:
    for what, attempt in attempts.items():
        try:
            attempt()
        except (enrolment.NotLetIn, BadInput):
            continue
        yield f"{what} is let in"
