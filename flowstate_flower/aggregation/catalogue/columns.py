"""Rules that decide each coordinate alone."""

from flowstate_flower.aggregation import coordinates, rows
from flowstate_flower.aggregation.rule import Guide, Rule


def half(f: int) -> int:
    """2f + 1: an honest majority."""
    return 2 * f + 1


def trusting(f: int) -> int | None:
    """Any n, and no hostile tenant."""
    return 1 if f == 0 else None


RULES = (
    Rule(
        name="mean",
        compute=rows.mean,
        fewest=trusting,
        needs="f = 0",
        paper="McMahan et al. 2017, arXiv:1602.05629",
        summary="FedAvg's average. One hostile tenant moves it anywhere.",
        guide=Guide(
            formula="Σ sᵢ xᵢ, where the shares sᵢ are 1/n, or by examples where the round's `weighting` says so",
            breakdown="one hostile update moves the result anywhere.",
            cost="one weighted read.",
            use="where all tenants are trusted, and as the baseline: it averages the most noise away.",
            hurts='as soon as anybody poisons. With `weighting = "examples"` a tenant also chooses its own weight, within the '
            "policy's `most_examples`.",
        ),
    ),
    Rule(
        name="median",
        compute=coordinates.median,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Coordinate-wise median. Each coordinate stays within the honest range.",
        guide=Guide(
            formula="the middle of x₁ⱼ … xₙⱼ in each coordinate j; for an even n the mean of the two middle ones",
            breakdown="half of the updates.",
            cost="one pass, sorted in registers.",
            use="with few tenants, or where f is as large as it can be.",
            hurts="where honest tenants differ: it forgets what only a minority of them knows. It averages less noise "
            "away than the "
            "mean. Attackers inside the honest range still pull it, and nobody is named: there are no weights.",
        ),
    ),
    Rule(
        name="trimmed-mean",
        compute=coordinates.trimmed_mean,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Yin et al. 2018, arXiv:1803.01498",
        summary="Mean of each coordinate without its f extremes at either end.",
        guide=Guide(
            formula="in each coordinate j, the mean of the sorted values of rank f + 1 … n − f",
            breakdown="more than f updates, for the f it was told; at most just under half.",
            cost="one pass, sorted in registers as far as the kept sum needs.",
            use="where f is small beside n: it uses more of the honest work than the median.",
            hurts="where f is set too low; and, as the median, where honest tenants differ. No weights.",
        ),
    ),
    Rule(
        name="meamed",
        compute=coordinates.mean_around_median,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Xie et al. 2018, arXiv:1802.10116",
        summary="Mean of the n - f values of each coordinate nearest its median.",
        guide=Guide(
            formula="in each coordinate, the mean of the n − f values nearest the median",
            breakdown="half of the updates.",
            cost="one pass, sorted in registers.",
            use="where the median is safe but too noisy: it averages more values.",
            hurts="honest minorities, as the median does. No weights.",
        ),
    ),
    Rule(
        name="phocas",
        compute=coordinates.phocas,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Xie et al. 2018, arXiv:1805.09682",
        summary="Mean of the n - f values of each coordinate nearest its trimmed mean.",
        guide=Guide(
            formula="in each coordinate, the mean of the n − f values nearest the trimmed mean",
            breakdown="half of the updates.",
            cost="one pass, sorted in registers.",
            use="as `meamed`, where honest values are skewed.",
            hurts="honest minorities, as the trimmed mean does. No weights.",
        ),
    ),
    Rule(
        name="sign-majority",
        compute=coordinates.sign_majority,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Bernstein et al. 2019, arXiv:1810.05291",
        summary="signSGD: each coordinate goes one step the way that most updates go.",
        guide=Guide(
            formula="step · sign(Σᵢ sign(xᵢⱼ)); without a `step` of its own, the median norm over √d, so that the result "
            "is as long as "
            "the median update",
            breakdown="half of the updates, in each coordinate on which the honest agree by more than f votes. No result "
            "is longer "
            "than the step allows, whatever is sent.",
            cost="one pass of votes, and one of distances to find the step.",
            use="where updates are noisy in size and only their direction is trusted.",
            hurts="all that is rare: a coordinate that few tenants move far counts no more than one that is moved by "
            "nothing but noise.",
        ),
    ),
    Rule(
        name="robust-learning-rate",
        compute=coordinates.robust_learning_rate,
        fewest=trusting,
        needs="f = 0",
        paper="Ozdayi, Kantarcioglu and Gel 2021, arXiv:2007.03767",
        summary="The mean, turned round in each coordinate where too few updates agree on the sign.",
        guide=Guide(
            formula="mean of xᵢⱼ where |Σᵢ sign(xᵢⱼ)| ≥ `threshold`, minus that mean elsewhere; without one, ⌊n/3⌋ + 1",
            breakdown="it answers backdoors, which few tenants push and most do not; it bounds no size. One update of any "
            "length moves "
            "the result, so it claims no f: put a clipping before it.",
            cost="one pass.",
            use="against backdoors, as `clipping(norm=1.0) >> robust-learning-rate`, with many tenants.",
            hurts="coordinates on which honest tenants really differ: they are moved the wrong way.",
        ),
    ),
)
