"""The rules by name. The command line lists this dictionary, the contract tests and the docs walk it."""

from collections.abc import Callable
from importlib.metadata import entry_points

from flowstate_flower.aggregation import coordinates, geometry, rows, subsets
from flowstate_flower.aggregation.mixing import mixing_named
from flowstate_flower.aggregation.rule import Rule
from flowstate_flower.errors import BadInput, UnknownName

ENTRY_POINTS = "flowstate_flower.rules"


def _linear(slope: int, constant: int) -> Callable[[int], int]:
    return lambda f: slope * f + constant


def _half(f: int) -> int:
    return 2 * f + 1


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
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Coordinate-wise median. Each coordinate stays within the honest range.",
    ),
    Rule(
        name="trimmed-mean",
        compute=coordinates.trimmed_mean,
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Mean of each coordinate without its f extremes at either end.",
    ),
    Rule(
        name="meamed",
        compute=coordinates.mean_around_median,
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Xie et al. 2018, arXiv:1802.10116",
        summary="Mean of the n - f values of each coordinate nearest its median.",
    ),
    Rule(
        name="phocas",
        compute=coordinates.phocas,
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Xie et al. 2018, arXiv:1805.09682",
        summary="Mean of the n - f values of each coordinate nearest its trimmed mean.",
    ),
    Rule(
        name="krum",
        compute=rows.by_distances(rows.krum),
        fewest=_linear(2, 3),
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="The single update nearest to its neighbours. Safe, and noisy: it uses one tenant's work.",
    ),
    Rule(
        name="multi-krum",
        compute=rows.by_distances(rows.multi_krum),
        fewest=_linear(2, 3),
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="Mean of the n - f updates with the best Krum scores.",
    ),
    Rule(
        name="bulyan",
        compute=rows.bulyan,
        fewest=_linear(4, 3),
        needs="n ≥ 4f + 3",
        paper="El Mhamdi et al. 2018, arXiv:1802.07927",
        summary="Krum again and again selects n - 2f updates, then MeaMed of these. Safe in single coordinates too.",
    ),
    Rule(
        name="medoid",
        compute=rows.by_distances(rows.medoid),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Kaufman and Rousseeuw 1987, Clustering by Means of Medoids",
        summary="The single update with the smallest sum of distances to all others.",
    ),
    Rule(
        name="geometric-median",
        compute=rows.by_distances(geometry.geometric_median),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Pillutla et al. 2022, arXiv:1912.13445",
        summary="RFA: the point with the smallest sum of distances to all updates.",
    ),
    Rule(
        name="centred-clipping",
        compute=geometry.by_place(geometry.centred_clipping),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Karimireddy et al. 2021, arXiv:2012.10333",
        summary="Steps from the model that was sent, each update's pull clipped to the median distance.",
    ),
    Rule(
        name="mda",
        compute=rows.by_distances(subsets.mda),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="El Mhamdi et al. 2020, arXiv:1905.03853; Rousseeuw 1985",
        summary="Mean of the n - f updates of smallest diameter, found exactly.",
    ),
    Rule(
        name="smea",
        compute=rows.by_distances(subsets.smea),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Allouah et al. 2023, arXiv:2302.04787",
        summary="Mean of the n - f updates whose covariance has the smallest top eigenvalue. Tries all subsets: small n only.",
    ),
    Rule(
        name="caf",
        compute=rows.by_distances(geometry.caf),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Allouah, Guerraoui and Stephan 2025, covariance-bound agnostic filter",
        summary="Takes weight from the updates that stand out along the direction of largest spread.",
    ),
    Rule(
        name="cge",
        compute=geometry.by_place(geometry.cge),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Gupta, Liu and Vaidya 2021, arXiv:2008.04699",
        summary="Mean of the n - f updates of smallest norm. Blind to direction.",
    ),
    Rule(
        name="norm-bounded-mean",
        compute=geometry.by_place(geometry.norm_bounded_mean),
        fewest=_half,
        needs="n ≥ 2f + 1",
        paper="Sun et al. 2019, arXiv:1911.07963",
        summary="Mean of the updates, each shortened to at most the median norm. Bounds an attacker, removes none.",
    ),
)

CATALOGUE: dict[str, Rule] = {rule.name: rule for rule in _RULES}


def rule_named(text: str) -> Rule:
    """The rule that `text` writes: a name, or mixings before it as in `nnm >> trimmed-mean`.

    Raises `UnknownName` with the nearest name that exists. A rule's own name can be read back.
    """
    *before, name = (part.strip() for part in text.split(">>"))
    known = CATALOGUE if name in CATALOGUE else CATALOGUE | installed_rules()
    if name not in known:
        raise UnknownName("rule", name, known)
    rule = known[name]
    for mixing in reversed(before):
        rule = mixing_named(mixing) >> rule
    return rule


def installed_rules() -> dict[str, Rule]:
    """Rules that other packages bring, as entry points of the group `flowstate_flower.rules`: each is a `Rule`.

    They come after ours: a package cannot replace a rule of the catalogue. Raises `BadInput` for an entry that is no rule.
    """
    found = {}
    for entry in entry_points(group=ENTRY_POINTS):
        rule = entry.load()
        if not isinstance(rule, Rule):
            raise BadInput(f"the entry point '{entry.name}' is not a rule", hint=f"uninstall or mend {entry.value}")
        found[rule.name] = rule
    return found
