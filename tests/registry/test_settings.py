"""Settings: three layers, typed, versioned; bounds get tighter on the way in and never looser."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowstate_flower import wiring
from flowstate_flower.errors import BadInput, UnknownName
from flowstate_flower.registry import Registry, audit, consents, gate, rounds, views
from flowstate_flower.registry.configuration import change, in_force
from flowstate_flower.trust.bounds import LARGER_IS_TIGHTER, Ask, Bounds, loosened, tightest
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

ASK = Ask(
    "run-1", "research", LocalWork(steps=10, batch_size=1, learning_rate=0.1), PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0)
)


@pytest.fixture
def registry(tmp_path: Path, voice, create) -> Registry:
    made = create(tmp_path)
    for name in ("a", "b"):
        speaker = voice(name)
        wiring.admit(made, speaker.request())
        consents.accept(made, speaker.consent("research"))
    rounds.start_run(made, rounds.RunPlan("run-1", "research", "median", 2, 2, "0" * 64))
    return made


def value(registry: Registry, key: str, **where: str) -> tuple[object, str | None]:
    return next((view.value, view.layer) for view in in_force(registry, **where) if view.key == key)


def test_the_innermost_layer_counts_for_quotas(registry) -> None:
    key = "quotas.rounds_per_day"
    assert value(registry, key, tenant="a") == (None, None)
    change(registry, key, 5, actor="operator")
    change(registry, key, 9, actor="operator", tenant="a")
    change(registry, key, 3, actor="operator", run="run-1")
    assert value(registry, key) == (5, "platform")
    assert value(registry, key, tenant="b") == (5, "platform")
    assert value(registry, key, tenant="a") == (9, "tenant:a")
    assert value(registry, key, tenant="a", run="run-1") == (3, "run:run-1")
    assert change(registry, key, None, actor="operator", tenant="a") == 2
    assert value(registry, key, tenant="a") == (5, "platform")


@pytest.mark.parametrize(
    ("key", "outer", "tighter", "looser"),
    [
        ("bounds.most_steps", 10, 5, 11),
        ("bounds.most_rounds", 10, 5, 11),
        ("bounds.least_noise_multiplier", 1.0, 1.5, 0.5),
        ("bounds.largest_clip_norm", 1.0, 0.5, 1.5),
        ("bounds.largest_epsilon", 8.0, 4.0, 9.0),
    ],
)
def test_a_tenant_tightens_and_never_loosens(registry, key: str, outer, tighter, looser) -> None:
    change(registry, key, outer, actor="operator")
    mine = registry.as_tenant("a")
    change(mine, key, tighter, actor="a", tenant="a")
    assert value(registry, key, tenant="a") == (tighter, "tenant:a")
    before = len(views.audit_log(registry))
    for where in ({"tenant": "a"}, {"run": "run-1"}):
        with pytest.raises(BadInput, match=f"{key} = {looser} is looser than {outer}"):
            change(registry, key, looser, actor="operator", **where)
    assert len(views.audit_log(registry)) == before
    change(registry, key, looser, actor="operator")  # the platform may change its mind; the tenant's own bound stays
    assert value(registry, key, tenant="a")[0] == tighter
    assert audit.verify(registry, registry.operator).verified


def test_a_platform_that_tightens_later_binds_the_tenants_that_were_looser(registry) -> None:
    change(registry, "bounds.most_steps", 8, actor="operator", tenant="a")
    change(registry, "bounds.most_steps", 5, actor="operator")
    assert value(registry, "bounds.most_steps", tenant="a") == (5, "platform")


@given(*[st.builds(Bounds, most_steps=st.none() | st.integers(1, 9), least_noise_multiplier=st.none() | st.floats(0.1, 9))] * 3)
def test_what_holds_in_the_end_is_never_looser_than_any_layer(a: Bounds, b: Bounds, c: Bounds) -> None:
    total = tightest(a, b, c)
    assert all(loosened(total, layer) is None for layer in (a, b, c))
    assert total == tightest(c, tightest(b, a))
    for name in Bounds.model_fields:
        given_ = [getattr(layer, name) for layer in (a, b, c) if getattr(layer, name) is not None]
        assert getattr(total, name) == ((max if name in LARGER_IS_TIGHTER else min)(given_) if given_ else None)


def test_who_changed_what_is_in_the_log(registry) -> None:
    change(registry, "quotas.nodes", 2, actor="operator", tenant="a")
    change(registry.as_tenant("a"), "bounds.most_steps", 7, actor="a", tenant="a")
    last = views.audit_log(registry)[-2:]
    assert [(entry.actor, entry.subject) for entry in last] == [
        ("operator", "settings:tenant:a/1"),
        ("a", "settings:tenant:a/2"),
    ]


def test_a_tenant_reaches_for_nothing_but_its_own_bounds(registry) -> None:
    mine = registry.as_tenant("a")
    for key, where in (("quotas.rounds_per_day", {"tenant": "a"}), ("bounds.most_steps", {})):
        with pytest.raises(BadInput, match="its own bounds and nothing else"):
            change(mine, key, 7, actor="a", **where)
    with pytest.raises(UnknownName, match="unknown tenant 'b'"):
        change(mine, "bounds.most_steps", 7, actor="a", tenant="b")


@pytest.mark.parametrize(
    ("key", "wrong", "said"),
    [
        ("bounds.most_steps", "ten", "most_steps"),
        ("bounds.most_steps", 0, "greater than or equal to 1"),
        ("bounds.largest_epsilon", float("nan"), "finite"),
        ("quotas.nodes", -1, "greater than or equal to 0"),
        ("quotas.messages", "often", "couldn't parse"),
        ("quotas.mesages", 3, "unknown setting"),
        ("nodes", 3, "unknown setting"),
    ],
)
def test_a_wrong_value_is_one_clear_error(registry, key: str, wrong, said: str) -> None:
    before = len(views.audit_log(registry))
    with pytest.raises(BadInput, match=said):
        change(registry, key, wrong, actor="operator")
    assert len(views.audit_log(registry)) == before


@pytest.mark.parametrize("where", [{}, {"tenant": "a"}, {"run": "run-1"}], ids=str)
def test_a_bound_of_any_layer_decides_who_is_asked(registry, where) -> None:
    assert set(gate.candidates(registry, ASK, ("a", "b"))) == {"a", "b"}
    change(registry, "bounds.most_steps", 9, actor="operator", **where)
    assert set(gate.candidates(registry, ASK, ("a", "b"))) == ({"b"} if where == {"tenant": "a"} else set())
    assert gate.standing(registry, ASK, {"a": 0})["a"] == ("outside-bounds", "10 steps, at most 9")
