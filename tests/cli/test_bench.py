"""The benchmark of the rules, tiny: what it prints, and when it fails. How fast anything is, no test says."""

import json
import math
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from flowstate_flower.cli.bench import against, children, goals, measures, peers, reading, replies, tenancy
from flowstate_flower.cli.main import run

TINY = ["bench", "aggregation", "--dimension", "1000", "--repeats", "1", "--tenants", "10", "--threads", "2"]


@pytest.fixture(autouse=True)
def _no_goals(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 1 000 coordinates no ratio means anything: every goal is one that cannot be missed."""
    monkeypatch.setattr(goals, "READ", {n: dict.fromkeys(bounds, math.inf) for n, bounds in goals.READ.items()})
    monkeypatch.setattr(goals, "FASTER", dict.fromkeys(goals.FASTER, 0.0))
    monkeypatch.setattr(goals, "ALWAYS_FASTER", 0.0)
    monkeypatch.setattr(goals, "STRATEGY", {name: (rule, 0.0) for name, (rule, _) in goals.STRATEGY.items()})


def results(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, dict]:
    assert run([*TINY, *options, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]
    assert all(set(result) == {"name", "value", "unit", "goal", "met"} for result in found)
    assert all(result["met"] is None for result in found if not result["goal"])
    return {result["name"]: result for result in found}


def only(monkeypatch: pytest.MonkeyPatch, *rules: str) -> None:
    """Measure these in processes of their own, and no compositions: each rule compiles there anew."""
    monkeypatch.setattr(children, "CATALOGUE", dict.fromkeys(rules))
    monkeypatch.setattr(goals, "COMPOSITIONS", ())


def test_every_rule_with_a_goal_is_read_against_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = results(capsys, "--only", "read")
    for rule in goals.READ[10]:
        assert found[f"n = 10, 2 threads: {rule}"]["met"] is True
    assert all(result["unit"] == "× read" for result in found.values())


def test_a_missed_goal_is_said_and_is_exit_code_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([*TINY, "--only", "read", "--check"]) == 0
    monkeypatch.setattr(goals, "READ", {10: {"median": 0.0}})
    assert run([*TINY, "--only", "read"]) == 0
    assert run([*TINY, "--only", "read", "--check"]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_absent_peers_and_what_only_they_could_show_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> dict[str, dict[str, peers.Offer]]:
        raise ImportError("no module named byzfl\nand more")

    monkeypatch.setattr(peers, "PACKAGES", (("byzfl", "byzfl", absent), *peers.PACKAGES[3:]))
    found = results(capsys, "--only", "peers")
    assert found["peer byzfl"]["unit"] == "absent: no module named byzfl"
    caf = found["n = 10, d = 1000, 2 threads: caf"]
    assert (caf["value"], caf["unit"], caf["goal"], caf["met"]) == (None, "absent: byzfl", "≥ 0", None)
    assert found["n = 10, d = 1000, 2 threads: median, against flwr"]["met"] is True
    assert found["n = 10, d = 100, 2 threads: median, against flwr"]["goal"] == ""


def test_flowers_strategies_aggregate_what_our_rules_do() -> None:
    """The comparison is between the same things: selected rows and means agree."""
    rows = np.random.default_rng(3).standard_normal((11, 40)).astype(np.float32)
    rows[4] += 100
    offers = {peer.name: peer for peer in peers.found()[0]}["flwr"].offers
    case = peers.Case(rows, 1)
    assert np.array_equal(offers["median"](case)()(), np.median(rows, axis=0))
    np.testing.assert_allclose(offers["trimmed-mean"](case)()(), np.sort(rows, axis=0)[1:-1].mean(axis=0), rtol=1e-5)
    record, _ = offers["mean"](case)()()
    np.testing.assert_allclose(record["w"].numpy(), rows.mean(axis=0), rtol=1e-5)


def test_byzfls_need_of_torchvision_leaves_nothing_behind() -> None:
    before = {name for name in sys.modules if name.startswith("torchvision")}
    peers.found()
    assert {name for name in sys.modules if name.startswith("torchvision")} == before


def test_through_the_strategy_has_both_figures_and_a_goal_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    found = results(capsys, "--only", "strategy")
    for name, (rule, _) in goals.STRATEGY.items():
        title = f"n = 10: {rule} from replies to record"
        assert found[f"{title}, against {name}"]["met"] is True
        assert found[f"{title}, {replies.WHOLE}, against {name}"]["goal"] == ""


def test_the_layers_are_those_of_resnet_18() -> None:
    shapes = dict(replies.resnet18(64))
    trained = {name: math.prod(shape) for name, shape in shapes.items() if "running" not in name}
    assert (len(shapes), len(trained), sum(trained.values())) == (102, 62, 11_689_512)


@pytest.mark.skipif(not children.STATUS.exists(), reason="needs /proc")
def test_memory_is_measured_in_a_process_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "median", "smea")
    found = results(capsys, "--only", "memory")
    measured = found["n = 32, d = 10000: memory above the replies, median"]
    assert (measured["unit"], measured["goal"]) == ("MB", "≤ 64.08")
    assert found["n = 32, d = 10000: memory above the replies, smea"]["unit"] == "absent: it refuses so many subsets"


@pytest.mark.skipif(not children.STATUS.exists(), reason="needs /proc")
def test_memory_that_a_rule_takes_is_seen() -> None:
    """A rule that held copies of all updates could not hide."""
    updates = reading.updates(4, 2_000_000, 1)
    assert children.rise(lambda: np.array([row[0] for row in updates.rows])) > 0.9 * 4 * 8


@pytest.mark.long
def test_first_use_is_measured_with_caches_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goals, "MOST_COMPILE_SECONDS", math.inf)
    only(monkeypatch, "median", "krum")
    found = results(capsys, "--only", "compile")
    uses = ["first use of a new (n", "once on a machine", "first use from the cache"]
    assert [name.split(",")[0] for name in found] == [f"n = 10: {use}" for use in uses]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs alarms")
def test_a_peer_that_takes_too_long_is_stopped_and_counts_as_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against, "USUAL", replace(against.USUAL, longest=0.05))
    slow = peers.Peer("slow", "1", {"median": lambda case: lambda: lambda: time.sleep(5)})
    found = {r.rule: r for r in against.against([slow], [10], 1000, [2], 1) if r.size.d == 1000}
    assert found["median"].at_least
    assert found["median"].peer == "slow"
    assert found["mean"].ratio is None


def test_a_peer_whose_time_is_chance_is_timed_often_and_not_given_up_for_one_long_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []

    def chance() -> float:
        turns.append(0.5 if len(turns) % against.PATIENCE["caf"].fewest else 2.5)
        return turns[-1]

    monkeypatch.setattr(against, "seconds", lambda work: spent if isinstance(spent := work(), float) else 0.1)
    rules = {"caf": lambda case: lambda: chance, "median": lambda case: lambda: lambda: 2.5}
    found = [
        peers.Peer("chance", "1", rules),
        peers.Peer("steady", "1", dict.fromkeys(rules, lambda case: lambda: lambda: 1.0)),
    ]
    results = against.against(found, [10], 1000, [2], 1)
    assert len(turns) == 2 * against.PATIENCE["caf"].fewest
    assert [(r.rule, r.peer) for r in results if r.peer] == 2 * [("median", "steady"), ("caf", "chance")]


def test_without_a_gpu_the_device_is_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert run(["bench", "aggregation", "--device", "cuda"]) == 2
    assert "no CUDA device here" in capsys.readouterr().err


def test_the_measures_of_a_gpu_are_taken_on_the_host_where_there_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the events that a GPU's time is taken with, on tensors that numpy is not let near."""
    torch = pytest.importorskip("torch")
    from flowstate_flower.aggregation.engine import tensors
    from flowstate_flower.cli.bench import cuda

    monkeypatch.setattr(cuda, "DEVICE", "cpu")
    monkeypatch.setattr(cuda, "SQUARE", 8)
    monkeypatch.setattr(cuda, "_seconds", lambda work, repeats: measures.seconds(work))
    monkeypatch.setattr(goals, "CUDA_SHARE", 0.0)
    monkeypatch.setattr(tensors, "lies_on_host", lambda _: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "no GPU")
    found = results(capsys, "--device", "cuda")
    assert [name.rpartition(": ")[2] for name in found][:3] == ["median", "trimmed-mean", "distances"]
    assert found["copy bandwidth of no GPU"]["value"] > 0


def test_the_registrys_figures_name_what_is_compared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small, with no kills: a goal may be missed here, none may be absent."""
    for name, few in {"BATCHES": 3, "PROOFS": 5, "COHORTS": 3, "PER_CONNECTED": 2}.items():
        monkeypatch.setattr(sys.modules["flowstate_flower.cli.bench.registry"], name, few)
    monkeypatch.setattr(tenancy, "REPEATS", 1)
    small = ["--entries", "1000", "--population", "1000", "--training", "0", "--kills", "0"]
    assert run(["bench", "registry", *small, "--format", "json"]) == 0
    found = {result["name"]: result for result in json.loads(capsys.readouterr().out)["results"]}
    cohort = found["cohort of 100 out of 1 000 tenants, p95"]
    assert (cohort["unit"], cohort["goal"], cohort["met"]) == ("ms", "< 50", cohort["value"] < 50)
    round_ = "a whole in-process round of 100 tenants that train at once for 0 s"
    overhead = found[f"{round_}: TenantStrategy with registry, more than FedAvg"]
    assert (overhead["unit"], overhead["goal"], overhead["met"]) == ("%", "< 5", overhead["value"] < 5)
    added, bare = found[f"{round_}: what tenancy adds"], found[f"{round_}: FedAvg"]
    assert (added["met"], bare["met"]) == (None, None)
    assert overhead["value"] == pytest.approx(100 * added["value"] / bare["value"])
    assert found["verified"]["met"] is True
