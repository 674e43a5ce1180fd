"""Docs that cannot lie: each reference page names everything that exists, and nothing that does not."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main
from pydantic import BaseModel

from flowstate_flower.admission import Reason
from flowstate_flower.cli.main import application
from flowstate_flower.clients.policy import TenantPolicy
from flowstate_flower.isolation import SUITE
from flowstate_flower.registry.configuration import Configuration
from flowstate_flower.registry.exposition import METRICS
from flowstate_flower.registry.incidents import Kind, Severity
from flowstate_flower.registry.ledger_tables import LEDGER
from flowstate_flower.registry.tables import AUDITED, AuditEventRow, LogHeadRow
from flowstate_flower.registry.tenancy_tables import UsageRow
from flowstate_flower.simulations.results import Results
from flowstate_flower.simulations.scenario import Scenario, shipped
from flowstate_flower.superlink.accounts import Role
from flowstate_flower.superlink.document import SuperlinkDocument
from flowstate_flower.superlink.events import Kind as EventKind
from flowstate_flower.trust.statements import Refused

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


def keys(model: type[BaseModel]) -> set[str]:
    """Names of all fields, those of nested documents too."""
    found = set()
    for name, info in model.model_fields.items():
        found.add(name)
        for inner in re.findall(r"flowstate_flower[\w.]*\.(\w+)", str(info.annotation)):
            nested = next((c for c in _documents() if c.__name__ == inner), None)
            found |= keys(nested) if nested else set()
    return found


def _documents() -> list[type[BaseModel]]:
    from flowstate_flower.documents import Document

    return Document.__subclasses__()


NAMED = {
    "scenario.md": keys(Scenario),
    "policy.md": keys(TenantPolicy),
    "reasons.md": {str(reason) for reason in (*Reason, *Refused)},
    "registry.md": {str(table.__tablename__) for table in (*AUDITED, AuditEventRow, LogHeadRow, *LEDGER, UsageRow)},
    "isolation.md": {probe.name for probe in SUITE},
    "metrics.md": {*METRICS, *(str(word) for word in (*Kind, *Severity))},
    "superlink.md": {*keys(SuperlinkDocument), *(str(word) for word in (*EventKind, *Role))},
    "settings.md": {f"{section}.{name}" for section, values in Configuration().model_dump().items() for name in values},
}


@pytest.mark.parametrize(("name", "words"), [(n, w) for n, words in NAMED.items() for w in sorted(words)])
def test_the_reference_names_everything(name: str, words: str) -> None:
    assert f"`{words}`" in page(name)


def test_the_page_of_rules_is_the_catalogue() -> None:
    from flowstate_flower.cli.rules import page as printed

    assert page("rules.md") == printed(), "flowstate rules --format markdown > docs/reference/rules.md"


def options() -> list[tuple[str, str]]:
    found = []

    def walk(command, path: list[str]) -> None:
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*path, name])
        if path and not getattr(command, "commands", None):
            found.extend((" ".join(path), option) for p in command.params for option in p.opts if option.startswith("--"))

    walk(typer.main.get_command(application()), [])
    return found


@pytest.mark.parametrize(("command", "option"), options())
def test_the_reference_names_every_command_and_option(command: str, option: str) -> None:
    text = page("command-line.md")
    assert f"flowstate {command}" in text
    section = text[text.index(f"flowstate {command}") :]
    assert option in section


def test_the_reference_names_every_exit_code() -> None:
    text = page("command-line.md")
    assert all(f"`{code}`" in text or f"| {code} " in text for code in (0, 1, 2, 3, 4, 130))


def test_the_reference_names_every_key_of_the_metrics() -> None:
    hidden = {"title", "behaviours", "attackers", "epsilon_budget"}
    text = page("metrics.md")
    for name in {field.name for field in fields(Results)} - hidden:
        assert f"`{name}`" in text, name
    for name in ("defended", "undefended", "unattacked", "verified", "entries", "root", "behaviour", "share_low"):
        assert f"`{name}`" in text or f".{name}`" in text, name


@pytest.mark.parametrize("path", [*DOCS.rglob("*.md"), ROOT / "README.md"], ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", [*DOCS.rglob("*.md"), ROOT / "README.md"], ids=lambda p: str(p.relative_to(ROOT)))
def test_paths_and_modules_that_the_docs_name_exist(path: Path) -> None:
    import importlib

    for name in set(re.findall(r"`(flowstate_flower(?:\.\w+)+)`", path.read_text())):
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:cut]))
            except ModuleNotFoundError:
                continue
            for attribute in parts[cut:]:
                found = getattr(found, attribute)
            break


def test_every_shipped_scenario_is_in_the_docs() -> None:
    text = page("scenario.md")
    assert all(f"`{name}`" in text for name in shipped())


def test_the_page_of_the_isolation_score_says_what_the_probes_say() -> None:
    rows = {f"| `{p.name}` | {p.weight} | {'yes' if p.critical else 'no'} | {p.promise} |" for p in SUITE}
    assert {line for line in page("isolation.md").splitlines() if line.startswith("| `")} == rows
