"""The tutorial is executed: every line that starts with `$ `, in order, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    return [line[2:] for block in BLOCK.findall(page.read_text()) for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.long
def test_your_first_federation(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    lines = commands(ROOT / "docs" / "tutorials" / "your-first-federation.md")
    assert len(lines) >= 6
    for line in lines:
        should_fail = line.startswith("! ")
        done = subprocess.run(
            ["bash", "-c", line.removeprefix("! ")],
            cwd=tmp_path,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            timeout=180,
        )
        assert (done.returncode != 0) == should_fail, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "runs" / "first" / "report.html").exists()


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "how-to").glob("*.md")), ids=lambda p: p.name)
def test_python_in_the_how_tos_compiles(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        compile(block, str(page), "exec")


def test_a_tenant_comes_and_goes_as_the_how_tos_type_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both pages one after the other, in this process; what is redirected goes into its file."""
    import io
    import shlex

    from flowstate_flower.cli.main import run

    monkeypatch.chdir(tmp_path)
    lines = [
        line
        for name in ("onboard", "suspend-and-delete")
        for line in commands(ROOT / "docs" / "how-to" / f"{name}-a-tenant.md")
    ]
    assert len(lines) >= 14
    for line in lines:
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        command, _, file = line.partition(" > ")
        assert run(shlex.split(command)[1:]) == 0, (line, capsys.readouterr().err)
        printed = capsys.readouterr().out
        if file:
            (tmp_path / file).write_text(printed)
    assert printed.startswith("verified")
