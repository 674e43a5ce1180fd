"""Cohorts are drawn uniformly, from whoever qualifies at this moment, without reading everybody."""

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations, islice, permutations
from pathlib import Path

import pytest
from scipy.stats import chisquare
from sqlalchemy import event

from flowstate_flower import wiring
from flowstate_flower.cli.bench.population import POPULATION, populated
from flowstate_flower.registry import Registry, configuration, consents, draws, gate, tenants
from flowstate_flower.registry.draws import shuffled
from flowstate_flower.registry.tenants import Status
from flowstate_flower.trust.bounds import Ask, Bounds
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms

WORK = LocalWork(steps=1, batch_size=1, learning_rate=0.1)
ASK = Ask("run-1", "research", WORK, PrivacyTerms(noise_multiplier=1.0, clip_norm=1.0))
SURE = 1e-4
"""Below this, chance is no explanation; seeds are fixed, so the tests cannot fail by chance either."""


@pytest.fixture
def registry(tmp_path: Path, voice) -> Registry:
    """Eight tenants, of which e was suspended, f withdrew, g may not be asked today and h agreed to something else."""
    made = Registry.create(tmp_path / "registry")
    for name in "abcdefgh":
        speaker = voice(name)
        wiring.admit(made, speaker.request())
        consents.accept(made, speaker.consent("billing" if name == "h" else "research"))
        if name == "f":
            consents.accept(made, speaker.withdrawal("research"))
    tenants.move(made, "e", Status.SUSPENDED, actor="operator")
    configuration.change(made, "quotas.rounds_per_day", 0, actor="operator", tenant="g")
    return made


def drawn(registry: Registry, count: int, seed: int) -> tuple[str, ...]:
    return tuple(sorted(gate.cohort(registry, ASK, count, random.Random(seed))))


def test_who_qualifies_is_drawn_and_nobody_else(registry) -> None:
    for count in (1, 3, 4, 5, 100):
        assert set(drawn(registry, count, 1)) <= set("abcd")
        assert len(drawn(registry, count, 1)) == min(count, 4)
    assert gate.cohort(registry, replace(ASK, purpose="unheard"), 3, random.Random(1)) == {}


def test_the_keys_are_those_that_sign(registry) -> None:
    signing = tenants.signing_keys(registry)
    found = gate.cohort(registry, ASK, 9, random.Random(1))
    assert {name: key.text for name, key in found.items()} == {name: signing[name].text for name in "abcd"}


def test_a_seed_draws_the_same_again(registry) -> None:
    assert [drawn(registry, 2, seed) for seed in range(20)] == [drawn(registry, 2, seed) for seed in range(20)]
    assert len({drawn(registry, 2, seed) for seed in range(20)}) > 1


def test_every_set_is_as_likely_as_every_other(registry) -> None:
    """Holes in the numbers, those who do not qualify, favour nobody beside them."""
    seen = Counter(drawn(registry, 2, seed) for seed in range(300))
    pairs = list(combinations("abcd", 2))
    assert set(seen) <= set(pairs)
    assert chisquare([seen[pair] for pair in pairs]).pvalue > SURE


def test_every_order_of_the_numbers_is_as_likely_as_every_other() -> None:
    rng = random.Random(5)
    seen = Counter(tuple(shuffled(4, rng)) for _ in range(6000))
    assert chisquare([seen[order] for order in permutations((1, 2, 3, 4))]).pvalue > SURE
    assert list(shuffled(0, rng)) == []
    assert sorted(shuffled(1000, rng)) == list(range(1, 1001))


def test_the_first_of_many_are_uniform_over_all() -> None:
    rng = random.Random(6)
    seen = Counter((number - 1) // 100_000 for _ in range(100) for number in islice(shuffled(1_000_000, rng), 50))
    assert chisquare([seen[tenth] for tenth in range(10)]).pvalue > SURE


def test_nothing_is_charged_and_dispatch_still_decides(registry) -> None:
    configuration.change(registry, "quotas.rounds_per_day", 1, actor="operator")
    assert drawn(registry, 9, 1) == drawn(registry, 9, 2) == tuple("abcd")
    assert gate.dispatch(registry, ASK, list("abcd"), 1) == {}
    assert drawn(registry, 9, 1) == ()


@pytest.mark.parametrize("bound", ["budget", "app", "noise"])
def test_bounds_of_the_consent_count(registry, voice, bound: str) -> None:
    within = {"budget": {"bounds": Bounds(most_rounds=1)}, "app": {"app": "0" * 64}}
    said = within.get(bound, {"bounds": Bounds(least_noise_multiplier=2.0)})
    speaker = voice("i")
    wiring.admit(registry, speaker.request())
    consents.accept(registry, speaker.consent("research", **said))
    assert ("i" in drawn(registry, 9, 1)) is (bound == "budget")


def test_who_agrees_again_keeps_its_number(registry, voice) -> None:
    with registry.reading() as session:
        before = list(draws.drawn(session, "research", random.Random(3)))
    speaker = voice("i")
    wiring.admit(registry, speaker.request())
    for _ in range(3):
        consents.accept(registry, speaker.consent("research"))
        consents.accept(registry, speaker.withdrawal("research"))
    consents.accept(registry, speaker.consent("research"))
    with registry.reading() as session:
        (after,) = draws.drawn(session, "research", random.Random(3))
    assert sorted(after) == sorted([*before[0], "i"]) == list("abcdefgi")


def test_a_tenant_that_speaks_for_itself_gets_the_next_number(registry, voice) -> None:
    """Its session sees no other tenant, whose numbers are still taken."""
    speaker = voice("i")
    wiring.admit(registry, speaker.request())
    consents.accept(registry.as_tenant("i"), speaker.consent("research"))
    assert set(drawn(registry, 9, 1)) == set("abcdi")


def plans(registry: Registry, count: int, ask: Ask) -> list[tuple[str, str]]:
    """Every statement that choosing a cohort runs, with each line of SQLite's plan for it."""
    said: list[tuple[str, object]] = []

    def listen(_connection, _cursor, statement, parameters, _context, _many) -> None:
        said.append((statement, parameters))

    event.listen(registry.engine, "before_cursor_execute", listen)
    assert len(gate.cohort(registry, ask, count, random.Random(1))) == count
    event.remove(registry.engine, "before_cursor_execute", listen)
    with registry.engine.connect() as connection:
        return [
            (statement, line[3])
            for statement, parameters in said
            if statement.startswith("SELECT")
            for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def test_drawing_reads_one_index_and_judging_looks_up_keys(tmp_path: Path) -> None:
    """No statement reads a table from end to end, with quotas set and budgets counted."""
    registry = populated(tmp_path / "registry", 2000)
    found = plans(registry, 100, POPULATION)
    assert not [line for _, line in found if line.startswith("SCAN")]
    places_ = [line for statement, line in found if "FROM consent_place" in statement]
    assert len(places_) >= 2
    assert all("USING COVERING INDEX ix_consent_place (purpose=?" in line for line in places_)
    epsilons = [line for statement, line in found if "max(privacy_event.epsilon)" in statement]
    assert epsilons
    assert all("USING COVERING INDEX ix_privacy_event_epsilon (tenant=?)" in line for line in epsilons)
    others = [line for statement, line in found if line.startswith("SEARCH") and "FROM consent_place" not in statement]
    keyed = ("(tenant=?", "(name=?", "settings_1 (layer=?)", "run_1 (id=?)", "round_1 (run=? AND number=?)")
    assert [line for line in others if not any(key in line for key in keyed)] == []
    read = " ".join(statement for statement, _ in found)
    for table in ("consent", "tenant", "tenant_key", "settings", "usage", "invitation", "privacy_event"):
        assert f"FROM {table} " in read.replace("\n", " "), table
