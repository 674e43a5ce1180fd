"""A tenant's home in one folder of its own disk, with the key in this process."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from flowstate_flower.clients.home import NO_METRICS, Charge, Metrics
from flowstate_flower.clients.policy import Declined, PrivacyPolicy, TenantPolicy
from flowstate_flower.clients.refusals import RefusalLog
from flowstate_flower.clients.updates import UpdateStore
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Account, BudgetExhausted, Ledger, Reservation, RoundAlreadyCharged
from flowstate_flower.trust.canonical import canonical, digest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import (
    MetricsClaim,
    PresenceStatement,
    PrivacyClaim,
    RefusalStatement,
    Refused,
    UpdateStatement,
    sign,
)
from flowstate_flower.trust.terms import Digest, Frozen, Terms

log = logging.getLogger(__name__)


def asked_of(terms: Terms) -> str:
    """The digest of all that is asked but the nonce: two requests with the same are one question."""
    return digest({"domain": "flowstate/asked/v1", **terms.model_dump(mode="json", exclude={"nonce"})})


def privacy_of(policy: TenantPolicy) -> PrivacyPolicy:
    """What the tenant says of budgets. Raises `Declined` where it has none."""
    if policy.privacy is None:
        raise Declined(Refused.BUDGET, "the tenant has set no privacy budget")
    return policy.privacy


class Memo(Frozen):
    """What is noted with a reservation: the question, and what will be claimed, but for the account and its ε."""

    asked: Digest
    claim: PrivacyClaim | None


@dataclass(frozen=True, slots=True)
class FolderHome:
    """`TenantHome` on the tenant's policy, signing key, privacy ledger and record of refusals.

    With `only_reserved` an update under a budget is signed only where a reservation was made for it.
    """

    policy: TenantPolicy
    key: SigningKey
    ledger: Ledger
    refusals: RefusalLog
    updates: UpdateStore | None = None
    only_reserved: bool = False

    def reserve(self, terms: Terms, charge: Charge) -> PrivacyClaim | None:
        """See `TenantHome`."""
        budget, account = privacy_of(self.policy).budget, charge.account
        memo = Memo(asked=asked_of(terms), claim=_unpriced(self.policy, charge))
        noted = canonical(memo.model_dump(mode="json")).decode()
        try:
            self.ledger.open(account, budget, charge.units)
            epsilon = self.ledger.reserve(account, terms.run, terms.round, charge.release, budget, noted)
        except BudgetExhausted as error:
            raise Declined(Refused.BUDGET, str(error)) from error
        except RoundAlreadyCharged as error:
            raise Declined(Refused.REPLAYED_ROUND, str(error)) from error
        return self._priced(memo.claim, account, epsilon)

    def abandon(self, terms: Terms) -> None:
        """See `TenantHome`."""
        for reservation, _ in self._reserved(terms):
            self.ledger.abandon(reservation.account, terms.run, terms.round)

    def settle(self, terms: Terms) -> None:
        """See `TenantHome`."""
        for reservation, _ in self._reserved(terms):
            if reservation.update is None and not reservation.abandoned:
                self.ledger.settle(reservation.account, terms.run, terms.round)

    def sign_update(self, terms: Terms, update: str, examples: int, metrics: Metrics = NO_METRICS) -> Envelope:
        """See `TenantHome`."""
        statement = UpdateStatement(
            run=terms.run,
            round=terms.round,
            tenant=self.policy.tenant,
            base=terms.base,
            nonce=terms.nonce,
            update=update,
            examples=examples,
            privacy=self._spent_on(terms, update, metrics),
            at=_now(),
        )
        return sign(statement, self.key)

    def sign_refusal(self, run: str, round_number: int, nonce: str, no: Declined) -> Envelope:
        """See `TenantHome`."""
        statement = RefusalStatement(
            run=run,
            round=round_number,
            tenant=self.policy.tenant,
            nonce=nonce,
            reason=no.reason,
            detail=str(no)[:300],
            at=_now(),
        )
        envelope = sign(statement, self.key)
        try:
            self.refusals.append(statement, envelope)
        except BadInput as error:
            log.error("%s", error)  # a full disk makes no yes of a no
        return envelope

    def sign_presence(self, node: int, nonce: str) -> Envelope:
        """See `TenantHome`."""
        return sign(PresenceStatement(tenant=self.policy.tenant, node=node, nonce=nonce), self.key)

    def _reserved(self, terms: Terms) -> list[tuple[Reservation, Memo]]:
        """What was reserved for exactly these terms, the newest first."""
        found = [(r, Memo.model_validate_json(r.memo)) for r in self.ledger.reserved(terms.run, terms.round)]
        return [(reservation, memo) for reservation, memo in found if memo.asked == asked_of(terms)]

    def _spent_on(self, terms: Terms, update: str, metrics: Metrics) -> PrivacyClaim | None:
        """Settle a reservation with `update` and `metrics`, unless that was done before, and return what is claimed of it."""
        reserved = self._reserved(terms)
        if not reserved and not (self.only_reserved and self.policy.privacy is not None):
            return None
        released = _released(update, metrics)
        usable = [(r, memo) for r, memo in reserved if not r.abandoned and r.update in {None, released}]
        if not usable:
            raise Declined(Refused.REPLAYED_ROUND, "nothing is reserved that this update could be the answer to")
        reservation, memo = min(usable, key=lambda pair: pair[0].update is None)  # one that was spent on this very update
        claim = _with_values(memo, metrics)
        try:
            self.ledger.settle(reservation.account, terms.run, terms.round, update=released)
        except RoundAlreadyCharged as error:  # somebody was faster
            raise Declined(Refused.REPLAYED_ROUND, str(error)) from error
        return self._priced(claim, reservation.account, reservation.epsilon)

    def _priced(self, claim: PrivacyClaim | None, account: Account, epsilon: float) -> PrivacyClaim | None:
        if claim is None:
            return None
        return claim.model_copy(update={"account": self.ledger.pseudonym(account), "epsilon": epsilon})


def _released(update: str, metrics: Metrics) -> str:
    """The digest of all that leaves: of the update where that is all."""
    if not metrics:
        return update
    return digest({"domain": "flowstate/released/v1", "update": update, "metrics": dict(metrics)})


def _with_values(memo: Memo, metrics: Metrics) -> PrivacyClaim | None:
    """What is claimed, with the metrics' values. Raises `Declined` for other metrics than were reserved."""
    reserved = memo.claim.metrics if memo.claim else None
    if metrics.keys() != (reserved.bounds.keys() if reserved else set()):
        raise Declined(Refused.BAD_TERMS, "the metrics are not those that were reserved")
    if memo.claim is None or reserved is None:
        return memo.claim
    valued = MetricsClaim(**reserved.model_dump(exclude={"values"}), values=dict(metrics))
    return memo.claim.model_copy(update={"metrics": valued})


def _unpriced(policy: TenantPolicy, charge: Charge) -> PrivacyClaim | None:
    """What is claimed of a round, but for the account's pseudonym and its total ε, which only the ledger knows."""
    if charge.made is None:
        return None
    return PrivacyClaim(
        unit=charge.made.unit,
        noise_multiplier=charge.release.noise_multiplier,
        clip_norm=charge.made.clip_norm,
        clipping=charge.made.clipping,
        sample_rate=charge.release.sample_rate,
        steps=charge.release.steps,
        truncated_at=charge.truncated_at,
        epsilon=0.0,
        delta=charge.account.delta,
        randomness=policy.randomness.source,
        metrics=charge.metrics,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
