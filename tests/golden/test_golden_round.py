"""A round that must never change: fixed updates in, one exact model digest out, for each rule.

Where a digest changes on purpose, recorded rounds can no longer be re-run to the bit: say so in the changelog.
"""

import random
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowstate_flower.admission import Invitation, Limits, Reason, Rejection, RoundTerms, Submission
from flowstate_flower.aggregation import CATALOGUE, Layout
from flowstate_flower.aggregation.updates import applied
from flowstate_flower.round import Closing, OfTheServer, close
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.statements import UpdateStatement, sign
from flowstate_flower.trust.terms import LocalWork

WORK = LocalWork(steps=1, batch_size=1, learning_rate=1.0)
NAMES = ("weight", "bias", "seen")
GOLDEN = {
    "mean": "272b88d5867f6670ce4ae42a98a245ae76bec3db6255589b5eb4c59918fc888c",
    "median": "c61593b1456d62880fa6ba43870c928a71e1fb3632ff604189e9029f9a2e756d",
    "trimmed-mean": "3036bce3c739b3a3a3094aafffd3c4d4a1848f3b19c4be304d7b0dee1b3990eb",
    "meamed": "fa623cfacac0899fde4ad7651535f71616f0af94bc96c7b2bfa6f594983d042f",
    "phocas": "fa623cfacac0899fde4ad7651535f71616f0af94bc96c7b2bfa6f594983d042f",
    "krum": "85ec495e14541f81962fe2966609bf3485c34d3fc6f2c2f485d7a3b7aeaf7391",
    "multi-krum": "7a8247acb0b21038c8e430e6bcb3d7fc7c5d8bfcc23d56df515283ea9ce03f64",
    "bulyan": "4d836f16000c1b73346cae67de95e7e87286099d04bfb3d5fa936a64876d8470",
    "medoid": "85ec495e14541f81962fe2966609bf3485c34d3fc6f2c2f485d7a3b7aeaf7391",
    "mda": "7a8247acb0b21038c8e430e6bcb3d7fc7c5d8bfcc23d56df515283ea9ce03f64",
    "monna": "28d488fe7b5601cd3dfaae8eb4f34c4c0b93ce2c09c6b35a501a7b4a7ceb123d",
    "dnc": "7a8247acb0b21038c8e430e6bcb3d7fc7c5d8bfcc23d56df515283ea9ce03f64",
    "robust-learning-rate": "b8d19923a50c15a099534dcb17da1cab0e1b4e9654ebaf810dc5f4eead6a6d36",
    "cge": "7a8247acb0b21038c8e430e6bcb3d7fc7c5d8bfcc23d56df515283ea9ce03f64",
}
# Their weights come out of eigenvectors or of iterations, whose last bits depend on the machine's linear algebra.
NOT_TO_THE_BIT = {"geometric-median", "centred-clipping", "norm-bounded-mean", "smea", "caf"} | {
    "flame",
    "clipped-clustering",
    "signguard",
    "foolsgold",
    "fltrust",
    "sign-majority",
}


def key(number: int) -> SigningKey:
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


def base_model() -> tuple[np.ndarray, ...]:
    return (np.arange(20, dtype="f4").reshape(4, 5) / 7, np.zeros(4, "f4"), np.array(3))


def own_model() -> tuple[np.ndarray, ...]:
    return tuple(layer + layer.dtype.type(0.5) for layer in base_model())


def round_terms(n: int = 11) -> RoundTerms:
    base = base_model()
    invitations = {i: Invitation(f"tenant-{i}", i, key(i + 1).public, f"{i:032x}") for i in range(n)}
    tenants = {invitation.tenant: Bounds() for invitation in invitations.values()}
    digest = model_digest(zip(NAMES, base, strict=True))
    return RoundTerms("golden", 1, digest, Layout.of(NAMES, base), base, None, WORK, Limits(), invitations, tenants)


def submission(terms: RoundTerms, node: int, shift: float = 0.0) -> Submission:
    """An update that depends on the node alone: integers over powers of two, exact in float32."""
    noise = np.array([(node * 37 + j * 101) % 64 - 32 for j in range(24)]) / 256
    arrays = (
        terms.base[0] + (noise[:20].reshape(4, 5) + 0.5 + shift).astype("f4"),
        terms.base[1] + (noise[20:] + 0.5 + shift).astype("f4"),
        np.array(node),
    )
    invitation = terms.invitations[node]
    statement = UpdateStatement(
        run=terms.run,
        round=terms.number,
        tenant=invitation.tenant,
        base=terms.base_digest,
        nonce=invitation.nonce,
        update=model_digest(zip(NAMES, arrays, strict=True)),
        examples=10 + node,
        privacy=None,
        at="2026-01-01T00:00:00Z",
    )
    for array in arrays:
        array.flags.writeable = False
    return Submission(node, sign(statement, key(node + 1)), statement, arrays)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_round(name: str) -> None:
    rule = CATALOGUE[name]
    terms = round_terms()
    replies = [submission(terms, node, shift=-3.0 if node < 2 else 0.0) for node in range(11)]
    random.Random(0).shuffle(replies)
    outcome = close(terms, replies, Closing(rule, 2 if rule.fewest(2) else 0, 5), OfTheServer(own_model()))
    assert outcome.update is not None
    model = applied(terms.layout, terms.base, outcome.update)
    assert model_digest(zip(NAMES, model, strict=True)) == GOLDEN[name]


def test_every_rule_has_a_golden_round_or_a_reason() -> None:
    assert set(GOLDEN) | NOT_TO_THE_BIT == set(CATALOGUE)


def test_a_second_valid_reply_of_a_tenant_is_a_duplicate_and_order_does_not_choose() -> None:
    terms = round_terms()
    twice = [submission(terms, 4), submission(terms, 4, shift=9.0)]
    closing = Closing(CATALOGUE["median"], 1, 1)
    others = [submission(terms, node) for node in range(4)]
    outcomes = [close(terms, [*others, *order], closing) for order in (twice, twice[::-1])]
    for outcome in outcomes:
        assert [(r.tenant, r.reason) for r in outcome.admitted.rejections] == [("tenant-4", Reason.DUPLICATE)]
    assert np.array_equal(outcomes[0].update, outcomes[1].update)  # type: ignore[arg-type]


def test_a_node_that_was_not_asked_is_not_heard() -> None:
    terms = round_terms()
    uninvited = replace(terms, invitations={n: i for n, i in terms.invitations.items() if n != 8})
    outcome = close(uninvited, [submission(terms, n) for n in range(11)], Closing(CATALOGUE["median"], 1, 1))
    assert outcome.admitted.rejections == (
        Rejection(8, None, Reason.NOT_INVITED, "node 8 was not asked", frozenset({"tenant-8"})),
    )


def test_closing_writes_to_nothing_it_was_given() -> None:
    terms = round_terms()
    before = [array.copy() for array in terms.base]
    for array in terms.base:
        array.flags.writeable = False
    close(terms, [submission(terms, n) for n in range(11)], Closing(CATALOGUE["multi-krum"], 2, 1))
    assert all(np.array_equal(a, b) for a, b in zip(before, terms.base, strict=True))
