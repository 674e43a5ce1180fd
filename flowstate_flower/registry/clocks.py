"""When tenants say that they signed something."""

from datetime import datetime, timedelta

from flowstate_flower.errors import BadInput

CLOCK_SKEW = timedelta(minutes=5)


def not_from_the_future(at: str, now: str) -> None:
    """Raise `BadInput` for a statement from a clock that is ahead: everything signed later would look older than it."""
    if datetime.fromisoformat(at) > datetime.fromisoformat(now) + CLOCK_SKEW:
        raise BadInput(f"signed at {at}, which is in the future", hint="check the clock of the machine that signed it")
