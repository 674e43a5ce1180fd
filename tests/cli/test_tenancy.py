"""A whole tenancy as two people type it, and each mistake as one line."""

import json
import stat
from pathlib import Path

import pytest

from flowstate_flower.cli.main import run
from flowstate_flower.registry import Registry, audit, views


class Desk:
    """The operator's terminal and a tenant's, in one folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.registry = ["--registry", str(folder / "operator")]

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def types(self, *words: str, code: int = 0) -> str:
        """What is printed: to stdout where all goes well, to stderr where it does not."""
        assert run(list(words)) == code, self.capsys.readouterr()
        said = self.capsys.readouterr()
        if code:
            assert said.out == ""
            assert "Traceback" not in said.err
            assert said.err.count("error:") == 1
        return said.err if code else said.out

    def operator(self, *words: str, code: int = 0) -> str:
        return self.types(*words, *self.registry, code=code)

    def signs(self, file: str, *words: str) -> str:
        (self.folder / file).write_text(self.types(*words))
        return self.path(file)

    def joined(self, name: str) -> str:
        home = self.path(name)
        self.types("tenant", "init", home, "--name", name, "--purpose", "tumours", "--contact", "Jane Roe")
        self.operator("tenant", "request", f"{home}/request.json")
        return home

    def active(self, name: str) -> str:
        home = self.joined(name)
        for step in ("approve", "activate"):
            self.operator("tenant", step, name)
        return home


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path, capsys)
    made.types("registry", "create", made.path("operator"))
    return made


def test_a_tenancy_from_beginning_to_end(desk: Desk) -> None:
    home = desk.joined("a")
    key = desk.operator("tenant", "show", "a", "--format", "json")
    assert json.loads(key)["contact"] == "Jane Roe"
    desk.operator("tenant", "approve", "a", "--key", json.loads(key)["key"][:16])
    desk.operator("tenant", "activate", "a")
    consent = desk.signs("c.json", "consent", "grant", home, "--purpose", "tumours", "--expires", "90d", "--most-rounds", "9")
    assert "a agrees to tumours" in desk.operator("consent", "accept", consent)
    assert "most_rounds 9" in desk.operator("consent", "list")
    (listed,) = json.loads(desk.operator("consent", "list", "--format", "json"))
    assert (listed["status"], listed["bounds"]) == ("standing", {"most_rounds": 9})
    desk.operator("config", "set", "quotas.messages", "60/hour")
    desk.operator("config", "set", "bounds.largest_epsilon", "4", "--tenant", "a")
    shown = json.loads(desk.operator("config", "show", "--tenant", "a", "--format", "json"))
    assert {s["key"]: (s["value"], s["layer"]) for s in shown if s["value"]} == {
        "quotas.messages": ("60/hour", "platform"),
        "bounds.largest_epsilon": (4.0, "tenant:a"),
    }
    assert "60/hour" in desk.operator("config", "show")
    desk.operator("config", "set", "quotas.messages", "none")
    assert "1 data keys" in desk.operator("keys", "rotate-kek")
    assert "1 rows of a" in desk.operator("keys", "rotate-data-key", "a")
    withdrawal = desk.signs("w.json", "consent", "withdraw", home, "--purpose", "tumours")
    assert "a no longer agrees" in desk.operator("consent", "accept", withdrawal)
    desk.operator("tenant", "suspend", "a")
    desk.operator("tenant", "resume", "a")
    desk.operator("tenant", "suspend", "a")
    desk.operator("tenant", "delete", "a", "--yes")
    assert "deleted" in desk.operator("tenant", "list")
    assert json.loads(desk.operator("tenant", "show", "a", "--format", "json"))["contact"] is None
    assert "a" in desk.operator("tenant", "show", "a")
    assert desk.operator("audit", "verify").startswith("verified")


def test_init_makes_keys_that_only_their_owner_reads_and_a_request_without_secrets(desk: Desk) -> None:
    home = Path(desk.joined("a"))
    secret = (home / "signing.key").read_text().strip()
    assert stat.S_IMODE((home / "signing.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert secret not in (home / "request.json").read_text()
    raw = b"".join(path.read_bytes() for path in (desk.folder / "operator").iterdir())
    assert secret.encode() not in raw
    from flowstate_flower.clients.policy import TenantPolicy
    from flowstate_flower.documents import read_toml

    assert read_toml(TenantPolicy, home / "policy.toml").purposes == ("tumours",)


MISTAKES = {
    "an unknown tenant": (["tenant", "approve", "hospitl"], 2, "did you mean 'hospital'?"),
    "a double approval": (["tenant", "approve", "hospital"], 2, "hospital is active already|hospital is active and cannot"),
    "a double activation": (["tenant", "activate", "hospital"], 2, "hospital is active already"),
    "activation before approval": (["tenant", "activate", "new"], 2, "new is requested, not approved"),
    "resumption of what runs": (["tenant", "resume", "hospital"], 2, "hospital is active already"),
    "resumption of what never ran": (["tenant", "resume", "new"], 2, "new is requested, not suspended"),
    "deletion of what runs": (["tenant", "delete", "hospital", "--yes"], 2, "active and cannot become deleting"),
    "another key at approval": (["tenant", "approve", "new", "--key", "0" * 16], 2, "has no key that begins with"),
    "a short key at approval": (["tenant", "approve", "new", "--key", ""], 2, "has no key that begins with"),
    "a missing file": (["consent", "accept", "{}/none.json"], 2, "cannot read"),
    "an unsigned file": (["consent", "accept", "{}/plain.json"], 2, "is not signed"),
    "a request for a consent": (["consent", "accept", "{}/hospital/request.json"], 2, "not a consent"),
    "a withdrawn consent": (["consent", "accept", "{}/withdrawn.json"], 2, "after this was signed"),
    "another tenant's key": (["consent", "accept", "{}/forged.json"], 2, "not signed by the registered key of hospital"),
    "a second request": (["tenant", "request", "{}/hospital/request.json"], 2, "exists already"),
    "an unknown setting": (["config", "set", "quota.nodes", "3"], 2, "did you mean 'quotas.nodes'?"),
    "a wrong value": (["config", "set", "quotas.nodes", "many"], 2, "quotas.nodes"),
    "settings of nobody": (["config", "show", "--tenant", "hospitl"], 2, "unknown tenant 'hospitl'"),
    "settings of no run": (["config", "set", "quotas.nodes", "3", "--run", "r"], 2, "unknown run 'r'"),
    "a data key of nobody": (["keys", "rotate-data-key", "hospitl"], 2, "unknown tenant 'hospitl'"),
}


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """One tenant that is active, agreed and withdrew; one that only asked; and files that are wrong."""
    home = desk.active("hospital")
    desk.joined("new")
    consent = desk.signs("withdrawn.json", "consent", "grant", home, "--purpose", "tumours")
    desk.operator("consent", "accept", consent)
    desk.operator("consent", "accept", desk.signs("w.json", "consent", "withdraw", home, "--purpose", "tumours"))
    (desk.folder / "plain.json").write_text('{"tenant": "hospital"}')
    text = (Path(home) / "policy.toml").read_text()
    thief = Path(desk.path("thief"))
    desk.types("tenant", "init", str(thief), "--name", "thief", "--purpose", "tumours")
    (thief / "policy.toml").write_text(text)
    desk.signs("forged.json", "consent", "grant", str(thief), "--purpose", "tumours")
    return desk


def test_each_mistake_is_one_line_and_nothing_is_lost(busy: Desk) -> None:
    import re

    registry = Registry.open(busy.folder / "operator")
    before = views.audit_log(registry)
    for case, (words, code, said) in MISTAKES.items():
        told = busy.operator(*(word.format(busy.folder) for word in words), code=code).replace("\n", " ")
        assert re.search(said, told), (case, told)
        assert views.audit_log(registry) == before, case
    assert audit.verify(registry, registry.operator).verified


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tenant", "init", "{}/operator", "--name", "a", "--purpose", "p"], "cannot make the home"),
        (["tenant", "init", "{}/x", "--name", "not a name", "--purpose", "p"], "tenant"),
        (["tenant", "init", "{}/x", "--name", "a", "--purpose", "p", "--epsilon", "-1"], "epsilon"),
        (["tenant", "init", "{}/x", "--name", "a", "--purpose", "p", "--node", "zz"], "nodes"),
        (["consent", "grant", "{}/none", "--purpose", "p"], "cannot read"),
        (["consent", "grant", "{}/hospital", "--purpose", "p"], "does not allow 'p'"),
        (["consent", "grant", "{}/hospital", "--purpose", "tumours", "--expires", "soon"], "cannot read 'soon' as a time"),
        (["consent", "grant", "{}/hospital", "--purpose", "tumours", "--app", "x"], "the consent: app"),
        (["consent", "grant", "{}/hospital", "--purpose", "tumours", "--largest-epsilon", "-1"], "a number above 0"),
        (["consent", "withdraw", "{}/hospital", "--purpose", "a b"], "the withdrawal: purpose"),
        (["registry", "create", "{}/operator"], "exists already"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_tenants_mistake_is_one_line_and_makes_nothing(busy: Desk, words: list[str], said: str) -> None:
    assert said in busy.types(*(word.format(busy.folder) for word in words), code=2).replace("\n", " ")
    assert not (busy.folder / "x").exists()


def test_a_wrong_kek_is_one_line_and_nothing_is_lost(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("FLOWSTATE_KEK", "11" * 32)
        assert "is not in FLOWSTATE_KEK" in busy.operator("tenant", "show", "hospital", code=2)
        assert "is not in FLOWSTATE_KEK" in busy.operator("keys", "rotate-data-key", "hospital", code=2)
    assert "Jane Roe" in busy.operator("tenant", "show", "hospital")
    assert busy.operator("audit", "verify").startswith("verified")


def test_deleting_asks_first(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    busy.operator("tenant", "suspend", "hospital")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert "stopped" in busy.operator("tenant", "delete", "hospital", code=130)
    assert "suspended" in busy.operator("tenant", "list")


def test_a_consent_comes_through_a_pipe(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    from types import SimpleNamespace

    signed = busy.types("consent", "grant", busy.path("hospital"), "--purpose", "tumours", "--expires", "2999-01-31")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(signed.encode())))
    assert "hospital agrees to tumours" in busy.operator("consent", "accept", "-")
    (standing,) = [c for c in json.loads(busy.operator("consent", "list", "--format", "json")) if c["status"] == "standing"]
    assert standing["expires_at"] == "2999-01-31T00:00:00.000000Z"
