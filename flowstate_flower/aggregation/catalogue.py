"""The rules by name. The command line lists this dictionary, the contract tests and the docs walk it."""

from collections.abc import Callable

from flowstate_flower.aggregation import coordinates, rows
from flowstate_flower.aggregation.rule import Rule
from flowstate_flower.errors import UnknownName


def _linear(slope: int, constant: int) -> Callable[[int], int]:
    return lambda f: slope * f + constant


_RULES = (
    Rule(
        name="mean",
        compute=rows.mean,
        fewest=lambda f: 1 if f == 0 else None,
        needs="f = 0",
        paper="McMahan et al. 2017, arXiv:1602.05629",
        summary="FedAvg's average. One hostile tenant moves it anywhere.",
    ),
    Rule(
        name="median",
        compute=coordinates.median,
        fewest=_linear(2, 1),
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Coordinate-wise median. Each coordinate stays within the honest range.",
    ),
    Rule(
        name="trimmed-mean",
        compute=coordinates.trimmed_mean,
        fewest=_linear(2, 1),
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Mean of each coordinate without its f extremes at either end.",
    ),
    Rule(
        name="krum",
        compute=rows.krum,
        fewest=_linear(2, 3),
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="The single update nearest to its neighbours. Safe, and noisy: it uses one tenant's work.",
    ),
    Rule(
        name="multi-krum",
        compute=rows.multi_krum,
        fewest=_linear(2, 3),
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="Mean of the n - f updates with the best Krum scores.",
    ),
)

CATALOGUE: dict[str, Rule] = {rule.name: rule for rule in _RULES}


def rule_named(name: str) -> Rule:
    """The rule called `name`. Raises `UnknownName` with the nearest one that exists."""
    if name not in CATALOGUE:
        raise UnknownName("rule", name, CATALOGUE)
    return CATALOGUE[name]
