"""A policy file says what it says, and nothing that it does not."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from flowstate_flower import wiring
from flowstate_flower.clients import Examples, TenantPolicy
from flowstate_flower.clients.limits import MEGABYTE, Watch, check_memory, estimated_bytes
from flowstate_flower.clients.policy import Declined, HoursPolicy, PrivacyPolicy, WorkPolicy
from flowstate_flower.documents import read_toml
from flowstate_flower.errors import BadInput
from flowstate_flower.privacy import Account
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import PrivacyTerms


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        ({}, "2026-03-02T00:00", True),
        ({}, "2026-03-02T23:59:59", True),
        ({"opens": "09:00", "closes": "17:00"}, "2026-03-02T08:59:59", False),
        ({"opens": "09:00", "closes": "17:00"}, "2026-03-02T09:00", True),
        ({"opens": "09:00", "closes": "17:00"}, "2026-03-02T16:59:59", True),
        ({"opens": "09:00", "closes": "17:00"}, "2026-03-02T17:00", False),
        ({"opens": "22:00", "closes": "06:00", "days": ("mon",)}, "2026-03-02T05:00", False),  # that is Sunday's night
        ({"opens": "22:00", "closes": "06:00", "days": ("mon",)}, "2026-03-02T22:00", True),
        ({"opens": "22:00", "closes": "06:00", "days": ("mon",)}, "2026-03-03T05:59", True),
        ({"opens": "22:00", "closes": "06:00", "days": ("mon",)}, "2026-03-03T06:00", False),
        ({"opens": "22:00", "closes": "06:00", "days": ("mon",)}, "2026-03-03T22:00", False),
        ({"days": ("sat", "sun")}, "2026-03-02T12:00", False),
        ({"days": ("sat", "sun")}, "2026-03-01T12:00", True),
        ({"zone": "Europe/Zurich", "opens": "09:00", "closes": "10:00"}, "2026-03-02T08:30", True),  # UTC + 1
        ({"zone": "Europe/Zurich", "opens": "09:00", "closes": "10:00"}, "2026-07-06T08:30", False),  # UTC + 2
        ({"zone": "Europe/Zurich", "opens": "09:00", "closes": "10:00"}, "2026-07-06T07:30", True),
    ],
)
def test_hours_are_those_of_the_tenants_own_clock_on_the_wall(hours: dict, moment: str, inside: bool) -> None:
    pytest.importorskip("zoneinfo").ZoneInfo("Europe/Zurich")
    assert HoursPolicy(**hours).include(at(moment)) is inside


@pytest.mark.parametrize(
    "body",
    [
        '[hours]\nzone = "Mars/Olympus"',
        '[hours]\nopens = "9:00"',
        '[hours]\nopens = "25:00"',
        '[hours]\nopens = "10:00"\ncloses = "10:00"',
        "[hours]\ndays = []",
        '[hours]\ndays = ["monday"]',
        "[hours]\nopens = 09:00:00",
        "[work]\nmost_seconds = 0.0",
        "[work]\nlargest_batch = 0",
        "[work]\nmost_memory_mb = -1",
        '[metrics]\nallowed = ["loss"]',
        "[privacy]\nepsilon = inf",
    ],
)
def test_a_policy_that_means_nothing_is_refused(tmp_path: Path, body: str) -> None:
    path = tmp_path / "policy.toml"
    privacy = "" if "[privacy]" in body else "[privacy]\nepsilon = 1.0\n"
    path.write_text(f'tenant = "a"\npurposes = ["research"]\n{privacy}{body}\n')
    with pytest.raises(BadInput):
        read_toml(TenantPolicy, path)


@pytest.mark.parametrize("privacy", ['unit = "hospital"', 'unit = ["example", "group"]', "clippings = []"])
def test_one_budget_has_one_unit(tmp_path: Path, privacy: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f'tenant = "a"\npurposes = []\n[privacy]\nepsilon = 1.0\n{privacy}\n')
    with pytest.raises(BadInput, match="privacy"):
        read_toml(TenantPolicy, path)


def test_a_policy_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    policy = TenantPolicy(
        tenant="clinic",
        purposes=("research", "billing"),
        privacy=PrivacyPolicy(epsilon=2.5, unit="group", clippings=("flat", "adaptive")),
        work=WorkPolicy(largest_batch=64, most_seconds=90.5, most_memory_mb=500),
        hours=HoursPolicy(zone="Europe/Zurich", days=("sat", "sun"), opens="22:00", closes="06:00"),
    )
    (tmp_path / "policy.toml").write_text(wiring.to_toml(policy))
    assert read_toml(TenantPolicy, tmp_path / "policy.toml") == policy


EXAMPLES = Examples(torch.randn(50, 100), torch.zeros(50, dtype=torch.long))


def test_the_estimate_counts_rows_layers_and_gradients() -> None:
    model = nn.Sequential(nn.Linear(100, 1000), nn.Tanh(), nn.Linear(1000, 10))
    parameters = 4 * (101 * 1000 + 1001 * 10)
    row = 4 * 100 + 8 + 2 * 4 * (1000 + 1000 + 10)
    assert estimated_bytes(model, EXAMPLES, 32, private=False) == 6 * parameters + 32 * row
    assert estimated_bytes(model, EXAMPLES, 32, private=True) == 6 * parameters + 32 * (row + parameters)


def test_a_step_is_refused_from_the_first_byte_too_many() -> None:
    model = nn.Linear(100, 1000)
    needed = estimated_bytes(model, EXAMPLES, 32, private=True) / MEGABYTE
    check_memory(WorkPolicy(most_memory_mb=int(needed) + 1), model, EXAMPLES, 32, private=True)
    with pytest.raises(Declined) as caught:
        check_memory(WorkPolicy(most_memory_mb=int(needed)), model, EXAMPLES, 32, private=True)
    assert caught.value.reason == Refused.TOO_MUCH_MEMORY


def test_a_round_that_takes_more_memory_than_was_estimated_stops() -> None:
    watch, hoard = Watch(WorkPolicy(most_memory_mb=50), torch.device("cpu")), []

    def take() -> None:
        for _ in range(300):  # the peak of the process may lie far above what it holds now
            watch.between_steps()
            hoard.append(np.ones(8_000_000, np.uint8))

    with pytest.raises(Declined) as caught:
        take()
    assert caught.value.reason == Refused.TOO_MUCH_MEMORY
    assert len(hoard) > 6


def test_time_is_looked_at_between_steps() -> None:
    now = [0.0]
    watch = Watch(WorkPolicy(most_seconds=10.0), torch.device("cpu"), clock=lambda: now[0])
    now[0] = 10.0
    watch.between_steps()
    now[0] = 10.1
    with pytest.raises(Declined) as caught:
        watch.between_steps()
    assert caught.value.reason == Refused.TOO_LONG


def test_a_slow_round_stops_after_the_step_that_passed_the_limit(site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the steps is never taken."""
    clinic, ticks = site(work=WorkPolicy(most_seconds=2.5, device="cpu", threads=1)), iter(range(1000))
    monkeypatch.setattr("flowstate_flower.clients.rounds.Watch", lambda *a: Watch(*a, clock=lambda: float(next(ticks))))
    assert clinic.refusal(clinic.ask()).reason == Refused.TOO_LONG
    assert next(ticks) == 4  # the beginning, and before the first, second and third of five steps


CENTRAL = PrivacyTerms(noise_multiplier=5.0, clip_norm=0.5, unit="tenant").model_dump()


def test_noise_at_the_server_is_trusted_by_whoever_says_so_and_is_charged(site) -> None:
    clinic = site(privacy=PrivacyPolicy(epsilon=3.0, unit="tenant"))
    reply = clinic.ask(privacy=CENTRAL, work={"steps": 5, "batch_size": 40, "learning_rate": 50.0})
    statement = clinic.update(reply)
    assert statement.privacy is None  # the noise is not the tenant's, so it claims none
    update = np.concatenate([array.numpy().ravel() for array in reply.content["arrays"].values()])
    assert np.linalg.norm(update) == pytest.approx(0.5, rel=1e-5)
    assert wiring.open_home(clinic.folder).ledger.spent(Account("clinic", "", "tenant", 1e-5)) > 0
    assert clinic.refusal(clinic.ask(round=2)).reason == Refused.UNIT


def test_noise_at_the_server_is_no_privacy_of_the_tenants_own(site) -> None:
    clinic = site(privacy=None, allow_without_privacy=True)
    reply = clinic.ask(privacy=CENTRAL)
    assert clinic.update(reply).privacy is None
    update = np.concatenate([array.numpy().ravel() for array in reply.content["arrays"].values()])
    assert np.linalg.norm(update) <= 0.5 * (1 + 1e-6)


def test_people_are_the_unit_where_the_policy_and_the_data_say_so(site, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = site(privacy=PrivacyPolicy(epsilon=20.0, unit="group"))
    honest = clinic.task.data

    def grouped(tenant: str) -> Examples:
        examples = honest(tenant)
        return Examples(examples.features, examples.targets, torch.arange(40) // 4)

    monkeypatch.setattr(clinic.task, "data", grouped)
    people = PrivacyTerms(noise_multiplier=2.0, clip_norm=1.0, unit="group").model_dump()
    statement = clinic.update(clinic.ask(privacy=people, work={"steps": 2, "batch_size": 2, "learning_rate": 0.1}))
    assert statement.examples == 10  # how many rows they have is nobody's business
    assert (statement.privacy.unit, statement.privacy.sample_rate) == ("group", 0.2)
    assert statement.privacy.truncated_at <= 10
    assert len(statement.privacy.account) == 64
