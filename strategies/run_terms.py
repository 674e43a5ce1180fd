"""What stays the same over a run."""

from dataclasses import dataclass, field

from flowstate_flower.admission import Limits
from flowstate_flower.round import Closing
from flowstate_flower.trust.bounds import Ask
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What stays the same over a run. `cohort` is how many tenants are asked in a round, None for all that may be; `app` is
    the digest of the code that tenants are asked to run, where it is known.
    """

    run: str
    purpose: str
    work: LocalWork
    privacy: PrivacyTerms | None
    closing: Closing
    limits: Limits = field(default_factory=Limits)
    deadline_seconds: float = 600.0
    cohort: int | None = None
    app: str | None = None

    @property
    def ask(self) -> Ask:
        """What tenants agree to or not."""
        return Ask(self.run, self.purpose, self.work, self.privacy, self.app)

    @property
    def fewest(self) -> int:
        """Below this many tenants a round cannot be closed, so nobody is asked."""
        return max(1, self.closing.quorum, self.closing.rule.fewest(self.closing.byzantine) or 0)
