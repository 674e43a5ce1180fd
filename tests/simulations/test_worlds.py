"""A federation on real data in this process: who was asked, who refused, and that a seed decides everything."""

import time

import numpy as np
import pytest
from flwr.app import Message, RecordDict

from flowstate_flower.clients import Examples
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.registry import audit, tenants, views
from flowstate_flower.simulations.digits import DigitsTask
from flowstate_flower.simulations.in_process import FIRST_NODE, InProcessGrid
from flowstate_flower.simulations.scenario import Data, load, with_rounds
from flowstate_flower.simulations.world import as_variant, roll_call


def test_each_tenant_takes_part_as_it_agreed(play, quickstart) -> None:
    registry = play(quickstart)
    parts = {part.tenant: part for part in views.participation(registry, "play-1-defended")}
    assert (parts["tenant-01"].status, parts["tenant-01"].invited, parts["tenant-01"].trained) == ("opted-in", 4, 4)
    assert (parts["tenant-09"].status, parts["tenant-09"].invited) == ("withdrawn", 3)
    assert (parts["tenant-10"].status, parts["tenant-10"].invited, parts["tenant-10"].epsilon) == ("not-opted-in", 0, None)
    assert parts["tenant-07"].filtered >= 3  # poisons from round 2 on
    assert parts["tenant-07"].share < parts["tenant-01"].share / 2  # honest in round 1 only
    assert 0 < parts["tenant-09"].epsilon < parts["tenant-01"].epsilon < 12
    assert audit.verify(registry, registry.operator).verified


def test_the_same_seed_gives_the_same_model_and_another_seed_another(play, quickstart, digest_of) -> None:
    scenario = with_rounds(quickstart, 2)
    assert digest_of(play(scenario, seed=3)) == digest_of(play(scenario, seed=3)) != digest_of(play(scenario, seed=4))


@pytest.mark.long
def test_both_engines_give_the_same_model_to_the_bit(play, quickstart, digest_of) -> None:
    """Flower's own runtime, Ray and all, with the same ClientApp and Strategy."""
    here = play(quickstart, seed=5)
    there = play(quickstart, seed=5, engine="flower")
    assert digest_of(there) == digest_of(here)
    assert views.accuracies(there, "play-5-defended") == views.accuracies(here, "play-5-defended")
    assert audit.verify(there, there.operator).verified
    assert [p.tenant for p in views.participation(there, "play-5-defended") if p.invited] == [
        f"tenant-0{i}" for i in range(1, 10)
    ]


@pytest.mark.long
def test_a_run_that_fails_on_flower_says_why(play, quickstart) -> None:
    everybody = tuple(f"tenant-{i:02d}" for i in range(1, 11))
    with pytest.raises(RunImpossible, match="no tenant has opted in"):
        play(quickstart.model_copy(update={"not_opted_in": everybody, "withdrawals": ()}), engine="flower")


def test_budgets_run_out_one_by_one_until_the_quorum_is_gone(play) -> None:
    registry = play(load("tight-budget"))
    closed = views.rounds(registry, "play-1-defended")
    refused = [view.refused for view in closed]
    assert refused == sorted(refused)
    assert closed[0].status == "aggregated"
    assert closed[-1].status == "skipped"
    assert "quorum" in closed[-1].why
    assert closed[-1].model_digest == closed[-2].model_digest  # a round that does not happen leaves the model
    for part in views.participation(registry, "play-1-defended"):
        assert part.epsilon is not None
        assert part.epsilon <= 3.0
        assert part.trained + part.refused == part.invited == 12
        assert set(part.reasons) <= {"budget-exhausted"}
    assert audit.verify(registry, registry.operator).verified


def test_fedadam_learns_under_attack(play) -> None:
    registry = play(load("fedadam"))
    accuracy = views.accuracies(registry, "play-1-defended")
    assert accuracy[15] > 0.8
    assert all(part.epsilon is None for part in views.participation(registry, "play-1-defended"))


def ruled(scenario, rule: str, **data: int):
    """The scenario under another rule, with examples of the server's own where `data` says so."""
    closing = scenario.round.model_copy(update={"rule": rule})
    return scenario.model_copy(update={"round": closing, "data": scenario.data.model_copy(update=data)})


@pytest.mark.parametrize("rule", ["fltrust", "monna", "clipping(norm=2.0) >> fltrust"])
def test_rules_that_trust_the_servers_own_update_hold_under_attack(play, rule: str) -> None:
    registry = play(ruled(load("fedadam"), rule, root_examples=60))
    assert views.accuracies(registry, "play-1-defended")[15] > 0.7
    attacker = next(a.tenant for a in load("fedadam").attackers)
    parts = {part.tenant: part for part in views.participation(registry, "play-1-defended")}
    if rule == "fltrust":
        assert parts[attacker].filtered > 0


def test_a_rule_that_remembers_and_tenants_with_momentum_learn(play) -> None:
    scenario = ruled(load("fedadam"), "nnm >> centred-clipping")
    training = scenario.training.model_copy(update={"worker_momentum": 0.5})
    registry = play(scenario.model_copy(update={"training": training}))
    assert views.accuracies(registry, "play-1-defended")[15] > 0.7


def test_a_rooted_rule_without_root_examples_is_refused(quickstart) -> None:
    with pytest.raises(BadInput, match="examples of the server's own"):
        type(quickstart).model_validate(ruled(quickstart, "fltrust").model_dump())


def test_the_baselines_differ_in_what_they_say_they_do(quickstart) -> None:
    undefended, unattacked = as_variant(quickstart, "undefended"), as_variant(quickstart, "unattacked")
    assert (undefended.round.rule, undefended.round.byzantine, undefended.round.weighting) == ("mean", 0, "examples")
    assert undefended.attackers == quickstart.attackers
    assert unattacked.round == quickstart.round
    assert unattacked.attackers == ()


def test_nobody_opted_in_is_an_error_and_a_registry_that_verifies(play, quickstart, tmp_path) -> None:
    everybody = tuple(f"tenant-{i:02d}" for i in range(1, 11))
    with pytest.raises(RunImpossible, match="no tenant has opted in to 'digit-recognition'"):
        play(quickstart.model_copy(update={"not_opted_in": everybody, "withdrawals": ()}))
    from flowstate_flower.registry import Registry

    registry = Registry.open(tmp_path / "world-1")
    assert views.runs(registry)[0].status == "failed"
    assert "no tenant" in views.runs(registry)[0].note
    assert audit.verify(registry, registry.operator).verified


def test_the_partition_deals_every_image_once_and_test_images_to_nobody() -> None:
    plan = Data(tenants=10, dirichlet_alpha=0.5, least_examples=20)
    task = DigitsTask(plan, tuple(f"t{i}" for i in range(10)), seed=2)
    dealt = np.concatenate(task._partition)
    everything = np.concatenate([dealt, task._split[0]])
    assert sorted(everything) == list(range(1797))
    assert min(map(len, task._partition)) >= 20
    assert isinstance(task.data("t3"), Examples)


def test_a_small_alpha_deals_labels_unevenly() -> None:
    names = tuple(f"t{i}" for i in range(10))

    def unevenness(alpha: float) -> float:
        task = DigitsTask(Data(tenants=10, dirichlet_alpha=alpha, least_examples=10), names, seed=0)
        counts = np.array([np.bincount(task.data(name).targets.numpy(), minlength=10) for name in names])
        return float((counts / counts.sum(axis=1, keepdims=True)).std(axis=0).mean())

    assert unevenness(0.5) > 3 * unevenness(50.0)


def test_a_partition_that_cannot_be_is_refused() -> None:
    task = DigitsTask(Data(tenants=100, dirichlet_alpha=1.0, least_examples=50), tuple(map(str, range(100))), seed=0)
    with pytest.raises(BadInput, match="no partition"):
        task.data("3")


def test_an_app_that_crashes_answers_with_an_error() -> None:
    def crash(_message, _context):
        raise RuntimeError("boom")

    grid = InProcessGrid(crash, 1)
    (reply,) = grid.send_and_receive([Message(RecordDict(), FIRST_NODE, "train")])
    grid.close()
    assert reply.error.code == 2
    assert "boom" in reply.error.reason


def test_neither_side_can_reach_into_the_other() -> None:
    kept: list[Message] = []

    def app(message, _context):
        kept.append(message)
        message.content["config"]["x"] = 2
        return Message(RecordDict(), reply_to=message)

    from flwr.app import ConfigRecord

    grid = InProcessGrid(app, 1)
    sent = Message(RecordDict({"config": ConfigRecord({"x": 1})}), FIRST_NODE, "train")
    grid.send_and_receive([sent])
    grid.close()
    assert sent.content["config"]["x"] == 1


def test_a_node_cannot_claim_another_tenants_name(play, quickstart, tmp_path) -> None:
    """A roll call believes signatures: a node that copies another's answer, or signs with its own key, is nobody."""
    from flowstate_flower.registry import Registry
    from flowstate_flower.simulations.client import app
    from flowstate_flower.simulations.world import World

    world = World.create(tmp_path / "world", "play", quickstart, 1, "defended")
    registry = Registry.open(world.folder)

    def impostor(message, context):
        reply = app(message, context)
        if context.node_id == FIRST_NODE + 1:
            context.node_config["partition-id"] = 0  # answers as tenant-01 from tenant-02's place …
            answer = app(message, context)
            answer.metadata.__dict__["_src_node_id"] = FIRST_NODE + 2  # … in the name of a third node
            return answer
        return reply

    grid = InProcessGrid(impostor, 10, run_config={"world": str(world.folder)})
    owners = roll_call(grid, tenants.signing_keys(registry))
    grid.close()
    assert FIRST_NODE + 1 not in owners
    assert owners[FIRST_NODE + 2] == "tenant-03"
    assert len(owners) == 9


def test_a_slow_world_still_ends_its_rounds_in_time(play, quickstart, monkeypatch) -> None:
    from flowstate_flower.simulations import attacks

    honest = attacks.train
    monkeypatch.setattr(attacks, "train", lambda job: time.sleep(9) if job.tenant == "tenant-03" else honest(job))
    short = quickstart.model_copy(update={"rounds": 1, "round": quickstart.round.model_copy(update={"deadline_seconds": 6.0})})
    registry = play(short)
    parts = {part.tenant: part for part in views.participation(registry, "play-1-defended")}
    assert parts["tenant-03"].reasons == {"no-reply": 1}
    assert parts["tenant-04"].trained == 1
