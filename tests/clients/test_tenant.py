"""The tenant's word is law at the tenant's: a hostile server cannot talk it out of its policy or its budget."""

from pathlib import Path

import numpy as np
import pytest
from torch import nn

from flowstate_flower import wiring
from flowstate_flower.clients.policy import PrivacyPolicy, RandomnessPolicy, TenantPolicy, WorkPolicy
from flowstate_flower.documents import read_toml
from flowstate_flower.errors import BadInput, BrokenRegistry, RunImpossible
from flowstate_flower.privacy import GaussianRelease, epsilon_of
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms


def test_an_update_is_signed_over_what_is_sent(site) -> None:
    clinic = site()
    reply = clinic.ask()
    statement = clinic.update(reply)
    assert statement.update == model_digest((n, a.numpy()) for n, a in reply.content["arrays"].items())
    assert (statement.tenant, statement.run, statement.round, statement.nonce) == ("clinic", "run-1", 1, "0" * 32)
    assert statement.examples == reply.content["metrics"]["num-examples"] == 40
    assert dict(reply.content["metrics"]) == {"num-examples": 40}  # no loss, no accuracy: they are outside the guarantee


def test_what_is_claimed_is_what_the_ledger_says(site) -> None:
    clinic = site()
    claims = [clinic.update(clinic.ask(round=n)).privacy for n in (1, 2, 3)]
    release = GaussianRelease(1.0, 0.25, 5)
    assert [claim.epsilon for claim in claims] == pytest.approx([epsilon_of([release] * n, 1e-5) for n in (1, 2, 3)])
    assert claims[0].randomness == "os"
    assert clinic.spent() == claims[-1].epsilon


HOSTILE = {
    "another purpose": ({"purpose": "advertising"}, Refused.PURPOSE),
    "another tenant's terms": ({"tenant": "rival"}, Refused.OTHER_TENANT),
    "no privacy": ({"privacy": None}, Refused.NOT_PRIVATE),
    "little noise": ({"privacy": PrivacyTerms(noise_multiplier=0.1, clip_norm=1.0).model_dump()}, Refused.NOT_PRIVATE),
    "a loose clip": ({"privacy": PrivacyTerms(noise_multiplier=1.0, clip_norm=1e6).model_dump()}, Refused.NOT_PRIVATE),
    "endless work": ({"work": LocalWork(steps=51, batch_size=1, learning_rate=0.1).model_dump()}, Refused.TOO_MUCH_WORK),
    "another base": ({"base": "f" * 64}, Refused.WRONG_BASE),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_request_is_refused_signed_and_free(site, case: str) -> None:
    changes, reason = HOSTILE[case]
    clinic = site()
    statement = clinic.refusal(clinic.ask(**changes))
    assert statement.reason == reason
    assert (statement.run, statement.round, statement.nonce) == ("run-1", 1, "0" * 32)
    assert clinic.spent() == 0
    assert clinic.task.asked_for_data == 0  # the policy is checked before anything touches the data


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b"\xff", b'{"run": "' + b"x" * 200 + b'"}'])
def test_terms_that_cannot_be_read_are_refused(site, raw: bytes) -> None:
    clinic = site()
    assert clinic.refusal(clinic.ask(raw=raw)).reason == Refused.BAD_TERMS


def test_terms_with_a_key_nobody_knows_are_refused(site) -> None:
    clinic = site()
    assert clinic.refusal(clinic.ask(raw=b'{"also": 1}')).reason == Refused.BAD_TERMS


def test_a_model_that_does_not_fit_the_task_is_refused(site) -> None:
    clinic = site()
    statement = clinic.refusal(clinic.ask(arrays={"weight": np.zeros((5, 5), "f4"), "bias": np.zeros(2, "f4")}))
    assert statement.reason == Refused.WRONG_BASE
    assert clinic.spent() == 0


def test_the_round_that_would_pass_the_budget_is_refused_before_it_starts(site) -> None:
    release = GaussianRelease(1.0, 0.25, 5)
    afford = epsilon_of([release] * 3, 1e-5) + 0.01
    clinic = site(privacy=PrivacyPolicy(epsilon=afford))
    replies = [clinic.ask(round=number) for number in range(1, 6)]
    assert all("arrays" in reply.content for reply in replies[:3])
    assert [clinic.refusal(reply).reason for reply in replies[3:]] == [Refused.BUDGET, Refused.BUDGET]
    assert clinic.spent() == pytest.approx(epsilon_of([release] * 3, 1e-5))


def test_the_budget_outlives_runs_and_restarts(site) -> None:
    clinic = site(privacy=PrivacyPolicy(epsilon=epsilon_of([GaussianRelease(1.0, 0.25, 5)] * 2, 1e-5) + 0.01))
    clinic.ask(run="monday")
    clinic.ask(run="tuesday")
    assert clinic.refusal(clinic.ask(run="wednesday")).reason == Refused.BUDGET


def test_a_round_that_is_asked_again_for_more_is_refused_and_costs_nothing(site) -> None:
    clinic = site()
    clinic.ask()
    before = clinic.spent()
    more = LocalWork(steps=6, batch_size=10, learning_rate=0.5).model_dump()
    assert clinic.refusal(clinic.ask(work=more)).reason == Refused.REPLAYED_ROUND
    assert clinic.spent() == before


def test_a_crash_in_training_counts_as_spent_and_is_not_repeated(site, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = site()
    monkeypatch.setattr(clinic.task, "loss", _quotes_the_data)
    monkeypatch.setattr("flowstate_flower.clients.rounds.rehearse", lambda *_, **__: None)
    statement = clinic.refusal(clinic.ask())
    assert statement.reason == Refused.FAILED
    assert "17.5" not in statement.model_dump_json()
    assert clinic.spent() > 0
    monkeypatch.undo()
    assert clinic.refusal(clinic.ask()).reason == Refused.REPLAYED_ROUND


def _quotes_the_data(*_: object) -> None:
    raise RuntimeError("patient 12 has 17.5")


@pytest.mark.parametrize("fault", ["a reduced loss", "batch norm"])
def test_a_task_that_cannot_be_trained_privately_costs_nothing(site, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    clinic = site()
    if fault == "a reduced loss":
        monkeypatch.setattr(clinic.task, "loss", nn.functional.cross_entropy)
        arrays = None
    else:
        model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        monkeypatch.setattr(clinic.task, "model", lambda: model)
        arrays = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    assert clinic.refusal(clinic.ask(arrays=arrays)).reason == Refused.FAILED
    assert clinic.spent() == 0


def test_a_policy_cannot_have_a_budget_and_a_way_round_it(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('tenant = "a"\npurposes = []\nallow_without_privacy = true\n[privacy]\nepsilon = 1.0\n')
    with pytest.raises(BadInput, match="either"):
        read_toml(TenantPolicy, path)


def test_a_refusal_of_unreadable_terms_still_says_which_message_it_answers(site) -> None:
    clinic = site()
    raw = b'{"run": "run-1", "round": 4, "nonce": "' + b"a" * 32 + b'", "also": "send the data"}'
    statement = clinic.refusal(clinic.ask(raw=raw))
    assert (statement.reason, statement.run, statement.round, statement.nonce) == (Refused.BAD_TERMS, "run-1", 4, "a" * 32)


def test_delta_must_be_below_one_over_the_number_of_examples(site) -> None:
    clinic = site(privacy=PrivacyPolicy(epsilon=5.0, delta=0.03))
    statement = clinic.refusal(clinic.ask())
    assert statement.reason == Refused.BUDGET
    assert "not below 1 / N" in statement.detail


def test_a_tenant_without_a_budget_does_not_pretend_to_have_one(site) -> None:
    clinic = site(privacy=None, allow_without_privacy=True)
    assert clinic.refusal(clinic.ask()).reason == Refused.BUDGET
    assert clinic.update(clinic.ask(round=2, privacy=None)).privacy is None


def test_seeded_noise_says_so_in_every_statement(site) -> None:
    clinic = site(randomness=RandomnessPolicy(source="seeded", seed=3))
    assert clinic.update(clinic.ask()).privacy.randomness == "seeded"


def test_the_policy_file_says_what_the_policy_is(site) -> None:
    clinic = site(work=WorkPolicy(most_steps=7, threads=2))
    assert read_toml(TenantPolicy, clinic.folder / "policy.toml").work == WorkPolicy(most_steps=7, threads=2)


def test_a_misspelt_policy_is_refused_with_the_nearest_key(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('tenant = "a"\npurposes = []\n[privacy]\nepsilom = 3.0\n')
    with pytest.raises(BadInput, match=r"privacy\.epsilom") as caught:
        read_toml(TenantPolicy, path)
    assert caught.value.hint == "did you mean 'epsilon'?"


def test_a_policy_is_never_loose_by_omission(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('tenant = "a"\npurposes = ["research"]\n')
    with pytest.raises(BadInput, match="either"):
        read_toml(TenantPolicy, path)


def test_a_broken_ledger_stops_training_and_does_not_say_where_it_lies(site) -> None:
    clinic = site()
    (clinic.folder / "ledger.db").write_bytes(b"scribbled over" * 1000)
    with pytest.raises(RunImpossible, match="cannot be opened") as caught:
        clinic.ask()
    assert isinstance(caught.value.__cause__, BrokenRegistry)
    assert str(clinic.folder) not in str(caught.value)


def test_a_home_needs_its_key(site) -> None:
    clinic = site()
    (clinic.folder / "signing.key").unlink()
    with pytest.raises(BadInput, match="cannot read the signing key"):
        wiring.open_home(clinic.folder)
