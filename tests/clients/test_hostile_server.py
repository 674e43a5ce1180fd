"""A server that wants more than it was given: every request is a no that is signed, written down, and costs nothing."""

import json
import threading
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord

from flowstate_flower.clients import Examples, build_client_app
from flowstate_flower.clients.fingerprint import fingerprint
from flowstate_flower.clients.policy import WEEK, HoursPolicy, PrivacyPolicy, WorkPolicy
from flowstate_flower.clients.training import Choices, rehearse
from flowstate_flower.privacy import Account, truncated_poisson
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.statements import Refused
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

WORK = LocalWork(steps=5, batch_size=10, learning_rate=0.5).model_dump()
PRIVACY = PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0).model_dump()
HUGE = 10**400


def privacy(**changes: Any) -> dict[str, Any]:
    return {"privacy": PRIVACY | changes}


def work(**changes: Any) -> dict[str, Any]:
    return {"work": WORK | changes}


# What the policy forbids although the terms are well formed.
GREEDY = {
    "a smaller sigma": (privacy(noise_multiplier=0.49), Refused.NOT_PRIVATE),
    "a sigma of almost nothing": (privacy(noise_multiplier=5e-324), Refused.NOT_PRIVATE),
    "a larger clip": (privacy(clip_norm=10.1), Refused.NOT_PRIVATE),
    "an endless clip": (privacy(clip_norm=1.7e308), Refused.NOT_PRIVATE),
    "no privacy": ({"privacy": None}, Refused.NOT_PRIVATE),
    "people as the unit": (privacy(unit="group"), Refused.UNIT),
    "noise that the server adds": (privacy(unit="tenant"), Refused.UNIT),
    "another clipping": (privacy(clipping="adaptive"), Refused.CLIPPING),
    "another purpose": ({"purpose": "advertising"}, Refused.PURPOSE),
    "a purpose in other letters": ({"purpose": "Research"}, Refused.PURPOSE),
    "another tenant": ({"tenant": "rival"}, Refused.OTHER_TENANT),
    "more steps": (work(steps=51), Refused.TOO_MUCH_WORK),
    "the most steps that terms can say": (work(steps=1_000_000), Refused.TOO_MUCH_WORK),
    "a larger batch": (work(batch_size=33), Refused.TOO_MUCH_WORK),
    "another base": ({"base": "f" * 64}, Refused.WRONG_BASE),
    "a budget's worth in one round": (work(steps=50) | privacy(noise_multiplier=0.5), Refused.BUDGET),
}

# What is not even terms.
MALFORMED: dict[str, dict[str, Any]] = {
    "a key nobody knows": {"metrics": ["loss"]},
    "a key nobody knows, deep inside": privacy(epsilon=100.0),
    "a wish for raw metrics": work(metrics=["loss", "accuracy"]),
    "a budget of the server's": {"epsilon": 1e9},
    "a number as text": work(steps="5"),
    "a count that is a float": work(steps=5.0),
    "a count that is a truth": work(steps=True),
    "a truth as noise": privacy(noise_multiplier=True),
    "noise as text": privacy(noise_multiplier="1.0"),
    "noise as a list": privacy(noise_multiplier=[1.0]),
    "a negative sigma": privacy(noise_multiplier=-1.0),
    "no sigma": privacy(noise_multiplier=0.0),
    "a huge count": work(steps=HUGE),
    "a huge sigma": privacy(noise_multiplier=HUGE),
    "a round before the first": {"round": 0},
    "a round below none": {"round": -1},
    "a round as text": {"round": "1"},
    "a negative learning rate": work(learning_rate=-1.0),
    "a tenant in a list": {"tenant": ["clinic"]},
    "no tenant": {"tenant": None},
    "a path for a purpose": {"purpose": "../research"},
    "a purpose with a line break": {"purpose": "research\n"},
    "a base in capitals": {"base": "F" * 64},
    "a short nonce": {"nonce": "0"},
    "another protocol": {"protocol": "flowstate/0"},
    "a unit nobody knows": privacy(unit="hospital"),
    "privacy as a truth": {"privacy": False},
    "privacy as nothing at all": {"privacy": {}},
}
NOT_JSON = [
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"{" * 5000,
    b'{"round": NaN}',
    b'{"run": "a", "run": "b"}',
]
LITERALS = ["NaN", "Infinity", "-Infinity", "1e999"]


@pytest.fixture
def clinic(site):
    policy = PrivacyPolicy(epsilon=20.0, clippings=("flat",))
    return site(privacy=policy, work=WorkPolicy(most_steps=50, largest_batch=32, device="cpu", threads=1))


def raw(**changes: Any) -> bytes:
    terms = {
        "protocol": "flowstate/1",
        "run": "run-1",
        "round": 1,
        "tenant": "clinic",
        "purpose": "research",
        "base": "0" * 64,
        "nonce": "0" * 32,
        "work": WORK,
        "privacy": PRIVACY,
    }
    return canonical(terms | changes)


def refused(clinic, reply, reason: Refused) -> None:
    """Signed, written down by the tenant, free, and nothing but the statement left."""
    statement = clinic.refusal(reply)
    assert statement.reason == reason, statement
    assert clinic.recorded()[-1] == reason
    assert clinic.spent() == 0


@pytest.mark.parametrize("case", GREEDY)
def test_a_greedy_request_is_refused_signed_recorded_and_free(clinic, case: str) -> None:
    changes, reason = GREEDY[case]
    refused(clinic, clinic.ask(**changes), reason)
    if reason is not Refused.BUDGET:
        assert clinic.task.asked_for_data == 0
    assert clinic.update(clinic.ask()).round == 1  # and nothing is in the way of a fair request


@pytest.mark.parametrize("case", MALFORMED)
def test_terms_that_are_not_terms_are_refused_signed_recorded_and_free(clinic, case: str) -> None:
    refused(clinic, clinic.ask(raw=raw(**MALFORMED[case])), Refused.BAD_TERMS)
    assert clinic.task.asked_for_data == 0


@pytest.mark.parametrize("data", NOT_JSON)
def test_bytes_that_are_no_json_are_refused(clinic, data: bytes) -> None:
    refused(clinic, clinic.ask(raw=data), Refused.BAD_TERMS)


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("field", ["noise_multiplier", "clip_norm", "learning_rate", "momentum"])
def test_numbers_that_are_not_finite_are_refused(clinic, field: str, literal: str) -> None:
    value = (WORK | PRIVACY)[field]
    data = raw().replace(f'"{field}":{json.dumps(value)}'.encode(), f'"{field}":{literal}'.encode())
    assert literal.encode() in data
    refused(clinic, clinic.ask(raw=data), Refused.BAD_TERMS)


@pytest.mark.parametrize(
    "terms",
    [ConfigRecord({}), ConfigRecord({"terms": "text"}), ConfigRecord({"terms": [1, 2]}), ArrayRecord({}), None],
    ids=["nothing", "text", "numbers", "arrays", "no record"],
)
def test_a_message_without_terms_is_refused(clinic, terms: object) -> None:
    reply = clinic.ask(tamper=lambda content: content.pop("terms") if terms is None else content.update({"terms": terms}))
    refused(clinic, reply, Refused.BAD_TERMS)


BROKEN_ARRAYS = {
    "other shapes": {"weight": np.zeros((5, 5), "f4"), "bias": np.zeros(2, "f4")},
    "other names": {"weights": np.zeros((2, 3), "f4"), "bias": np.zeros(2, "f4")},
    "one layer more": {"weight": np.zeros((2, 3), "f4"), "bias": np.zeros(2, "f4"), "more": np.zeros(1, "f4")},
    "one layer less": {"weight": np.zeros((2, 3), "f4")},
    "NaN": {"weight": np.full((2, 3), np.nan, "f4"), "bias": np.zeros(2, "f4")},
    "infinity": {"weight": np.zeros((2, 3), "f4"), "bias": np.array([0, -np.inf], "f4")},
    "texts": {"weight": np.full((2, 3), "a"), "bias": np.zeros(2, "f4")},
}


@pytest.mark.parametrize("case", BROKEN_ARRAYS)
def test_another_base_model_is_refused_even_under_its_own_digest(clinic, case: str) -> None:
    refused(clinic, clinic.ask(arrays=BROKEN_ARRAYS[case]), Refused.WRONG_BASE)
    assert clinic.task.asked_for_data == 0


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x80\x04cos\nsystem\n", b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', "])
def test_arrays_that_cannot_be_read_are_refused(clinic, data: bytes) -> None:
    def tamper(content) -> None:
        broken = Array(dtype="float32", shape=(2, 3), stype="numpy.ndarray", data=data)
        content["arrays"] = ArrayRecord({"weight": broken, "bias": content["arrays"]["bias"]})

    refused(clinic, clinic.ask(tamper=tamper), Refused.WRONG_BASE)


def test_a_message_without_a_model_is_refused(clinic) -> None:
    refused(clinic, clinic.ask(tamper=lambda content: content.pop("arrays")), Refused.BAD_TERMS)


def test_outside_the_tenants_hours_nothing_is_asked_of_it(site) -> None:
    later = WEEK[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    clinic = site(hours=HoursPolicy(days=(later,)))
    refused(clinic, clinic.ask(), Refused.OUTSIDE_HOURS)
    assert clinic.task.asked_for_data == 0


@pytest.mark.parametrize("nonce", ["0" * 32, "a" * 32])
def test_a_round_asked_again_gets_the_same_update_and_is_charged_once(clinic, nonce: str) -> None:
    first = clinic.update(clinic.ask())
    before = clinic.spent()
    again = clinic.update(clinic.ask(nonce=nonce))
    assert again.model_dump(exclude={"nonce", "at"}) == first.model_dump(exclude={"nonce", "at"})
    assert again.nonce == nonce
    assert clinic.spent() == before > 0


def test_a_replay_with_another_model_or_other_noise_is_a_replay(clinic) -> None:
    clinic.ask()
    before = clinic.spent()
    moved = {"weight": np.ones((2, 3), "f4"), "bias": np.zeros(2, "f4")}
    for changes in ({"arrays": moved}, privacy(noise_multiplier=9.0), work(steps=1)):
        assert clinic.refusal(clinic.ask(**changes)).reason == Refused.REPLAYED_ROUND
    assert clinic.spent() == before


def test_copies_and_permutations_of_the_data_share_one_budget(clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.ask()
    before, honest = clinic.spent(), clinic.task.data

    def permuted(tenant: str) -> Examples:
        examples, order = honest(tenant), torch.randperm(40)
        return Examples(examples.features[order], examples.targets[order])

    monkeypatch.setattr(clinic.task, "data", permuted)
    assert clinic.refusal(clinic.ask(**work(steps=4))).reason == Refused.REPLAYED_ROUND
    clinic.ask(round=2)
    assert clinic.spent() > before


def test_two_rounds_at_once_get_what_one_after_the_other_would(site) -> None:
    alone = site()
    alone.ask()
    clinic = site("clinic-2", privacy=PrivacyPolicy(epsilon=1.01 * alone.spent()))
    gate, replies = threading.Barrier(2), []

    def ask(number: int) -> None:
        gate.wait()
        replies.append(clinic.ask(round=number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("arrays" in reply.content for reply in replies) == [False, True]
    (no,) = [reply for reply in replies if "arrays" not in reply.content]
    assert clinic.refusal(no).reason == Refused.BUDGET
    assert clinic.spent() == pytest.approx(alone.spent())


@pytest.mark.parametrize("weight", [1e30, 3e38])
def test_weights_that_overflow_give_no_budget_back_and_tell_nothing(clinic, weight: float) -> None:
    """Gradients that are not finite depend on the data: they count as none, so that the reply does not say whose they were."""
    arrays = {"weight": np.array([[weight, -weight, weight], [-weight, weight, weight]], "f4"), "bias": np.zeros(2, "f4")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reply = clinic.ask(arrays=arrays)
    assert np.isfinite(reply.content["arrays"]["weight"].numpy()).all()
    before = clinic.spent()
    assert before > 0
    assert clinic.update(clinic.ask(round=2)).round == 2
    assert clinic.spent() > before


def test_a_learning_rate_that_blows_the_model_up_gives_nothing_back(clinic) -> None:
    clinic.ask(**work(learning_rate=1e300))
    assert clinic.spent() > 0
    assert clinic.update(clinic.ask(round=2)).round == 2


def test_a_round_that_takes_too_long_stops_is_refused_and_stays_spent(site) -> None:
    clinic = site(work=WorkPolicy(most_seconds=1e-9, device="cpu", threads=1))
    statement = clinic.refusal(clinic.ask())
    assert statement.reason == Refused.TOO_LONG
    assert clinic.spent() > 0
    assert clinic.refusal(clinic.ask()).reason == Refused.REPLAYED_ROUND


def test_a_batch_that_would_not_fit_is_refused_before_anything_is_spent(site, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = site(work=WorkPolicy(most_memory_mb=1, device="cpu", threads=1))
    assert clinic.update(clinic.ask()).round == 1
    before = clinic.spent()
    wide = torch.nn.Linear(3, 200_000)
    monkeypatch.setattr(clinic.task, "model", lambda: wide)
    arrays = {name: tensor.numpy() for name, tensor in wide.state_dict().items()}
    assert clinic.refusal(clinic.ask(arrays=arrays, round=2)).reason == Refused.TOO_MUCH_MEMORY
    assert clinic.spent() == before


def test_a_task_that_works_samples_off_in_pieces_needs_room_for_a_piece(site, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = site(work=WorkPolicy(most_memory_mb=1, device="cpu", threads=1))
    model = torch.nn.Sequential(torch.nn.Linear(3, 3000), torch.nn.Linear(3000, 2))
    monkeypatch.setattr(clinic.task, "model", lambda: model)
    arrays = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    assert clinic.refusal(clinic.ask(arrays=arrays)).reason == Refused.TOO_MUCH_MEMORY
    monkeypatch.setattr(clinic.task, "choices", Choices(most_rows=2), raising=False)
    reply = clinic.ask(arrays=arrays)
    assert "arrays" in reply.content or clinic.refusal(reply).detail == "the round took more than 1 MB"


def test_people_are_refused_where_the_task_names_none(site) -> None:
    clinic = site(privacy=PrivacyPolicy(epsilon=20.0, unit="group"))
    refused(clinic, clinic.ask(**privacy(unit="group")), Refused.UNIT)


def test_a_flood_of_requests_leaves_one_line_each(clinic) -> None:
    for number in range(1, 8):
        clinic.ask(round=number, purpose="advertising")
    lines = (clinic.folder / "refusals.jsonl").read_text().splitlines()
    assert [json.loads(line)["round"] for line in lines] == list(range(1, 8))
    assert (clinic.folder / "refusals.jsonl").stat().st_mode & 0o077 == 0


def test_what_the_server_sent_meets_the_data_only_once_it_is_paid_for(clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial costs nothing: if it ran on the server's weights, whether it fails would tell of the data for free."""
    seen: list[tuple[str, bool]] = []
    theirs = {"weight": np.full((2, 3), 7.0, "f4"), "bias": np.full(2, 7.0, "f4")}

    def has_theirs(model: torch.nn.Module) -> bool:
        return bool((model.weight == 7.0).any() or (model.bias == 7.0).any())

    def rehearsal(task, model, *rest):
        seen.append(("rehearsal", has_theirs(model)))
        return rehearse(task, model, *rest)

    def trainer(job) -> None:
        seen.append(("training", has_theirs(job.model)))
        assert clinic.spent() > 0

    monkeypatch.setattr("flowstate_flower.clients.rounds.rehearse", rehearsal)
    clinic.app = build_client_app(clinic.task, clinic.home, lambda _: trainer)
    clinic.update(clinic.ask(arrays=theirs))
    assert seen == [("rehearsal", False), ("training", True)]


def test_what_is_claimed_of_sampling_is_what_was_accounted(clinic) -> None:
    claim = clinic.update(clinic.ask()).privacy
    sampling = truncated_poisson(40, 10)
    assert (claim.sample_rate, claim.truncated_at, claim.steps) == (sampling.rate, sampling.largest, 5)
    assert (claim.unit, claim.clipping) == ("example", "flat")
    account = Account("clinic", fingerprint(clinic.task.data("clinic")), "example", 1e-5)
    assert claim.account == clinic.home(None).ledger.pseudonym(account)
    assert clinic.update(clinic.ask(round=2)).privacy.account == claim.account
