"""The score is 100 where nothing leaks; each planted leak fails the probe that is about it, and lowers the score."""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import true

from flowstate_flower import admission, isolation
from flowstate_flower.cli.main import run
from flowstate_flower.errors import BadInput
from flowstate_flower.isolation import SUITE, Score, score
from flowstate_flower.isolation.database import TABLES
from flowstate_flower.isolation.probe import Area, Probe
from flowstate_flower.isolation.scratch import MINE, NOBODY, node_key
from flowstate_flower.isolation.suite import MOST_WITH_A_CRITICAL_FAILURE
from flowstate_flower.registry import Registry, binding, consents, quotas, tenants, tickets, vault, views
from flowstate_flower.registry.database import KEY_FILE
from flowstate_flower.registry.places import DATABASE_FILE
from flowstate_flower.registry.tables import ConsentRow, RequestRow
from flowstate_flower.strategies import guarded_grid
from flowstate_flower.trust import keys
from flowstate_flower.trust.dsse import Envelope

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "flowstate_flower")


def of(*names: str) -> tuple[Probe, ...]:
    chosen = tuple(probe for probe in SUITE if probe.name in names)
    assert len(chosen) == len(names)
    return chosen


def failed(found: Score) -> set[str]:
    return {result.probe for result in found.results if not result.passed}


@pytest.fixture(scope="module")
def sound() -> Score:
    return score()


def test_a_sound_installation_has_all_of_it(sound: Score) -> None:
    assert {result.probe: result.leaks for result in sound.results if result.leaks} == {}
    assert (sound.score, sound.passed, sound.engine) == (100, True, "sqlite")
    assert len(sound.results) == len(SUITE) == len({probe.name for probe in SUITE})
    assert {result.area for result in sound.results} == set(Area)
    assert sum(result.seconds for result in sound.results) < sound.seconds


def test_every_probe_has_a_sentence_and_a_weight() -> None:
    for probe in SUITE:
        assert probe.promise.endswith(".")
        assert probe.weight > 0


def test_no_table_is_forgotten() -> None:
    assert set(TABLES) == set(binding.SCOPES)


@dataclass(frozen=True)
class Leak:
    """What is broken on purpose, and which probe has to see it."""

    plant: Plant
    seen_by: str
    create: Callable[[Path], Registry] = Registry.create


def no_criteria(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "SCOPES", {table: lambda _: true() for table in binding.SCOPES})


def one_table_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "SCOPES", {**binding.SCOPES, ConsentRow: lambda _: true()})


def no_flush_check(monkeypatch: pytest.MonkeyPatch) -> None:
    listens_for = binding.event.listens_for

    def deaf(target, name, **options):
        return (lambda listener: listener) if name == "before_flush" else listens_for(target, name, **options)

    monkeypatch.setattr(binding.event, "listens_for", deaf)


def forbidden_instead_of_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    look = views.run

    def told(registry: Registry, name: str):
        if registry.tenant is not None and name in {view.run for view in views.runs(Registry.as_tenant(registry, None))}:
            try:
                return look(registry, name)
            except BadInput as error:
                raise BadInput("that run is not yours") from error
        return look(registry, name)

    monkeypatch.setattr(views, "run", told)


def unshredded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenants, "_shred", lambda *_: None)


def unsealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RequestRow, "sealed", ())


def about_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "_place", lambda *_: b"")


def no_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Envelope, "is_signed_by", lambda *_: True)


def without(check: Callable[..., object]) -> Plant:
    left = tuple(other for other in admission.OF_EVERY_REPLY if other is not check)
    return lambda monkeypatch: monkeypatch.setattr(admission, "OF_EVERY_REPLY", left)


def everybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas.Meter, "ask", lambda *_, **__: None)


def strange_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's node is not its own, but one that nobody registered."""
    owners = tenants.node_owners

    def strange(registry: Registry, keys: Collection[str]) -> dict[str, str]:
        known = {key: name for key, name in owners(registry, keys).items() if name != MINE}
        return {**known, node_key(NOBODY).hex(): MINE}

    monkeypatch.setattr(tenants, "node_owners", strange)


def readable(name: str) -> Callable[[Path], Registry]:
    def create(folder: Path) -> Registry:
        made = Registry.create(folder)
        (folder / name).chmod(0o644)
        return made

    return create


def nothing(_: pytest.MonkeyPatch) -> None:
    """The leak is in the files."""


LEAKS: Mapping[str, Leak] = {
    "criteria are removed": Leak(no_criteria, "foreign-rows-are-not-read"),
    "criteria of one table are removed": Leak(one_table_forgotten, "foreign-rows-are-not-read"),
    "criteria are removed, and lists are printed": Leak(no_criteria, "lists-hold-nothing-foreign"),
    "criteria are removed, and runs are asked for": Leak(no_criteria, "foreign-runs-are-as-unknown-as-none"),
    "criteria are removed, and tenants are asked for": Leak(no_criteria, "foreign-tenants-are-as-unknown-as-none"),
    "criteria are removed, and use is counted": Leak(no_criteria, "usage-is-counted-by-its-own-tenant"),
    "criteria are removed, and a consent is sent": Leak(no_criteria, "consents-in-foreign-names-are-answered-alike"),
    "flushes are not checked": Leak(no_flush_check, "foreign-rows-are-not-written"),
    "raw parts are not looked for": Leak(
        lambda m: m.setattr(binding, "raw_part", lambda *_: None), "raw-statements-get-no-further"
    ),
    "bulk writes are not guarded": Leak(lambda m: m.setattr(binding, "UNGUARDED", ()), "raw-statements-get-no-further"),
    "a foreign run is forbidden, not unknown": Leak(forbidden_instead_of_unknown, "foreign-runs-are-as-unknown-as-none"),
    "a world-readable key": Leak(nothing, "files-are-their-owners-alone", readable(KEY_FILE)),
    "a world-readable database": Leak(nothing, "files-are-their-owners-alone", readable(DATABASE_FILE)),
    "world-readable keys are used": Leak(
        lambda m: m.setattr(keys.stat, "S_IMODE", lambda _: 0o600), "keys-that-others-may-read-are-refused"
    ),
    "associated data is ignored": Leak(about_nothing, "ciphertexts-hold-at-their-place-alone"),
    "data keys are wrapped about nothing": Leak(
        lambda m: m.setattr(vault, "_key_place", lambda *_: b""), "data-keys-hold-for-their-tenant-alone"
    ),
    "deletion keeps the data key": Leak(unshredded, "shredded-texts-are-gone"),
    "contacts are stored as they are": Leak(unsealed, "no-secret-is-in-the-database"),
    "signatures are not checked": Leak(no_signatures, "replies-under-foreign-keys-do-not-count"),
    "signatures of consents are not checked": Leak(
        lambda m: m.setattr(consents, "_check_signer", lambda *_: None), "consents-are-signed-by-their-own-tenant"
    ),
    "old consents are taken again": Leak(
        lambda m: m.setattr(consents, "_check_newer", lambda *_: None), "consents-are-signed-by-their-own-tenant"
    ),
    "names are not compared": Leak(without(admission.invited), "replies-in-foreign-names-do-not-count"),
    "nonces are not compared": Leak(without(admission.about_this_round), "nonces-count-once-and-for-their-tenant"),
    "senders are not compared": Leak(
        lambda m: m.setattr(guarded_grid, "sender_checked", lambda reply, _: reply), "replies-from-foreign-nodes-do-not-count"
    ),
    "keys are taken twice": Leak(lambda m: m.setattr(tenants, "_is_free", lambda *_: None), "names-and-keys-are-taken-once"),
    "secrets of invitations are not compared": Leak(
        lambda m: m.setattr(tickets, "token_digest", lambda _: ""), "invitations-are-good-once-and-for-their-name"
    ),
    "who asks for a certificate is not checked": Leak(
        lambda m: m.setattr(Envelope, "is_signed_by", lambda *_: True), "certificates-are-asked-for-by-their-own-tenant"
    ),
    "quotas are not enforced": Leak(everybody_is_asked, "a-tenant-over-its-quota-is-not-asked"),
    "places are lost to a tenant over its quota": Leak(everybody_is_asked, "a-tenant-over-its-quota-takes-no-place"),
    "what is received is not charged": Leak(
        lambda m: m.setattr(quotas.Meter, "receive", lambda *_, **__: None), "a-flood-is-the-flooders"
    ),
    "nodes of nobody act for somebody": Leak(strange_nodes, "nodes-of-nobody-are-not-asked"),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_planted_leak_fails_the_probe_that_is_about_it(leak: Leak, monkeypatch: pytest.MonkeyPatch) -> None:
    leak.plant(monkeypatch)
    other = "keys-that-others-may-read-are-refused"
    if leak.seen_by == other:
        other = "files-are-their-owners-alone"
    found = score(of(leak.seen_by, other), create=leak.create)
    assert failed(found) == {leak.seen_by}, found.results
    critical = next(result.critical for result in found.results if result.probe == leak.seen_by)
    assert found.score < 100
    assert found.score <= MOST_WITH_A_CRITICAL_FAILURE or not critical
    assert not found.passed


def test_the_score_is_the_weight_that_passed_and_at_most_49_after_a_critical_failure() -> None:
    def fails(_):
        """It fails."""
        yield "a leak"

    def breaks(_):
        """It breaks."""
        yield from ()
        raise RuntimeError("nobody home")

    def holds(_):
        """It holds."""
        yield from ()

    def made(*probes) -> Score:
        return score([Probe(Area.IDS, weight, critical, leaks) for weight, critical, leaks in probes])

    assert made((1, True, holds)).score == 100
    assert made((2, True, holds), (1, False, fails)).score == 66
    assert made((98, True, holds), (2, True, fails)).score == 49
    assert made((98, True, holds), (2, True, breaks)).score == 49
    assert made((1, False, holds), (3, True, fails)).score == 25
    (broken,) = made((1, False, breaks)).results
    assert broken.leaks == ("the probe ended with RuntimeError: nobody home",)


def test_the_command_prints_it_and_exits_1_where_a_probe_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "SUITE", of("files-are-their-owners-alone", "foreign-rows-are-not-read"))
    assert run(["isolation", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["score"], len(said["results"])) == (100, 2)
    assert said["results"][0]["promise"].startswith("Keys, ledgers")
    no_criteria(monkeypatch)
    assert run(["isolation"]) == 1
    text = capsys.readouterr().out
    assert "isolation score 33 of 100: 1 of 2 probes on sqlite" in text
    assert "FAILED foreign-rows-are-not-read" in text


def test_the_scratch_federation_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    score(of("files-are-their-owners-alone"))
    assert list(tmp_path.iterdir()) == []
