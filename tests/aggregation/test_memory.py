"""Rules with a memory: what they are given back in the next round, and what they make of it."""

import numpy as np
import pytest

from flowstate_flower.aggregation import CATALOGUE, Updates, rule_named
from flowstate_flower.aggregation.similarity import SKETCH
from flowstate_flower.errors import BadInput


def over_rounds(name: str, rounds: list[np.ndarray], senders: tuple[str, ...] = ()) -> list[np.ndarray]:
    """The rule's results, its memory carried from round to round."""
    from dataclasses import replace

    memory, results = {}, []
    for rows in rounds:
        updates = replace(Updates.from_matrix(rows), memory=memory, senders=senders)
        aggregate = rule_named(name)(updates, byzantine=0)
        memory = aggregate.memory
        results.append(aggregate.update)
    return results


def draws(count: int, n: int = 7, d: int = 50) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, d)) + 0.5 for _ in range(count)]


@pytest.mark.parametrize("momentum", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("before", ["", "clipping(norm=4.0) >> "])
def test_centred_clipping_begins_where_the_last_round_ended(momentum: float, before: str) -> None:
    rounds = draws(4)
    centre = np.zeros(50)
    for rows, result in zip(
        rounds, over_rounds(f"{before}centred-clipping(momentum={momentum}, steps=3)", rounds), strict=True
    ):
        shown = rows * np.minimum(1, 4 / np.linalg.norm(rows, axis=1))[:, None] if before else rows
        centre = momentum * centre
        for _ in range(3):
            lengths = np.linalg.norm(shown - centre, axis=1)
            pull = np.minimum(1, np.median(lengths) / lengths)[:, None]
            centre = centre + np.mean(pull * (shown - centre), axis=0)
        np.testing.assert_allclose(result, centre, atol=1e-9)


def test_clipped_clustering_remembers_all_norms() -> None:
    small, large = draws(1)[0], 10 * draws(1)[0]
    first, second = over_rounds("clipped-clustering", [small, large])
    alone = over_rounds("clipped-clustering", [large])[0]
    assert np.linalg.norm(second) < 0.75 * np.linalg.norm(alone)  # half of the norms seen are small
    assert np.linalg.norm(first) <= np.median(np.linalg.norm(small, axis=1))


def test_foolsgold_sees_sybils_that_take_turns() -> None:
    """Two tenants with one aim, hidden under fresh noise in each round: their sums give them away, single rounds do not."""
    rng = np.random.default_rng(3)
    aim, d = rng.normal(size=6000), 6000
    tenants = tuple(f"t{i}" for i in range(8))
    own = rng.normal(size=(8, d))
    own[6:] = aim
    rounds = [own + 3 * rng.normal(size=(8, d)) for _ in range(12)]
    results = over_rounds("foolsgold", rounds, tenants)

    def pull(result: np.ndarray) -> float:
        return float(result @ aim / (aim @ aim))

    assert pull(results[0]) > 0.15
    assert pull(results[-1]) < 0.6 * pull(results[0])


def test_what_foolsgold_keeps_of_the_past_estimates_its_cosines() -> None:
    """Against whole histories in float64: the error of a cosine is a few times 1/√4096."""
    from flowstate_flower.aggregation.similarity import _sketch

    rows = np.random.default_rng(1).normal(size=(6, 30_000)) + 0.1
    lengths = np.linalg.norm(rows, axis=1)
    exact = rows @ rows.T / lengths[:, None] / lengths[None, :]
    sums = _sketch(Updates.from_matrix(rows), seed=5)
    assert sums.shape == (6, SKETCH)
    estimate = sums @ sums.T / lengths[:, None] / lengths[None, :]
    np.testing.assert_allclose(estimate, exact, atol=6 / np.sqrt(SKETCH))


def test_most_rules_remember_nothing() -> None:
    rows, remembering = draws(1)[0], set()
    for rule in CATALOGUE.values():
        root = np.ones(50)
        if rule(Updates.from_matrix(rows, root=root), byzantine=0).memory:
            remembering.add(rule.name)
    assert remembering == {"centred-clipping", "clipped-clustering"}  # foolsgold too, where rows have senders


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("centred-clipping(momentum=2.0)", "momentum in 0…1, at least one step"),
        ("centred-clipping(moment=1)", "did you mean 'momentum'?"),
        ("median(size=2)", "one of: f"),
        ("dnc(remove=9.0)", "remove is a factor on f, about 1"),
        ("sign-majority(step=0.0)", "above 0"),
        ("robust-learning-rate(threshold=0)", "at least 1"),
        ("trimmed-mean(f=-1)", "f is how many hostile tenants are tolerated: 0, 1, 2, …"),
        ("nnm(f=1.5) >> median", "f is how many hostile tenants are tolerated: 0, 1, 2, …"),
    ],
)
def test_parameters_that_make_no_sense_are_answered(text: str, hint: str) -> None:
    def use() -> None:
        rule = rule_named(text)
        rule(Updates.from_matrix(draws(1)[0]), byzantine=1 if rule.fewest(1) else 0)

    with pytest.raises(BadInput) as caught:
        use()
    assert caught.value.hint == hint
