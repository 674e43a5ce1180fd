"""An account of the federation that its operator wrote wrongly: the log is sound, and what it says is not."""

from pathlib import Path

import pytest

from flowstate_flower.privacy import Budget
from flowstate_flower.privacy.tenant_level import MeanRelease
from flowstate_flower.registry import Registry, audit
from flowstate_flower.registry.desk import desk
from flowstate_flower.registry.federation_ledger import RegistryLedger
from flowstate_flower.registry.privacy_tables import ReleaseRow
from flowstate_flower.registry.rounds import AGGREGATED, SKIPPED, RunPlan, start_run
from flowstate_flower.registry.tables import RoundRow


@pytest.fixture
def registry(tmp_path: Path, create) -> Registry:
    """Three releases in two runs, as they should be."""
    made = create(tmp_path / "registry")
    start_run(made, RunPlan("run-1", "research", "mean", 0, 3, "0" * 64))
    for run, count in (("run-1", 1), ("run-2", 2)):
        RegistryLedger(made, run).reserve(MeanRelease(10.0, cohort=5, population=9), Budget(8.0, 1e-5), count)
    return made


def said(registry: Registry) -> list[str]:
    return [finding.what for finding in audit.verify(registry, registry.operator).findings]


def close(registry: Registry, number: int, status: str = AGGREGATED) -> None:
    with desk(registry, actor="operator") as d:
        digests = {"base_digest": "0" * 64, "model_digest": "0" * 64}
        d.add(RoundRow(run="run-1", number=number, status=status, why="", closed_at=d.now, **digests))


def release(registry: Registry, **changes) -> None:
    with desk(registry, actor="operator") as d:
        before = d.session.get_one(ReleaseRow, ("run-2", 2)).model_dump()
        d.add(ReleaseRow(**(before | {"round": 3, "reserved_at": d.now, "epsilon": 7.9} | changes)))


def test_an_account_that_adds_up_is_sound(registry: Registry) -> None:
    close(registry, 1)
    close(registry, 2, SKIPPED)
    release(registry)
    assert said(registry) == []


def test_a_total_that_is_too_small_is_found(registry: Registry) -> None:
    release(registry, epsilon=0.1)
    (what,) = said(registry)
    assert what.startswith("federation_release:run-2/3 says that ε is 0.100 in all, the releases cost 0.7")


def test_a_total_beyond_its_budget_is_found(registry: Registry) -> None:
    release(registry, largest_epsilon=5.0)
    assert said(registry) == ["federation_release:run-2/3 passes its budget of 5"]


def test_a_round_without_a_charge_is_found(registry: Registry) -> None:
    close(registry, 1)
    close(registry, 2)
    (what,) = said(registry)
    assert what == "round:run-1/2 changed the model and charged nothing"


def test_a_mean_over_others_than_those_invited_is_found(recorded) -> None:
    registry = recorded()
    with desk(registry, actor="operator") as d:
        told = {"noise_multiplier": 10.0, "population": 9, "relation": "add-or-remove-one", "delta": 1e-5, "epsilon": 5.0}
        for number, cohort in ((1, 7), (2, 700)):
            d.add(ReleaseRow(run="run-1", round=number, cohort=cohort, randomness="os", reserved_at=d.now, **told))
    assert said(registry) == ["federation_release:run-1/2 is of 700 tenants, 7 were invited"]


def test_what_cannot_be_read_is_a_finding(registry: Registry, raw) -> None:
    raw(registry, "update federation_release set noise_multiplier = 0")
    assert "the federation's account cannot be read: noise_multiplier is 0.0" in said(registry)
