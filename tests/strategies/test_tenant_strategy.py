"""Selection, quorum, deadline, optimisers: what the strategy does with honest tenants."""

import random
import time
from dataclasses import replace

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAdam, FedAvg, FedAvgM

from flowstate_flower.admission import Reason
from flowstate_flower.aggregation import rule_named
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.round import Closing
from flowstate_flower.simulations.in_process import InProcessGrid
from flowstate_flower.strategies import Candidate, RunTerms
from flowstate_flower.strategies.encoding import to_record
from flowstate_flower.strategies.selection import one_per_tenant, sampled
from flowstate_flower.trust.bounds import Bounds
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.terms import Terms

KEY = SigningKey.generate().public


def asked(federation, round_number: int) -> set[str]:
    return {
        tenant
        for tenant, message in federation.messages
        if Terms.model_validate_json(message.content["terms"]["terms"]).round == round_number
    }


def test_a_message_never_reaches_a_tenant_that_has_not_agreed(federation, run_terms: RunTerms) -> None:
    federation.agreed -= {"tenant-2", "tenant-5"}
    federation.run(run_terms, rounds=2)
    assert {tenant for tenant, _ in federation.messages} == federation.agreed


def test_consent_withdrawn_between_rounds_ends_the_invitations(federation, run_terms: RunTerms) -> None:
    federation.closed = _After(federation.closed, lambda: federation.agreed.discard("tenant-4"))
    federation.run(run_terms, rounds=3)
    assert "tenant-4" in asked(federation, 1)
    assert "tenant-4" not in asked(federation, 2) | asked(federation, 3)


class _After(list):
    """A record that does something once a round is in it."""

    def __init__(self, items, act) -> None:
        super().__init__(items)
        self._act = act

    def append(self, item) -> None:
        super().append(item)
        self._act()


def test_every_message_has_a_nonce_of_its_own(federation, run_terms: RunTerms) -> None:
    federation.run(run_terms, rounds=3)
    nonces = [Terms.model_validate_json(m.content["terms"]["terms"]).nonce for _, m in federation.messages]
    assert len(set(nonces)) == 21


def test_a_tenant_with_many_nodes_is_asked_once() -> None:
    many = [Candidate("b", 9, KEY), Candidate("b", 2, KEY), Candidate("a", 5, KEY)]
    assert [(c.tenant, c.node) for c in one_per_tenant(many)] == [("a", 5), ("b", 2)]


def test_a_cohort_is_a_sample_that_a_seed_repeats(federation, run_terms: RunTerms) -> None:
    everyone = [Candidate(f"t{i}", i, KEY) for i in range(20)]
    assert sampled(everyone, 5, random.Random(3)) == sampled(everyone, 5, random.Random(3))
    assert sampled(everyone, None, random.Random(3)) == everyone
    federation.run(replace(run_terms, cohort=5), rng=random.Random(1))
    assert len(asked(federation, 1)) == 5


def test_a_round_below_its_quorum_leaves_the_model_and_says_why(federation, run_terms: RunTerms) -> None:
    for tenant in federation.tenants[:3]:
        federation.lies[tenant] = lambda *_: (_ for _ in ()).throw(RuntimeError("down"))
    result = federation.run(replace(run_terms, closing=replace(run_terms.closing, quorum=6)))
    closed = federation.closed[-1]
    assert closed.outcome.update is None
    assert closed.outcome.skipped == "quorum: 4 of at least 6 updates"
    assert not result.arrays
    np.testing.assert_array_equal(closed.model[1], np.zeros(3, "f4"))
    assert len(closed.outcome.contributions) == 4  # their privacy was spent all the same, so they are on record


def test_too_few_updates_for_the_rule_give_no_aggregate_never_a_weaker_one(federation, run_terms: RunTerms) -> None:
    federation.lies["tenant-0"] = lambda *_: (_ for _ in ()).throw(RuntimeError("down"))
    federation.run(replace(run_terms, closing=Closing(rule_named("krum"), 2, 1)))
    assert federation.closed[-1].outcome.update is None
    assert "krum needs n ≥ 2f + 3" in federation.closed[-1].outcome.skipped


def test_after_a_skipped_round_the_next_one_goes_on(federation, run_terms: RunTerms) -> None:
    def down_in_round_one(reply, _request) -> None:
        if reply.terms.round == 1:
            raise RuntimeError("down")

    federation.lies = dict.fromkeys(federation.tenants[:5], down_in_round_one)
    result = federation.run(replace(run_terms, closing=replace(run_terms.closing, quorum=3)), rounds=2)
    assert [c.outcome.update is None for c in federation.closed] == [True, False]
    np.testing.assert_array_equal(result.arrays["bias"].numpy(), np.ones(3, "f4"))


def test_a_round_ends_at_its_deadline_without_the_slow(federation, run_terms: RunTerms) -> None:
    federation.lies["tenant-6"] = lambda *_: time.sleep(3)
    begun = time.monotonic()
    result = federation.run(replace(run_terms, deadline_seconds=1.0))
    assert time.monotonic() - begun < 2.9
    assert federation.reasons() == {"tenant-6": Reason.NO_REPLY}
    assert result.arrays


def test_a_cohort_that_can_never_close_a_round_is_refused(federation, run_terms: RunTerms) -> None:
    with pytest.raises(RunImpossible, match="a cohort of 4 can never close a round, 5 updates are needed"):
        federation.run(replace(run_terms, cohort=4))
    assert federation.messages == []


@pytest.mark.parametrize("agreed", [0, 4])
def test_a_run_that_cannot_begin_says_so_before_anybody_is_asked(federation, run_terms: RunTerms, agreed: int) -> None:
    federation.agreed = set(federation.tenants[:agreed])
    with pytest.raises(RunImpossible, match="no tenant has opted in" if agreed == 0 else "at least 5 updates"):
        federation.run(run_terms)
    assert federation.messages == []


def test_the_mean_by_examples_is_flowers_fedavg(federation, run_terms: RunTerms) -> None:
    """The same replies through Flower's own FedAvg: equal to one rounding of float32."""
    rng = np.random.default_rng(0)
    federation.deltas = {tenant: float(rng.normal()) for tenant in federation.tenants}
    counts = {tenant: int(rng.integers(1, 500)) for tenant in federation.tenants}
    federation.lies = {t: lambda reply, _: setattr(reply, "examples", counts[reply.tenant]) for t in federation.tenants}
    terms = replace(run_terms, closing=Closing(rule_named("mean"), 0, 1, "examples"))
    ours = federation.run(terms, base=FLOATS).arrays

    def answer(request: Message, context) -> Message:
        tenant = federation.tenants[context.node_config["partition-id"]]
        arrays = {k: Array(v.numpy() + np.float32(federation.deltas[tenant])) for k, v in request.content["arrays"].items()}
        metrics = MetricRecord({"num-examples": counts[tenant]})
        return Message(RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics}), reply_to=request)

    grid = InProcessGrid(answer, 7)
    initial = ArrayRecord({name: Array(a) for name, a in FLOATS.items()})
    theirs = FedAvg(fraction_evaluate=0.0).start(grid, initial, 1).arrays
    grid.close()
    for name in FLOATS:
        np.testing.assert_allclose(ours[name].numpy(), theirs[name].numpy(), rtol=3e-7, atol=3e-7)


FLOATS = {"weight": np.linspace(-1, 1, 12, dtype="f4").reshape(3, 4), "bias": np.zeros(3, "f4")}


@pytest.mark.parametrize(
    "make",
    [
        FedAvg,
        lambda: FedAdam(eta=0.1, beta_1=0.9, beta_2=0.99),
        lambda: FedAvgM(server_learning_rate=0.5, server_momentum=0.9),
    ],
    ids=["FedAvg", "FedAdam", "FedAvgM"],
)
def test_any_flower_strategy_is_the_servers_optimiser(federation, run_terms: RunTerms, make) -> None:
    """Three rounds through ours equal three rounds of Flower's strategy fed the rule's aggregate directly."""
    ours = federation.run(run_terms, rounds=3, base=FLOATS, optimiser=make()).arrays

    def answer(request: Message, _context) -> Message:
        arrays = {k: Array(v.numpy() + np.float32(1)) for k, v in request.content["arrays"].items()}
        return Message(
            RecordDict({"arrays": ArrayRecord(arrays), "metrics": MetricRecord({"num-examples": 1})}), reply_to=request
        )

    grid = InProcessGrid(answer, 2)
    strategy = make()
    strategy.fraction_evaluate = 0.0
    theirs = strategy.start(grid, ArrayRecord({n: Array(a) for n, a in FLOATS.items()}), 3).arrays
    grid.close()
    for name in FLOATS:
        np.testing.assert_allclose(ours[name].numpy(), theirs[name].numpy(), rtol=1e-5, atol=1e-6)
        assert ours[name].numpy().dtype == np.float32


def test_an_optimiser_that_breaks_the_model_is_the_operators_fault(federation, run_terms: RunTerms) -> None:
    with pytest.raises(BadInput, match="FedAdam broke layer"):
        federation.run(run_terms, base=FLOATS, optimiser=FedAdam(eta=float("inf")))


def test_the_callers_config_is_not_touched(federation, run_terms: RunTerms) -> None:
    config = ConfigRecord({"lr": 0.1})
    grid = InProcessGrid(federation.answer, 7)
    arrays = ArrayRecord({n: Array(a) for n, a in FLOATS.items()})
    federation.strategy(run_terms).start(grid, arrays, 2, train_config=config)
    grid.close()
    assert dict(config) == {"lr": 0.1}
    assert federation.messages[-1][1].content["config"]["server-round"] == 2
    assert federation.messages[-1][1].content["config"]["lr"] == 0.1


def test_arrival_order_does_not_change_a_bit_of_the_model(federation, run_terms: RunTerms) -> None:
    federation.deltas = {tenant: 0.1 * i for i, tenant in enumerate(federation.tenants)}
    digests = set()
    for attempt in range(3):
        pauses = dict(zip(federation.tenants, random.Random(attempt).sample(range(50), 7), strict=True))
        federation.lies = {t: lambda reply, _, p=pauses: time.sleep(p[reply.tenant] / 1000) for t in federation.tenants}
        federation.run(replace(run_terms, closing=Closing(rule_named("mean"), 0, 1)))
        digests.add(federation.closed[-1].model[0].tobytes())
    assert len(digests) == 1


def test_a_rooted_rule_needs_the_servers_own_update(federation, run_terms: RunTerms) -> None:
    terms = replace(run_terms, closing=Closing(rule_named("fltrust"), 2, 1))
    with pytest.raises(RunImpossible, match="needs an update of the server's own"):
        federation.run(terms)
    seen = []

    def root(number: int, model):
        seen.append((number, model[0].copy()))
        return tuple(a + 2 if a.dtype.kind == "f" else a for a in model)

    federation.run(terms, rounds=2, root=root)
    assert [number for number, _ in seen] == [1, 2]
    np.testing.assert_allclose(seen[1][1], seen[0][1] + 2)  # as long as the server's own update, not as the tenants'


def test_the_memory_of_a_rule_goes_from_round_to_round(federation, run_terms: RunTerms) -> None:
    """Centred clipping goes on from its last centre, and a round that does not happen changes nothing of it."""
    federation.deltas = {tenant: float(i) for i, tenant in enumerate(federation.tenants)}
    terms = replace(run_terms, closing=Closing(rule_named("centred-clipping(steps=1)"), 2, 1))
    federation.run(terms, rounds=3)
    steps = [closed.outcome.memory["centre"][0] for closed in federation.closed]
    assert steps[0] < steps[1] < steps[2] < 3 + 1e-6  # the mean of the updates is 3; the centre comes nearer in each round


def test_what_a_reply_has_beyond_the_model_is_told_to_the_roster(federation, run_terms: RunTerms) -> None:
    def flood(reply, _request) -> None:
        honest = {name: Array(np.asarray(layer)) for name, layer in reply.layers.items()}
        reply.arrays = ArrayRecord({**honest, "more": Array(np.zeros(3 << 20, np.uint8))})

    federation.lies["tenant-3"] = flood
    federation.run(run_terms)
    (received,) = federation.received
    assert set(received) == set(federation.tenants)
    assert {name: excess > 0 for name, excess in received.items() if excess} == {"tenant-3": True}
    assert 2 << 20 < received["tenant-3"] < 3 << 20


def test_a_tenant_that_is_turned_away_at_dispatch_is_sent_nothing(federation, run_terms: RunTerms) -> None:
    federation.barred["tenant-3"] = (Reason.SUSPENDED, "the tenant is suspended")
    federation.run(run_terms)
    assert "tenant-3" not in {tenant for tenant, _ in federation.messages}
    assert federation.reasons() == {"tenant-3": Reason.SUSPENDED}
    assert len(federation.closed[-1].invitations) == 6


def test_a_deployments_nodes_belong_to_whoever_registered_their_key(tmp_path, voice, run_terms) -> None:
    """The roster of a real federation: by Flower's registered public key, not by what a node says."""
    from types import SimpleNamespace

    from flowstate_flower import wiring
    from flowstate_flower.registry import Registry, consents
    from flowstate_flower.wiring import RegistryRoster, registered_owners

    registry, voices = Registry.create(tmp_path), {}
    for name, nodes in (("a", [b"key-1", b"key-2"]), ("b", [b"key-3"])):
        voices[name] = voice(name)
        wiring.admit(registry, voices[name].request(nodes=tuple(node.hex() for node in nodes)))
        consents.accept(registry, voices[name].consent("research"))
    roster = RegistryRoster(registry, run_terms, registered_owners(registry))
    nodes = [SimpleNamespace(node_id=i, public_key=f"key-{i}".encode()) for i in range(1, 6)]
    assert [(c.tenant, c.node) for c in roster.candidates(nodes)] == [("a", 1), ("a", 2), ("b", 3)]
    consents.accept(registry, voices["b"].withdrawal("research"))
    assert {c.tenant for c in roster.candidates(nodes)} == {"a"}
    assert set(roster.dispatch(["a", "b"], 100)) == {"b"}
    assert roster.standing({"a": 0, "b": 0}) == {"a": Bounds(), "b": (Reason.NO_CONSENT, "no consent to 'research' stands")}


@pytest.mark.parametrize(
    "array",
    [np.arange(6, dtype="f4").reshape(2, 3).T, np.array(7), np.zeros((0, 3), "f8"), np.ones(5, "f2"), np.array([True, False])],
    ids=["transposed", "scalar", "empty", "half", "bool"],
)
def test_a_record_is_byte_for_byte_flowers_own(array: np.ndarray) -> None:
    assert to_record(("w",), (array,))["w"] == Array(np.asarray(array, order="C"))
