"""Every rule and mixing as a function, so that Python reads as the scenario file does: `nnm(f=3) >> trimmed_mean(f=3)`.

Each returns a `Rule` or a `Mixing`; `f` and parameters are optional. `repr` of a rule is written in these names.
"""

from typing import Protocol

from flowstate_flower.aggregation.catalogue import CATALOGUE
from flowstate_flower.aggregation.mixing import arc, bucketing, clipping, nnm
from flowstate_flower.aggregation.rule import Number, Rule


class RuleFunction(Protocol):
    """Makes a rule, with an f and parameters of its own where they are given."""

    def __call__(self, *, f: int | None = None, **parameters: Number) -> Rule: ...


def _function(name: str) -> RuleFunction:
    rule = CATALOGUE[name]

    def make(*, f: int | None = None, **parameters: Number) -> Rule:
        return rule.given(f=f, **parameters)

    make.__name__ = make.__qualname__ = name.replace("-", "_")
    if rule.guide is not None:
        make.__doc__ = (
            f"{rule.summary}\n\nFormula: {rule.guide.formula}\nPrecondition: {rule.needs}\n"
            f"Breakdown: {rule.guide.breakdown}\nCost: {rule.guide.cost}\nPaper: {rule.paper}"
        )
    return make


mean = _function("mean")
median = _function("median")
trimmed_mean = _function("trimmed-mean")
meamed = _function("meamed")
phocas = _function("phocas")
sign_majority = _function("sign-majority")
robust_learning_rate = _function("robust-learning-rate")
krum = _function("krum")
multi_krum = _function("multi-krum")
bulyan = _function("bulyan")
medoid = _function("medoid")
mda = _function("mda")
smea = _function("smea")
dnc = _function("dnc")
geometric_median = _function("geometric-median")
centred_clipping = _function("centred-clipping")
caf = _function("caf")
cge = _function("cge")
norm_bounded_mean = _function("norm-bounded-mean")
flame = _function("flame")
clipped_clustering = _function("clipped-clustering")
foolsgold = _function("foolsgold")
signguard = _function("signguard")
fltrust = _function("fltrust")
monna = _function("monna")

__all__ = [
    "arc",
    "bucketing",
    "bulyan",
    "caf",
    "centred_clipping",
    "cge",
    "clipped_clustering",
    "clipping",
    "dnc",
    "flame",
    "fltrust",
    "foolsgold",
    "geometric_median",
    "krum",
    "mda",
    "meamed",
    "mean",
    "median",
    "medoid",
    "monna",
    "multi_krum",
    "nnm",
    "norm_bounded_mean",
    "phocas",
    "robust_learning_rate",
    "sign_majority",
    "signguard",
    "smea",
    "trimmed_mean",
]
