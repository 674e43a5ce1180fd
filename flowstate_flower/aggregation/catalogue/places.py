"""Rules that weigh rows by where they lie: from each other, from the model that was sent, in direction."""

from flowstate_flower.aggregation import filters, geometry, similarity
from flowstate_flower.aggregation.catalogue.columns import half, trusting
from flowstate_flower.aggregation.rule import Guide, Rule
from flowstate_flower.aggregation.weighing import by_distances, by_exact_distances, by_place

RULES = (
    Rule(
        name="geometric-median",
        compute=by_exact_distances(geometry.geometric_median),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Pillutla et al. 2022, arXiv:1912.13445",
        summary="RFA: the point with the smallest sum of distances to all updates.",
        guide=Guide(
            formula="argmin over z of Σ ‖xᵢ − z‖, by Weiszfeld's iteration on the n × n matrix to a relative tolerance; "
            "leaving a row as "
            "Vardi and Zhang (2000) do",
            breakdown="half of the updates.",
            cost="one pass of distances, an iteration on n × n, one weighted read.",
            use="where f is not known: it needs none, and weighs outliers down instead of dropping them.",
            hurts="little: a minority is outweighed, not removed. Attackers are not removed either; many near one point "
            "pull it.",
        ),
    ),
    Rule(
        name="centred-clipping",
        compute=geometry.centred_clipping,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Karimireddy et al. 2021, arXiv:2012.10333",
        summary="Steps from where the last round ended, each update's pull clipped to the median distance.",
        guide=Guide(
            formula="v ← v + mean of min(1, r / ‖xᵢ − v‖)(xᵢ − v), `steps` times (10 unless given); v begins at "
            "`momentum` (1 unless given) "
            "times the aggregate of the round before, r is the median distance where the paper has a constant",
            breakdown="half of the updates.",
            cost="one pass of distances, an iteration on n × n, one weighted read. Between rounds it remembers one update.",
            use="where updates are noisy and attackers go far; with clients' `worker_momentum`, as its paper asks.",
            hurts="little in one round; small steps in one direction, repeated over rounds, are not stopped.",
        ),
    ),
    Rule(
        name="caf",
        compute=by_distances(geometry.caf),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Allouah, Guerraoui and Stephan 2025, covariance-bound agnostic filter",
        summary="Takes weight from the updates that stand out along the direction of largest spread.",
        guide=Guide(
            formula="weights cᵢ ← cᵢ (1 − ⟨xᵢ − mean, v⟩² / max), v the top eigenvector, until only n − 2f of weight is "
            "left; of the means on "
            "the way, the one with the smallest top eigenvalue",
            breakdown="more than f updates.",
            cost="one pass of distances, eigenpairs of n × n matrices, one weighted read.",
            use="in place of `smea` for more tenants.",
            hurts="honest minorities that make up the direction of largest spread.",
        ),
    ),
    Rule(
        name="cge",
        compute=by_place(geometry.cge),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Gupta, Liu and Vaidya 2021, arXiv:2008.04699",
        summary="Mean of the n - f updates of smallest norm. Blind to direction.",
        guide=Guide(
            formula="the mean of the n − f rows with the smallest ‖xᵢ‖",
            breakdown="more than f updates.",
            cost="one pass of distances and one weighted read.",
            use="only where attackers must be large to do harm: it is blind to direction.",
            hurts="tenants with the most to say: their updates are the longest.",
        ),
    ),
    Rule(
        name="norm-bounded-mean",
        compute=by_place(geometry.norm_bounded_mean),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Sun et al. 2019, arXiv:1911.07963",
        summary="Mean of the updates, each shortened to at most the median norm. Bounds an attacker, removes none.",
        guide=Guide(
            formula="mean of min(1, r / ‖xᵢ‖) xᵢ, r the median norm",
            breakdown="it bounds an attacker's pull and removes none; half of the updates decide the bound.",
            cost="one pass of distances and one weighted read.",
            use="beside other defences, or where attacks are rare and everybody's work should count.",
            hurts="nobody much, attackers included.",
        ),
    ),
    Rule(
        name="flame",
        compute=by_place(filters.flame),
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Nguyen et al. 2022, arXiv:2101.02281",
        summary="FLAME's clustering and clipping: the tightest majority by direction, shortened to the median norm. "
        "Without its noise.",
        guide=Guide(
            formula="the first cluster of more than n/2 rows that single linkage finds by 1 − cos(xᵢ, xₖ), which is what "
            "HDBSCAN keeps; its "
            "mean, each row shortened to the median norm of all",
            breakdown="half of the updates, where the honest are nearer to each other in direction than to attackers. The "
            "result is no "
            "longer than the median norm. The paper adds noise against backdoors: add privacy at the tenants instead.",
            cost="one pass of distances and one weighted read.",
            use="against attackers that push a direction of their own.",
            hurts="honest tenants whose direction differs from the majority's: they are dropped.",
        ),
    ),
    Rule(
        name="clipped-clustering",
        compute=filters.clipped_clustering,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Li, Ngai and Voigt 2023, arXiv:2302.07173",
        summary="The larger of two clusters by direction, shortened to the median of all norms seen so far.",
        guide=Guide(
            formula="two clusters by 1 − cos(xᵢ, xₖ) and average linkage; the mean of the larger, each row shortened to "
            "the median norm of "
            "this and all earlier rounds",
            breakdown="half of the updates, where attackers agree in direction. The result is no longer than the median norm.",
            cost="one pass of distances and one weighted read. Between rounds it remembers the norms.",
            use="against attackers that act together.",
            hurts="one of two groups of honest tenants that differ in direction.",
        ),
    ),
    Rule(
        name="signguard",
        compute=filters.signguard,
        fewest=half,
        needs="n ≥ 2f + 1",
        paper="Xu et al. 2022, arXiv:2109.05872",
        summary="Drops updates of implausible norm or with unusual shares of signs; the rest is shortened to the median norm.",
        guide=Guide(
            formula="rows with norm in [`shortest`, `longest`] × the median norm (0.1 and 3 unless given) and in the "
            "largest mean-shift cluster "
            "of their shares of negative, zero and positive coordinates; their mean, each shortened to the median norm",
            breakdown="half of the updates, where attackers differ in size or in signs. The result is no longer than the "
            "median norm.",
            cost="one pass of distances, one of signs, one weighted read. The paper counts a random tenth of the signs; "
            "here all count.",
            use="against attacks inside the honest range that still tilt the signs.",
            hurts="honest tenants that train other layers than most.",
        ),
    ),
    Rule(
        name="foolsgold",
        compute=similarity.foolsgold,
        fewest=trusting,
        needs="f = 0",
        paper="Fung, Yoon and Beschastnikh 2020, arXiv:1808.04866",
        summary="Tenants whose updates point the same way, round after round, share one tenant's weight. Against sybils only.",
        guide=Guide(
            formula="Hᵢ is the sum of a tenant's updates so far; weight = logit of 1 − max over k of cos(Hᵢ, Hₖ), after "
            "the paper's pardoning "
            "and rescaling; the mean by these weights",
            breakdown="it answers any number of sybils with one aim, and nobody else: a single attacker keeps its weight. "
            "So it claims no f.",
            cost="one pass of distances, one of sketches, one weighted read. Between rounds it remembers 4096 numbers for "
            "each tenant, "
            "signed sums under the `seed` in place of a whole model.",
            use="where one organisation may hide behind many tenants, and honest tenants' data differs.",
            hurts="honest tenants with the same kind of data, who look like sybils.",
        ),
    ),
)
