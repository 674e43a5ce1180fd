"""What a tenant claims of its privacy, held against what was asked and against arithmetic. A problem is a sentence."""

from collections.abc import Mapping
from math import isclose

from flowstate_flower.privacy import Accountant, GaussianRelease, truncated_poisson
from flowstate_flower.trust.statements import PrivacyClaim
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

ROUNDING = 1e-6
"""A claim may say so much less, relatively, than what was computed here."""


def shortfall(
    claim: PrivacyClaim | None, asked: PrivacyTerms | None, work: LocalWork, units: int, *, accept_seeded: bool
) -> str:
    """Why the claim is less than what was asked, or of other work, by a tenant with so many units; empty where it is not."""
    if asked is None or asked.unit == "tenant":  # then the noise is the server's
        return ""
    if claim is None:
        return "no privacy claim"
    if claim.randomness == "seeded" and not accept_seeded:
        return "seeded noise"
    if claim.metrics is not None and not claim.metrics.values:
        return "metrics without values"
    return _less(claim, asked) or _other_work(claim, work, units)


def too_little(claim: PrivacyClaim | None, before: Mapping[str, Accountant]) -> str:
    """Why the claimed ε cannot be: what was signed of its account `before` and the release itself cost more. Truncation is left
    out, so this is the least that it can be.
    """
    if claim is None:
        return ""
    noise_on_metrics = claim.metrics.noise_multiplier if claim.metrics else None
    release = GaussianRelease(claim.noise_multiplier, claim.sample_rate, claim.steps, metrics_noise_multiplier=noise_on_metrics)
    least = before.get(claim.account or "", Accountant()).after(release).epsilon(claim.delta)
    if claim.epsilon >= least * (1 - ROUNDING):
        return ""
    return f"ε = {claim.epsilon:.6g} is claimed, what was signed costs at least {least:.6g}"


def _less(claim: PrivacyClaim, asked: PrivacyTerms) -> str:
    if (claim.unit, claim.clipping) != (asked.unit, asked.clipping):
        return f"unit {claim.unit}, clipping {claim.clipping}: {asked.unit} and {asked.clipping} were asked"
    if claim.noise_multiplier < asked.noise_multiplier or claim.clip_norm > asked.clip_norm:
        return f"noise {claim.noise_multiplier}, clip {claim.clip_norm}"
    return ""


def _other_work(claim: PrivacyClaim, work: LocalWork, units: int) -> str:
    sampling = truncated_poisson(units, work.batch_size)
    if claim.steps != work.steps or not isclose(claim.sample_rate, sampling.rate, rel_tol=1e-9):
        return f"{claim.steps} steps at rate {claim.sample_rate:g}: not the work that was asked"
    if claim.truncated_at is not None and claim.truncated_at < sampling.largest:
        return f"samples truncated at {claim.truncated_at}: fewer than {sampling.largest} are not rare enough"
    if claim.delta >= 1 / units:
        return f"δ = {claim.delta:g} is not below 1 / {units}"
    return ""
