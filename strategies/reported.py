"""What tenants let out of their own measurements of a round's model, put together for whoever watches the run."""

from collections.abc import Mapping, Sequence
from statistics import median

from flowstate_flower.round import Contribution


def reported(contributions: Sequence[Contribution]) -> Mapping[str, float]:
    """How many were `accepted`; by `reported-NAME` the median over those that signed a value of NAME."""
    found: dict[str, list[float]] = {}
    for contribution in contributions:
        claim = contribution.submission.statement.privacy
        for name, value in (claim.metrics.values if claim and claim.metrics else {}).items():
            found.setdefault(f"reported-{name}", []).append(value)
    return {"accepted": len(contributions), **{name: median(values) for name, values in sorted(found.items())}}
