"""How much of something a tenant agrees to: the same values bound a consent, a platform, a tenant's settings and a run."""

from dataclasses import dataclass

from pydantic import Field

from flowstate_flower.trust.terms import Finite, Frozen, LocalWork, PrivacyTerms

LARGER_IS_TIGHTER = frozenset({"least_noise_multiplier"})


class Bounds(Frozen):
    """The most that is agreed to. What is absent is not bounded. `largest_epsilon` is the total that a tenant signs for.

    The three bounds on privacy are on the tenant's own: with any of them it takes no part where the server adds the noise.
    """

    most_rounds: int | None = Field(default=None, ge=1)
    most_steps: int | None = Field(default=None, ge=1)
    least_noise_multiplier: Finite | None = Field(default=None, gt=0)
    largest_clip_norm: Finite | None = Field(default=None, gt=0)
    largest_epsilon: Finite | None = Field(default=None, gt=0)

    def objection(self, work: LocalWork, privacy: PrivacyTerms | None) -> str:
        """Why this work under these terms is not within the bounds; empty where it is."""
        if self.most_steps is not None and work.steps > self.most_steps:
            return f"{work.steps} steps, at most {self.most_steps}"
        if privacy is None or privacy.noise_at_server:
            private = (self.least_noise_multiplier, self.largest_clip_norm, self.largest_epsilon)
            return "no privacy of the tenant's own is asked for" if any(bound is not None for bound in private) else ""
        if self.least_noise_multiplier is not None and privacy.noise_multiplier < self.least_noise_multiplier:
            return f"noise {privacy.noise_multiplier:g}, at least {self.least_noise_multiplier:g}"
        if self.largest_clip_norm is not None and privacy.clip_norm > self.largest_clip_norm:
            return f"clipping norm {privacy.clip_norm:g}, at most {self.largest_clip_norm:g}"
        return ""

    def exhausted(self, rounds: int, epsilon: float) -> str:
        """Why no further round fits after `rounds` of them and a total of `epsilon`; empty where one does."""
        if self.most_rounds is not None and rounds >= self.most_rounds:
            return f"{rounds} rounds, at most {self.most_rounds}"
        if self.largest_epsilon is not None and epsilon >= self.largest_epsilon:
            return f"ε is {epsilon:g}, at most {self.largest_epsilon:g}"
        return ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a run asks of tenants. `app` is the digest of the code that it runs, where it is known."""

    run: str
    purpose: str
    work: LocalWork
    privacy: PrivacyTerms | None
    app: str | None = None


def tightest(*layers: Bounds) -> Bounds:
    """Of every bound the tightest that any of `layers` sets."""
    values = {}
    for name in Bounds.model_fields:
        set_ = [value for layer in layers if (value := getattr(layer, name)) is not None]
        values[name] = (max if name in LARGER_IS_TIGHTER else min)(set_, default=None)
    return Bounds(**values)


def loosened(inner: Bounds, outer: Bounds) -> str | None:
    """The name of the first bound that `inner` sets looser than `outer` does."""
    return next((n for n, value in inner if value is not None and getattr(tightest(inner, outer), n) != value), None)
