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


@pytest.mark.slow
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
