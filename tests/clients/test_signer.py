"""The signer signs what was reserved through it, refusals and presence, for its own users, and nothing else."""

import json
import os
import socket
from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.clients.folder_home import FolderHome
from flowstate_flower.clients.mods import Declared, budget, consent, signing, tenant_noise
from flowstate_flower.clients.policy import Declined, PrivacyPolicy, WorkPolicy
from flowstate_flower.clients.signer import RemoteHome, wire
from flowstate_flower.clients.signer.server import Signer, bound
from flowstate_flower.clients.spending import charge_of
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.privacy import epsilon_of
from flowstate_flower.trust.canonical import canonical
from flowstate_flower.trust.statements import PRESENCE_TYPE, REFUSAL_TYPE, UPDATE_TYPE, PresenceStatement, Refused, read
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Terms
from tests.clients.test_hostile_server import GREEDY
from tests.clients.test_mods import BASE, by, numpy_app

UPDATE = "c" * 64


@pytest.fixture
def clinic(site, served):
    return served(site())


def terms(**changes: object) -> Terms:
    said = {
        "run": "run-1",
        "round": 1,
        "tenant": "clinic",
        "purpose": "research",
        "base": "0" * 64,
        "nonce": "0" * 32,
        "work": LocalWork(steps=5, batch_size=10, learning_rate=0.5).model_dump(),
        "privacy": PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0).model_dump(),
    }
    return Terms.model_validate(said | changes)


def told(clinic, line: bytes) -> dict:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(clinic.socket))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        try:
            return json.loads(connection.makefile("rb").read())
        except ConnectionResetError:  # it did not wait for the end of what is too long
            return {"envelope": None, "claim": None, "failed": "reset"}


def reserve(clinic, asked: Terms, data_set: str = "a" * 64):
    home = clinic.home(None)
    return home.reserve(asked, charge_of(home.policy, asked, data_set, 40))


def declined(clinic, asked: Terms) -> Refused | None:
    try:
        reserve(clinic, asked)
    except Declined as no:
        return no.reason
    return None


def test_the_ready_app_does_through_a_signer_what_it_does_with_the_key(clinic) -> None:
    first = clinic.update(clinic.ask())
    assert first.privacy.epsilon == pytest.approx(clinic.spent())
    assert clinic.update(clinic.ask(nonce="b" * 32)).update == first.update
    assert clinic.refusal(clinic.ask(purpose="advertising")).reason == Refused.PURPOSE
    assert clinic.recorded() == [Refused.PURPOSE]
    assert clinic.refusal(clinic.ask(work=LocalWork(steps=4, batch_size=10, learning_rate=0.5).model_dump())).reason == (
        Refused.REPLAYED_ROUND
    )
    presence = clinic.home(None).sign_presence(77, "a" * 32)
    assert presence.is_signed_by(clinic.key)
    assert read(PresenceStatement, presence).node == 77


def test_what_a_client_holds_of_its_home_has_no_key_in_it(clinic) -> None:
    home = clinic.home(None)
    assert {name: type(getattr(home, name)).__name__ for name in home.__slots__} == {
        "path": "PosixPath",
        "policy": "TenantPolicy",
        "updates": "UpdateStore",
    }


@pytest.mark.parametrize("case", [case for case, (_, reason) in GREEDY.items() if reason is not Refused.WRONG_BASE])
def test_the_signer_reserves_nothing_greedy_even_for_an_app_that_does_not_ask_the_policy(site, served, case: str) -> None:
    changes, reason = GREEDY[case]
    policy = PrivacyPolicy(epsilon=20.0, clippings=("flat",))
    clinic = served(site(privacy=policy, work=WorkPolicy(most_steps=50, largest_batch=32, device="cpu", threads=1)))
    asked, home = terms(**changes), clinic.home(None)
    paid = asked if asked.privacy else terms()
    generous = home.policy.model_copy(update={"privacy": PrivacyPolicy(epsilon=1e6, unit=paid.privacy.unit)})
    charge = charge_of(generous, paid, "a" * 64, 40)
    with pytest.raises(Declined) as no:
        home.reserve(asked, charge)
    assert no.value.reason == (reason if asked.privacy else Refused.BAD_TERMS)
    assert clinic.spent() == 0
    with pytest.raises(Declined):
        home.sign_update(asked, UPDATE, 40)


CHEAPER = {
    "fewer steps": {"steps": 1},
    "more noise": {"noise_multiplier": 50.0},
    "smaller samples": {"sample_rate": 1e-6},
    "a claim of less": {"made": PrivacyTerms(noise_multiplier=9.0, clip_norm=1.0)},
    "no claim": {"made": None},
    "another unit": {"unit": "tenant", "data_set": ""},
}


@pytest.mark.parametrize("lie", CHEAPER)
def test_a_charge_that_is_less_than_the_terms_come_to_is_declined(clinic, lie: str) -> None:
    asked, home = terms(), clinic.home(None)
    honest = wire.ChargeMessage.of(charge_of(home.policy, asked, "a" * 64, 40))
    with pytest.raises(Declined) as no:
        home.reserve(asked, honest.model_copy(update=CHEAPER[lie]).charge("clinic", 1e-5))
    assert no.value.reason == Refused.BAD_TERMS
    assert home.reserve(asked, honest.charge("clinic", 1e-5)).epsilon > 0


def test_one_reservation_is_one_signature_over_one_update(clinic) -> None:
    asked, home = terms(), clinic.home(None)
    for other in (asked, terms(round=2), terms(base="1" * 64)):
        with pytest.raises(Declined, match="nothing is reserved"):
            home.sign_update(other, UPDATE, 40)
    reserve(clinic, asked)
    for other in (terms(round=2), terms(base="1" * 64), terms(run="run-2")):
        with pytest.raises(Declined):
            home.sign_update(other, UPDATE, 40)
    assert home.sign_update(asked, UPDATE, 40).is_signed_by(clinic.key)
    assert home.sign_update(terms(nonce="b" * 32), UPDATE, 40).is_signed_by(clinic.key)
    with pytest.raises(Declined):
        home.sign_update(asked, "d" * 64, 40)


@pytest.mark.parametrize("end", ["settle", "abandon"])
def test_after_its_end_nothing_is_signed_on_a_reservation(clinic, end: str) -> None:
    reserve(clinic, terms())
    getattr(clinic.home(None), end)(terms())
    with pytest.raises(Declined):
        clinic.home(None).sign_update(terms(), UPDATE, 40)
    with pytest.raises(Declined):
        reserve(clinic, terms())


def test_the_budget_is_kept_whatever_the_app_says(site, served) -> None:
    budget = PrivacyPolicy(epsilon=6.0)
    clinic = served(site(privacy=budget))
    outcomes = [declined(clinic, terms(round=number)) for number in range(1, 9)]
    granted = outcomes.index(Refused.BUDGET)
    assert granted > 0
    assert outcomes == [None] * granted + [Refused.BUDGET] * (8 - granted)
    assert epsilon_of([charge_of(clinic.home(None).policy, terms(), "a" * 64, 40).release] * granted, 1e-5) <= 6.0
    with pytest.raises(Declined, match="has to be opened by the tenant"):  # nor does an invented data set open a fresh one
        reserve(clinic, terms(round=500), data_set="b" * 64)


def test_a_change_of_the_policy_counts_at_once(clinic) -> None:
    reserve(clinic, terms())
    policy = wiring.open_home(clinic.folder).policy.model_copy(update={"purposes": ("weather",)})
    (clinic.folder / "policy.toml").write_text(wiring.to_toml(policy))
    with pytest.raises(Declined) as no:
        clinic.home(None).sign_update(terms(), UPDATE, 40)
    assert no.value.reason == Refused.PURPOSE


FORBIDDEN = {
    "a consent": {"do": "sign-consent", "purpose": "research"},
    "a withdrawal": {"do": "sign-withdrawal", "purpose": "research"},
    "a budget": {"do": "sign-budget", "account": "a" * 64, "epsilon": 100.0},
    "to join": {"do": "sign-request", "nodes": []},
    "any bytes": {"do": "sign", "payload": "aGVsbG8="},
    "another type": {"do": "sign-presence", "node": 1, "nonce": "a" * 32, "type": "application/vnd.flowstate.budget.v1+json"},
    "the key": {"do": "key"},
    "nothing": {},
    "a statement of its own": {"do": "sign-update", "statement": {"tenant": "rival"}},
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_else_is_signed(clinic, what: str) -> None:
    said = told(clinic, canonical(FORBIDDEN[what]) + b"\n")
    assert said["envelope"] is None
    assert said["failed"] is not None
    assert "flowstate client" not in json.dumps(said)


def test_there_are_three_kinds_of_signatures(clinic) -> None:
    home = clinic.home(None)
    reserve(clinic, terms())
    made = (
        home.sign_update(terms(), UPDATE, 40),
        home.sign_refusal("run-1", 2, "", Declined(Refused.FAILED, "no")),
        home.sign_presence(1, "a" * 32),
    )
    assert [envelope.payload_type for envelope in made] == [UPDATE_TYPE, REFUSAL_TYPE, PRESENCE_TYPE]
    assert all(json.loads(envelope.payload)["tenant"] == "clinic" for envelope in made)
    assert len([name for name in vars(wire) if name.startswith("Sign")]) == 3


@pytest.mark.parametrize("line", [b"", b"\n", b"no JSON\n", b"\xff\xfe\n", b"[" * 9000 + b"\n", b"x" * 70_000 + b"\n", b"{}"])
def test_a_malformed_line_is_answered_without_a_signature(clinic, line: bytes) -> None:
    said = told(clinic, line)
    assert (said["envelope"], said["claim"]) == (None, None)
    assert said["failed"]
    assert clinic.update(clinic.ask()).round == 1  # and the next is served


def test_a_process_of_another_user_is_not_served(site, served) -> None:
    clinic = served(site(), users={os.geteuid() + 1})
    with pytest.raises((RunImpossible, BadInput)):
        clinic.home(None)


def test_the_socket_is_its_owners_alone_and_there_is_one_signer(clinic) -> None:
    assert clinic.socket.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BadInput, match="listens"):
        bound(clinic.socket)


def test_a_socket_that_a_dead_signer_left_is_taken_over(short: Path) -> None:
    bound(short / "signer.sock").close()
    bound(short / "signer.sock").close()


def test_a_path_that_is_too_long_is_complained_of(short: Path) -> None:
    with pytest.raises(BadInput) as caught:
        bound(short / ("x" * 120))
    assert "107" in caught.value.hint


def test_without_a_signer_the_server_hears_nothing_but_that(site) -> None:
    clinic = site()
    clinic.home = lambda _: RemoteHome.open(clinic.folder / "nowhere.sock")
    with pytest.raises(RunImpossible) as caught:
        clinic.ask()
    assert str(clinic.folder) not in str(caught.value)


def test_what_fails_in_the_signer_is_in_its_log_and_nowhere_else(clinic) -> None:
    (clinic.folder / "ledger.db").write_bytes(b"scribbled over" * 1000)
    said = told(clinic, canonical(wire.Hello().model_dump()) + b"\n")
    assert str(clinic.folder) not in json.dumps(said)
    assert said["failed"]


@pytest.mark.parametrize("believed", [True, False])
def test_what_mods_declare_is_believed_where_the_tenant_says_so(site, served, believed: bool) -> None:
    made = Declared(noise_multiplier=20.0, clip_norm=0.5)
    clinic = served(site(privacy=PrivacyPolicy(epsilon=3.0, unit="tenant")), believes_declared=believed)
    home = clinic.home
    clinic.app = numpy_app(by(1.0), signing(home), consent(home, made), budget(home, made), tenant_noise(home, made))
    reply = clinic.ask(arrays=BASE, privacy=None)
    if not believed:
        assert clinic.refusal(reply).reason == Refused.BAD_TERMS
        return
    assert clinic.update(reply).privacy.noise_multiplier == 20.0
    assert clinic.update(clinic.ask(arrays=BASE, privacy=None)).update == clinic.update(reply).update


def test_rounds_without_privacy_are_signed_where_the_policy_allows_them(site, served) -> None:
    clinic = served(site(privacy=None, allow_without_privacy=True))
    assert clinic.update(clinic.ask(privacy=None)).privacy is None
    assert clinic.refusal(clinic.ask(round=2)).reason == Refused.BUDGET
    with pytest.raises(Declined):
        clinic.home(None).sign_update(terms(), UPDATE, 40)


def test_a_signer_does_not_raise_for_what_it_is_asked(site) -> None:
    def broken() -> FolderHome:
        raise OSError("the disk is gone")

    reply = Signer(broken, {0}).answered(canonical(wire.Hello().model_dump()))
    assert reply.failed
    assert "disk" not in reply.failed
