"""The isolation score: a scratch federation with real keys, and probes that try to cross from one tenant to another.

A probe passes when it tried and got nowhere. What it could not try, it has not passed.
"""

from flowstate_flower.isolation.suite import SUITE, Result, Score, score

__all__ = ["SUITE", "Result", "Score", "score"]
