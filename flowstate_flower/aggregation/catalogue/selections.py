"""Rules that keep some rows whole, by their mutual distances."""

from flowstate_flower.aggregation import filters, rows, subsets
from flowstate_flower.aggregation.catalogue.columns import half
from flowstate_flower.aggregation.rule import Guide, Rule
from flowstate_flower.aggregation.weighing import by_distances


def _krum(f: int) -> int:
    return 2 * f + 3


def _bulyan(f: int) -> int:
    return 4 * f + 3


RULES = (
    Rule(
        name="krum",
        compute=by_distances(rows.krum),
        fewest=_krum,
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="The single update nearest to its neighbours. Safe, and noisy: it uses one tenant's work.",
        guide=Guide(
            formula="the row with the smallest sum of squared distances to its n − f − 2 nearest others",
            breakdown="more than f updates; f is at most (n − 3) / 2.",
            cost="one pass of distances, n² · d, and one read of one row.",
            use="to see which update is the most central.",
            hurts="with private training: it uses one tenant's update, so no noise is averaged away, and all other honest "
            "work of the "
            "round is lost.",
        ),
    ),
    Rule(
        name="multi-krum",
        compute=by_distances(rows.multi_krum),
        fewest=_krum,
        needs="n ≥ 2f + 3",
        paper="Blanchard et al. 2017, arXiv:1703.02757",
        summary="Mean of the n - f updates with the best Krum scores.",
        guide=Guide(
            formula="the mean of the n − f rows with the smallest Krum scores, each with the same weight",
            breakdown="more than f updates; f is at most (n − 3) / 2.",
            cost="one pass of distances and one weighted read.",
            use="as a first choice with private training: it drops what lies far off and averages the rest.",
            hurts="where there are fewer attackers than f, because it always drops f updates, honest ones too; and where "
            "an honest "
            "tenant's data is unlike the others', because that tenant is dropped most often. An attacker that stays near "
            "the honest "
            "updates is kept.",
        ),
    ),
    Rule(
        name="bulyan",
        compute=rows.bulyan,
        fewest=_bulyan,
        needs="n ≥ 4f + 3",
        paper="El Mhamdi et al. 2018, arXiv:1802.07927",
        summary="Krum again and again selects n - 2f updates, then MeaMed of these. Safe in single coordinates too.",
        guide=Guide(
            formula="Krum, applied again and again to what is left, selects n − 2f rows; in each coordinate of these, the "
            "mean of the "
            "n − 4f values nearest their median",
            breakdown="more than f updates; f is at most (n − 3) / 4.",
            cost="one pass of distances, one pass sorted in registers.",
            use="where an attacker may hide a large change in a few coordinates, and n is large beside f.",
            hurts="honest minorities twice: whole updates are dropped, then values. No weights.",
        ),
    ),
    Rule(
        name="medoid",
        compute=by_distances(rows.medoid),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Kaufman and Rousseeuw 1987, Clustering by Means of Medoids",
        summary="The single update with the smallest sum of distances to all others.",
        guide=Guide(
            formula="the row with the smallest sum of distances ‖xᵢ − xₖ‖",
            breakdown="half of the updates.",
            cost="one pass of distances and one read of one row.",
            use="where the result must be a tenant's own update and n is too small for Krum.",
            hurts="with private training, as Krum does: no noise is averaged away.",
        ),
    ),
    Rule(
        name="mda",
        compute=by_distances(subsets.mda),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="El Mhamdi et al. 2020, arXiv:1905.03853; Rousseeuw 1985",
        summary="Mean of the n - f updates of smallest diameter, found exactly.",
        guide=Guide(
            formula="the mean of the n − f rows whose largest mutual distance is smallest",
            breakdown="more than f updates.",
            cost="one pass of distances, a bounded search for vertex covers (exact at n = 100), one weighted read.",
            use="where honest updates are close together and n is not much above 2f.",
            hurts="the f honest updates that are farthest out, in every round.",
        ),
    ),
    Rule(
        name="smea",
        compute=by_distances(subsets.smea),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Allouah et al. 2023, arXiv:2302.04787",
        summary="Mean of the n - f updates whose covariance has the smallest top eigenvalue. Tries all subsets: small n only.",
        guide=Guide(
            formula="the mean of the n − f rows whose covariance has the smallest largest eigenvalue",
            breakdown="more than f updates.",
            cost="one pass of distances, an eigenvalue for every subset (more than 200 000 subsets are refused), one "
            "weighted read.",
            use="for few tenants, as the strongest guarantee of this list.",
            hurts="the f honest updates that stand out.",
        ),
    ),
    Rule(
        name="dnc",
        compute=filters.dnc,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Shejwalkar and Houmansadr 2021, Manipulating the Byzantine (NDSS)",
        summary="Divide and conquer: drops the f updates that stick out most along the direction of largest spread.",
        guide=Guide(
            formula="v is the top eigenvector of the covariance; the ⌊`remove` · f⌋ rows with the largest ⟨xᵢ − mean, v⟩² "
            "go, the mean of "
            "the others stays (`remove` is 1 unless given)",
            breakdown="more than f updates; one far outlier hides others from the same look, so that it is at its best alone.",
            cost="one pass of distances, one eigenvector of an n × n matrix, one weighted read. The paper samples "
            "coordinates to afford "
            "the eigenvector; on the n × n matrix all of them cost the same, so nothing is drawn.",
            use="against attackers that act together in one direction.",
            hurts="honest tenants that make up the direction of largest spread.",
        ),
    ),
)
