"""What a tenant signs is what counts: who signed, for what, until when, and that nothing is used twice."""

from pathlib import Path

import pytest

from flowstate_flower import wiring
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry import Registry, audit, consents, gate, tenants, views
from flowstate_flower.registry.tenants import Status
from flowstate_flower.trust.bounds import Ask, Bounds, loosened, tightest
from flowstate_flower.trust.dsse import Envelope
from flowstate_flower.trust.keys import SigningKey
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

WORK = LocalWork(steps=10, batch_size=1, learning_rate=0.1)
ASK = Ask("run-1", "research", WORK, PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0), "a" * 64)
SOON, LONG_AGO = "2999-01-01T00:00:00.000000Z", "2020-01-01T00:00:00.000000Z"


@pytest.fixture
def registry(tmp_path: Path, create) -> Registry:
    return create(tmp_path)


@pytest.fixture
def tenant(registry: Registry, voice):
    def make(name: str = "a"):
        speaker = voice(name)
        wiring.admit(registry, speaker.request())
        return speaker

    return make


def agreeing(registry: Registry, ask: Ask = ASK) -> set[str]:
    return set(gate.candidates(registry, ask, ("a", "b", "tenant-0")))


def test_consent_is_to_a_purpose_and_ends_when_it_is_withdrawn(registry, tenant) -> None:
    a, b = tenant("a"), tenant("b")
    consents.accept(registry, a.consent("research"))
    consents.accept(registry, b.consent("billing"))
    assert agreeing(registry) == {"a"}
    consents.accept(registry, a.withdrawal("research"))
    assert gate.dispatch(registry, ASK, ["a"], 1)["a"][0] == "no-consent"  # the next message
    assert gate.standing(registry, ASK, {"a": 0})["a"][0] == "no-consent"  # a reply in flight
    assert agreeing(registry) == set()
    consents.accept(registry, a.consent("research"))
    assert agreeing(registry) == {"a"}
    assert audit.verify(registry, registry.operator).verified


def test_the_log_names_the_tenant_and_the_envelopes_are_kept(registry, tenant) -> None:
    a = tenant()
    consents.accept(registry, given := a.consent("research"))
    consents.accept(registry, taken := a.withdrawal("research"))
    entries = [e for e in views.audit_log(registry, tenant="a") if e.kind.startswith("consent.")]
    assert [(e.kind, e.actor) for e in entries] == [("consent.added", "a"), ("consent.withdrawn", "a")]
    from sqlmodel import select

    from flowstate_flower.registry.tables import ConsentRow

    with registry.reading() as session:
        (row,) = session.exec(select(ConsentRow)).all()
    assert (row.envelope, row.withdrawal) == (given.to_bytes().decode(), taken.to_bytes().decode())
    assert all(Envelope.parse(text.encode()).is_signed_by(a.key.public) for text in (row.envelope, row.withdrawal))


@pytest.mark.parametrize("again", ["the first", "one signed before the withdrawal"])
def test_a_consent_is_not_used_again_after_its_withdrawal(registry, tenant, again: str) -> None:
    a = tenant()
    first, second = a.consent("research"), a.consent("research")
    consents.accept(registry, first)
    consents.accept(registry, a.withdrawal("research"))
    with pytest.raises(BadInput, match=r"withdrawn at .*, after this was signed"):
        consents.accept(registry, first if again == "the first" else second)
    assert agreeing(registry) == set()


def test_a_withdrawal_is_not_used_against_a_later_consent(registry, tenant) -> None:
    a = tenant()
    consents.accept(registry, a.consent("research"))
    consents.accept(registry, taken := a.withdrawal("research"))
    with pytest.raises(BadInput, match="after this was signed"):
        consents.accept(registry, taken)
    consents.accept(registry, a.consent("research"))
    with pytest.raises(BadInput, match="after this was signed"):
        consents.accept(registry, taken)
    assert agreeing(registry) == {"a"}


def test_a_withdrawal_ends_what_was_signed_before_and_is_still_under_way(registry, tenant) -> None:
    a = tenant()
    late = a.consent("research")
    consents.accept(registry, a.withdrawal("research"))
    with pytest.raises(BadInput, match="after this was signed"):
        consents.accept(registry, late)
    assert agreeing(registry) == set()
    assert [view.status for view in consents.listed(registry)] == ["withdrawn"]
    consents.accept(registry, a.consent("research"))
    assert agreeing(registry) == {"a"}
    assert audit.verify(registry, registry.operator).verified


def test_another_tenants_key_says_nothing(registry, tenant, voice) -> None:
    a, b = tenant("a"), tenant("b")
    for forger in (b.key, SigningKey.generate()):
        with pytest.raises(BadInput, match="not signed by the registered key of a"):
            consents.accept(registry, voice("a", forger).consent("research"))
    consents.accept(registry, a.consent("research"))
    with pytest.raises(BadInput, match="not signed by the registered key of a"):
        consents.accept(registry, voice("a", b.key).withdrawal("research"))
    assert agreeing(registry) == {"a"}


def test_what_is_not_a_consent_for_here_and_now_is_one_clear_error(registry, tenant, voice) -> None:
    a, before = tenant(), len(views.audit_log(registry))
    cases = {
        "expired at": a.consent("research", expires_at=LONG_AGO),
        "another operator": a.consent("research", operator=SigningKey.generate().public),
        "not a consent": a.request(),
    }
    for said, envelope in cases.items():
        with pytest.raises(BadInput, match=said):
            consents.accept(registry, envelope)
    unsigned = a.consent("research")
    with pytest.raises(BadInput, match="not signed by"):
        consents.accept(registry, Envelope(unsigned.payload_type, unsigned.payload, bytes(64), unsigned.keyid))
    with pytest.raises(UnknownName, match="unknown tenant 'b'"):
        consents.accept(registry, voice("b").consent("research"))
    with pytest.raises(BadInput, match=r"policy.toml does not allow 'war'"):
        a.consent("war")
    assert len(views.audit_log(registry)) == before
    consents.accept(registry, a.consent("research", operator=registry.operator))
    with pytest.raises(BadInput, match="has agreed to 'research' already"):
        consents.accept(registry, a.consent("research"))


def test_a_deleted_tenant_agrees_to_nothing(registry, tenant) -> None:
    a = tenant()
    tenants.move(registry, "a", Status.SUSPENDED, actor="operator")
    tenants.remove(registry, "a", actor="operator")
    with pytest.raises(BadInput, match="a was deleted"):
        consents.accept(registry, a.consent("research"))


def test_a_consent_expires_by_itself(registry, tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    a = tenant()
    consents.accept(registry, a.consent("research", expires_at="2998-01-01T00:00:00.000000Z"))
    assert agreeing(registry) == {"a"}
    for room in (gate, views):
        monkeypatch.setattr(room, "timestamp", lambda: SOON)
    assert agreeing(registry) == set()
    assert gate.standing(registry, ASK, {"a": 0})["a"] == ("no-consent", "the consent expired at 2998-01-01T00:00:00.000000Z")
    assert views.tenants(registry)[0].purposes == ()
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("bounds", "kept"),
    [
        (Bounds(), True),
        (Bounds(most_steps=10, least_noise_multiplier=1.0, largest_clip_norm=1.0, largest_epsilon=1.0, most_rounds=1), True),
        (Bounds(most_steps=9), False),
        (Bounds(least_noise_multiplier=1.1), False),
        (Bounds(largest_clip_norm=0.9), False),
    ],
)
def test_a_consent_holds_within_its_bounds_only(registry, tenant, bounds: Bounds, kept: bool) -> None:
    consents.accept(registry, tenant().consent("research", bounds=bounds))
    assert agreeing(registry) == ({"a"} if kept else set())
    faults = gate.dispatch(registry, ASK, ["a"], 1)
    assert {name: reason for name, (reason, _) in faults.items()} == ({} if kept else {"a": "outside-bounds"})
    assert isinstance(gate.standing(registry, ASK, {"a": 0})["a"], Bounds) is kept


def test_bounds_on_privacy_are_not_met_without_privacy(registry, tenant) -> None:
    consents.accept(registry, tenant().consent("research", bounds=Bounds(largest_epsilon=8.0)))
    assert agreeing(registry, Ask("run-1", "research", WORK, None)) == set()


@pytest.mark.parametrize(("app", "kept"), [(None, True), ("a" * 64, True), ("b" * 64, False)])
def test_a_consent_may_be_for_one_app_only(registry, tenant, app: str | None, kept: bool) -> None:
    consents.accept(registry, tenant().consent("research", app=app))
    assert agreeing(registry) == ({"a"} if kept else set())
    if app is not None:
        assert agreeing(registry, Ask("run-1", "research", WORK, ASK.privacy)) == set()


@pytest.mark.parametrize("bounds", [Bounds(most_rounds=2), Bounds(largest_epsilon=0.5)])
def test_rounds_and_epsilon_are_counted_over_what_was_recorded(recorded, voice, federation, bounds: Bounds) -> None:
    """Two rounds are on record, each at ε = 0.5: the consent that bounds them is used up."""
    registry = recorded()
    a = voice("tenant-0", federation.keys["tenant-0"])
    ask = Ask("run-1", "research", LocalWork(steps=1, batch_size=1, learning_rate=0.1), ASK.privacy)
    assert "tenant-0" in agreeing(registry, ask)
    from sqlmodel import update

    from flowstate_flower.registry.tables import ConsentRow

    with registry.engine.execution_options(writes=True).begin() as connection:  # as if it had been given with these bounds
        where = ConsentRow.tenant == "tenant-0"
        connection.execute(update(ConsentRow).where(where).values(**bounds.model_dump(exclude_none=True)))
    assert "tenant-0" not in agreeing(registry, ask)
    assert gate.dispatch(registry, ask, ["tenant-0"], 1)["tenant-0"][0] == "outside-bounds"
    consents.accept(registry, a.withdrawal("research"))
    consents.accept(registry, a.consent("research", bounds=Bounds(most_rounds=2)))
    assert "tenant-0" in agreeing(registry, ask)  # a new consent counts from the beginning


def test_the_tightest_of_all_layers_holds() -> None:
    outer, inner = Bounds(most_steps=10, least_noise_multiplier=1.0), Bounds(most_steps=20, least_noise_multiplier=2.0)
    assert tightest(outer, inner) == Bounds(most_steps=10, least_noise_multiplier=2.0)
    assert loosened(inner, outer) == "most_steps"
    assert loosened(Bounds(least_noise_multiplier=0.5), outer) == "least_noise_multiplier"
    assert loosened(Bounds(largest_epsilon=99.0), outer) is None
