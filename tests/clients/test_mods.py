"""Mods protect what any ClientApp returns, alone and together."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from scipy import stats

from flowstate_flower import wiring
from flowstate_flower.clients.clipping import clipped_update, moved
from flowstate_flower.clients.fingerprint import fingerprint
from flowstate_flower.clients.mods import Declared, budget, clipping, consent, signing, tenant_noise
from flowstate_flower.clients.policy import PrivacyPolicy
from flowstate_flower.errors import BadInput, RunImpossible
from flowstate_flower.privacy import Account, GaussianRelease, epsilon_of
from flowstate_flower.trust.canonical import model_digest
from flowstate_flower.trust.statements import Refused

NOISE = Declared(noise_multiplier=2.0, clip_norm=0.5)
BASE = {"weight": np.ones((40, 50), "f4"), "bias": np.zeros(7, "f8"), "seen": np.array(3)}
Change = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]


def numpy_app(change: Change, *mods: object, examples: object = 12) -> ClientApp:
    """Somebody else's app, without any framework: `change` is its training. It returns a raw loss too."""
    app = ClientApp()

    @app.train(mods=list(mods))
    def train(message: Message, _context: Context) -> Message:
        layers = change({name: array.numpy().copy() for name, array in message.content["arrays"].items()})
        content = RecordDict(
            {
                "arrays": ArrayRecord({name: Array(layer) for name, layer in layers.items()}),
                "metrics": MetricRecord({"num-examples": examples, "train-loss": 0.123}),
                "debug": ConfigRecord({"first-row": "patient 12"}),
            }
        )
        return Message(content, reply_to=message)

    return app


def by(amount: float) -> Change:
    def change(layers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {n: np.asarray(a + 1) if a.dtype.kind == "i" else (a + amount).astype(a.dtype) for n, a in layers.items()}

    return change


def update_of(reply: Message) -> dict[str, np.ndarray]:
    return {n: a.numpy().astype("f8") - BASE[n] for n, a in reply.content["arrays"].items()}


def norm(update: dict[str, np.ndarray]) -> float:
    return float(np.sqrt(sum(np.square(layer).sum() for layer in update.values())))


@pytest.fixture
def clinic(site):
    return site(privacy=PrivacyPolicy(epsilon=3.0, unit="tenant"))


def spent(clinic) -> float:
    return wiring.open_home(clinic.folder).ledger.spent(Account("clinic", "", "tenant", 1e-5))


def all_mods(clinic, made: Declared = NOISE) -> tuple[object, ...]:
    home = clinic.home
    return signing(home), consent(home, made), budget(home, made), tenant_noise(home, made)


def test_clipping_alone_bounds_the_update_and_leaves_counters(clinic) -> None:
    clinic.app = numpy_app(by(5.0), clipping(0.5))
    reply = clinic.ask(arrays=BASE)
    assert norm(update_of(reply)) == pytest.approx(0.5, rel=1e-4)
    assert reply.content["arrays"]["seen"].numpy() == 3
    clinic.app = numpy_app(by(1e-3), clipping(0.5))
    assert norm(update_of(clinic.ask(arrays=BASE))) == pytest.approx(1e-3 * np.sqrt(2007), rel=1e-3)


@pytest.mark.parametrize("amount", [0.0, 1e-30, 1.0, 1e30, np.inf, np.nan])
def test_noise_has_the_declared_law_whatever_the_app_returns(clinic, amount: float) -> None:
    """Flower's own mod fails on an update of zero, and on counters."""
    with np.errstate(over="ignore", invalid="ignore"):
        clinic.app = numpy_app(by(amount), tenant_noise(clinic.home, NOISE))
        reply = clinic.ask(arrays=BASE)
    update = update_of(reply)
    noise = np.concatenate([update["weight"].ravel(), update["bias"]])
    assert stats.kstest(noise - noise.mean(), "norm", args=(0, 1.0)).pvalue > 1e-4  # 2.0 * 0.5
    assert reply.content["arrays"]["seen"].numpy() == 3
    assert dict(reply.content["metrics"]) == {"num-examples": 12}
    assert "debug" not in reply.content


def test_noise_is_fresh_in_every_round_whatever_the_app_does_to_global_generators(clinic) -> None:
    def seeded(layers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        np.random.seed(0)
        torch.manual_seed(0)
        return by(0.0)(layers)

    clinic.app = numpy_app(seeded, tenant_noise(clinic.home, NOISE))
    first, second = (update_of(clinic.ask(arrays=BASE))["weight"].ravel() for _ in range(2))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_all_together_sign_what_leaves_and_claim_what_was_paid(clinic) -> None:
    clinic.app = numpy_app(by(1.0), *all_mods(clinic, Declared(noise_multiplier=20.0, clip_norm=0.5)))
    replies = [clinic.ask(arrays=BASE, round=number, privacy=None) for number in (1, 2)]
    for number, reply in enumerate(replies, 1):
        statement = clinic.update(reply)
        assert statement.update == model_digest((n, a.numpy()) for n, a in reply.content["arrays"].items())
        assert sorted(reply.content) == ["arrays", "metrics", "statement"]
        assert dict(reply.content["metrics"]) == {"num-examples": 1}  # there is one tenant
        claim = statement.privacy
        assert (claim.unit, claim.noise_multiplier, claim.clip_norm) == ("tenant", 20.0, 0.5)
        assert (claim.sample_rate, claim.steps, statement.examples) == (1.0, 1, 1)
        assert claim.epsilon == pytest.approx(epsilon_of([GaussianRelease(20.0, 1.0, 1)] * number, 1e-5))
    assert spent(clinic) == pytest.approx(claim.epsilon)


def test_rounds_add_up_and_the_budget_ends_them(clinic) -> None:
    clinic.app = numpy_app(by(1.0), *all_mods(clinic, Declared(noise_multiplier=4.0, clip_norm=0.5)))
    replies = [clinic.ask(arrays=BASE, round=number, privacy=None) for number in range(1, 9)]
    taken = sum("arrays" in reply.content for reply in replies)
    assert 0 < taken < 8
    assert {clinic.refusal(reply).reason for reply in replies[taken:]} == {Refused.BUDGET}
    assert spent(clinic) <= 3.0


def test_a_round_is_charged_once(clinic) -> None:
    clinic.app = numpy_app(by(1.0), *all_mods(clinic, Declared(noise_multiplier=20.0, clip_norm=0.5)))
    first = clinic.update(clinic.ask(arrays=BASE, privacy=None))
    before = spent(clinic)
    assert clinic.update(clinic.ask(arrays=BASE, privacy=None, nonce="a" * 32)).update == first.update
    other = BASE | {"bias": np.ones(7, "f8")}
    assert clinic.refusal(clinic.ask(arrays=other, privacy=None)).reason == Refused.REPLAYED_ROUND
    assert spent(clinic) == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"purpose": "advertising"}, Refused.PURPOSE),
        ({"base": "f" * 64, "privacy": {"noise_multiplier": 1.0, "clip_norm": 1.0, "unit": "tenant"}}, Refused.WRONG_BASE),
        ({"raw": b"{}"}, Refused.BAD_TERMS),
        ({"privacy": {"noise_multiplier": 1.0, "clip_norm": 1.0, "unit": "example"}}, Refused.UNIT),
    ],
)
def test_consent_alone_refuses_before_the_app_runs(clinic, changes: dict, reason: Refused) -> None:
    def never(_: object) -> dict[str, np.ndarray]:
        raise AssertionError("the app ran")

    clinic.app = numpy_app(never, consent(clinic.home))
    assert clinic.refusal(clinic.ask(arrays=BASE, **changes)).reason == reason
    assert clinic.recorded() == [reason]


def test_consent_to_less_noise_than_the_policy_wants_is_refused(clinic) -> None:
    clinic.app = numpy_app(by(1.0), *all_mods(clinic, Declared(noise_multiplier=0.4, clip_norm=0.5)))
    assert clinic.refusal(clinic.ask(arrays=BASE, privacy=None)).reason == Refused.NOT_PRIVATE
    assert spent(clinic) == 0


def test_signing_alone_signs_any_arrays_and_lets_no_metric_out(clinic) -> None:
    clinic.app = numpy_app(by(1.0), signing(clinic.home))
    reply = clinic.ask(arrays=BASE)
    statement = clinic.update(reply)
    assert statement.update == model_digest((n, a.numpy()) for n, a in reply.content["arrays"].items())
    assert statement.base == model_digest(BASE.items())
    assert statement.privacy is None
    assert sorted(reply.content) == ["arrays", "metrics", "statement"]
    assert dict(reply.content["metrics"]) == {"num-examples": 12}


def test_an_app_that_fails_says_nothing_and_stays_charged(clinic) -> None:
    def broken(_: object) -> dict[str, np.ndarray]:
        raise RuntimeError("patient 12 has 17.5")

    clinic.app = numpy_app(broken, *all_mods(clinic, Declared(noise_multiplier=20.0, clip_norm=0.5)))
    statement = clinic.refusal(clinic.ask(arrays=BASE, privacy=None))
    assert statement.reason == Refused.FAILED
    assert "17.5" not in statement.model_dump_json()
    assert spent(clinic) > 0


def test_a_home_that_cannot_be_opened_says_nothing(clinic) -> None:
    def nowhere(_: Context) -> object:
        raise OSError("/secret/place")

    for mod in (consent(nowhere), budget(nowhere, NOISE), tenant_noise(nowhere, NOISE), signing(nowhere)):
        clinic.app = numpy_app(by(1.0), mod)
        with pytest.raises(RunImpossible) as caught:
            clinic.ask(arrays=BASE)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("order", ["noise outside of signing", "clipping outside of noise", "budget without noise"])
def test_an_order_that_breaks_a_promise_is_refused(clinic, order: str) -> None:
    home = clinic.home
    mods = {
        "noise outside of signing": (tenant_noise(home, NOISE), signing(home)),
        "clipping outside of noise": (clipping(0.1), tenant_noise(home, NOISE)),
        "budget without noise": (budget(home, NOISE), clipping(0.5)),
    }[order]
    clinic.app = numpy_app(by(1.0), *mods)
    if order == "budget without noise":
        assert clinic.refusal(clinic.ask(arrays=BASE, privacy=None)).reason == Refused.FAILED
        return
    with pytest.raises(BadInput):
        clinic.ask(arrays=BASE, privacy=None)


@pytest.mark.parametrize("examples", [0, -1, 0.5, [1, 2]])
def test_a_number_of_examples_that_is_none_is_not_signed(clinic, examples: object) -> None:
    clinic.app = numpy_app(by(1.0), signing(clinic.home), examples=examples)
    assert clinic.refusal(clinic.ask(arrays=BASE)).reason == Refused.FAILED


@pytest.mark.parametrize("change", [lambda a: {"weight": a["weight"]}, lambda a: a | {"bias": a["bias"][:3]}])
def test_an_app_that_returns_other_layers_is_not_signed_for(clinic, change: Change) -> None:
    clinic.app = numpy_app(change, signing(clinic.home))
    assert clinic.refusal(clinic.ask(arrays=BASE)).reason == Refused.FAILED


@pytest.mark.parametrize("wrong", [{"clip_norm": 0.0}, {"noise_multiplier": 0.0}, {"steps": 2}, {"unit": "example"}])
def test_a_declaration_that_means_nothing_is_refused(wrong: dict) -> None:
    with pytest.raises(BadInput):
        Declared(**({"noise_multiplier": 1.0, "clip_norm": 1.0} | wrong))


def test_a_torch_app_with_privacy_of_its_own_declares_it(site) -> None:
    clinic = site()
    app = ClientApp()

    def declared(terms) -> Declared:
        examples = clinic.task.data("clinic")
        return Declared(
            noise_multiplier=terms.privacy.noise_multiplier,
            clip_norm=terms.privacy.clip_norm,
            unit="example",
            sample_rate=terms.work.batch_size / len(examples),
            steps=terms.work.steps,
            data_set=fingerprint(examples),
            units=len(examples),
        )

    @app.train(mods=[signing(clinic.home), consent(clinic.home), budget(clinic.home, declared)])
    def train(message: Message, _context: Context) -> Message:
        model = clinic.task.model()
        model.load_state_dict(message.content["arrays"].to_torch_state_dict())
        with torch.no_grad():
            model.weight.add_(torch.randn(2, 3))  # stands in for a private training of its own
        metrics = MetricRecord({"num-examples": 40})
        return Message(RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": metrics}), reply_to=message)

    clinic.app = app
    statement = clinic.update(clinic.ask())
    assert (statement.privacy.unit, statement.privacy.steps, statement.examples) == ("example", 5, 40)
    assert clinic.spent() == pytest.approx(epsilon_of([GaussianRelease(1.0, 0.25, 5)], 1e-5))


floats = arrays_of.arrays(np.float32, (3, 2), elements=st.floats(-(2.0**100), 2.0**100, width=32))


@settings(max_examples=60, deadline=None)
@given(sent=floats, trained=floats, clip_norm=st.floats(1e-6, 1e6))
def test_an_update_is_never_longer_than_the_clip_nor_turned(sent: np.ndarray, trained: np.ndarray, clip_norm: float) -> None:
    update = clipped_update({"a": sent}, {"a": trained}, clip_norm)["a"]
    raw = trained.astype("f8") - sent
    assert np.linalg.norm(update) <= clip_norm * (1 + 1e-9)
    if np.linalg.norm(raw) <= clip_norm * (1 - 1e-9):
        np.testing.assert_allclose(update, raw)
    elif np.linalg.norm(raw) > 0:
        assert (update * raw).sum() == pytest.approx(np.linalg.norm(update) * np.linalg.norm(raw), rel=1e-6)
    assert moved({"a": sent}, {"a": update})["a"].dtype == np.float32
