"""Rules that trust an update of the server's own."""

from flowstate_flower.aggregation import rooted
from flowstate_flower.aggregation.catalogue.columns import half
from flowstate_flower.aggregation.rule import Guide, Rule


def _one_honest(f: int) -> int:
    return f + 1


RULES = (
    Rule(
        name="fltrust",
        compute=rooted.fltrust,
        fewest=_one_honest,
        needs="n ≥ f + 1, and an update of the server's own",
        paper="Cao et al. 2021, arXiv:2012.13995",
        summary="Updates count as far as they point where the server's own update does, and become as long as it.",
        rooted=True,
        guide=Guide(
            formula="Σ tᵢ (‖g₀‖ / ‖xᵢ‖) xᵢ / Σ tᵢ with tᵢ = max(0, cos(xᵢ, g₀)), g₀ the server's update; nothing moves "
            "where all tᵢ are 0",
            breakdown="none by number: the result always lies within 90° of the server's update and is no longer. It is "
            "as good as the "
            "root data set, and attackers within its direction are kept.",
            cost="one pass of distances and one weighted read, after the server's own training.",
            use="where the server has a little clean data like the tenants', and perhaps no honest majority.",
            hurts="tenants whose data the root data set does not know.",
        ),
    ),
    Rule(
        name="monna",
        compute=rooted.monna,
        fewest=half,
        needs="n ≥ 2f + 1, and an update of the server's own",
        paper="Farhadkhani et al. 2023, arXiv:2209.10931",
        summary="Mean of the server's own update and the n - f updates nearest to it.",
        rooted=True,
        guide=Guide(
            formula="the mean of g₀ and the n − f rows nearest to it, g₀ the server's update: the server is one of the "
            "paper's nodes",
            breakdown="more than f updates.",
            cost="one pass of distances and one weighted read, after the server's own training.",
            use="as `fltrust`, where whole honest updates should count.",
            hurts="the f tenants farthest from the root data set.",
        ),
    ),
)
