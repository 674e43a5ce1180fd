"""The house stands as it was drawn."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sorted(
    path
    for folder in ("flowstate_flower", "strategies", "clients", "simulations")
    for path in (ROOT / folder).rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
)


@pytest.mark.parametrize("name", ["strategies", "clients", "simulations"])
def test_the_committed_links_lead_to_the_top_level_folders(name: str) -> None:
    link = ROOT / "flowstate_flower" / name
    assert link.is_symlink()
    assert link.readlink() == Path("..") / name


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_nothing_is_pickled_and_nothing_listens_beyond_loopback() -> None:
    for path in PYTHON:
        text = path.read_text()
        assert not re.search(r"import pickle|allow_pickle=True|torch\.load|0\.0\.0\.0", text), path


def test_only_the_command_line_prints() -> None:
    for path in PYTHON:
        if "cli" not in path.parts:
            assert not re.search(r"(?<![\w.])print\(", path.read_text()), path


def test_every_import_has_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]["pld"]  # imported where it is there
    declared = {re.split(r"[\[<>=]", name)[0].replace("-", "_").lower() for name in project["dependencies"] + extras}
    declared |= {"sqlalchemy", "markupsafe"}  # parts of sqlmodel and jinja2
    alias = {"sklearn": "scikit_learn"}
    import sys

    for path in PYTHON:
        for name in re.findall(r"^\s*(?:from|import) ([a-zA-Z_]\w*)", path.read_text(), re.MULTILINE):
            root = alias.get(name, name)
            assert root in declared or root in sys.stdlib_module_names or root == "flowstate_flower", (path, name)


def test_all_is_true() -> None:
    import importlib

    for room in ("aggregation", "attribution", "privacy", "registry", "isolation", "strategies", "clients"):
        module = importlib.import_module(f"flowstate_flower.{room}")
        assert all(hasattr(module, name) for name in module.__all__), room
