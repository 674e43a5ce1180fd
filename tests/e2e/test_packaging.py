"""What a stranger installs: the wheel, beside nothing of the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
from pathlib import Path
import flowstate_flower
home = Path(flowstate_flower.__file__).parent
rooms = set()
for module in pkgutil.walk_packages([str(home)], "flowstate_flower."):
    if ".apps." in module.name or module.name.endswith(".migrations.env"):  # Flower runs the one, Alembic the other
        continue
    loaded = importlib.import_module(module.name)
    assert Path(loaded.__file__).is_relative_to(home), loaded.__file__
    rooms.add(module.name.split(".")[1])
assert not any(name in sys.modules for name in ("strategies", "clients", "simulations"))
print(home)
print(" ".join(sorted(rooms)))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An environment that holds the wheel, and sees our dependencies but not the checkout (whose link is a .pth file)."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: building leaves files behind, which the next wheel would pick up
    unwanted = shutil.ignore_patterns(".*", "build", "dist", "runs", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, symlinks=True, ignore=unwanted)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(source)], check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True)
    return folder, {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"], "PYTHONSAFEPATH": "1"}


@pytest.mark.slow
def test_every_room_imports_from_the_wheel_alone(installed: tuple[Path, dict[str, str]]) -> None:
    folder, environment = installed
    done = subprocess.run(
        [folder / "env" / "bin" / "python", "-c", IMPORT_EVERYTHING],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    home, rooms = done.stdout.splitlines()
    assert Path(home).is_relative_to(folder / "env")
    assert set(rooms.split()) == {
        path.stem for path in (ROOT / "flowstate_flower").glob("[a-z]*") if path.suffix in {"", ".py"}
    }


@pytest.mark.slow
def test_the_command_runs_from_the_wheel_with_its_data(installed: tuple[Path, dict[str, str]]) -> None:
    folder, environment = installed
    flowstate = folder / "env" / "bin" / "flowstate"
    command = [flowstate, "simulate", "quickstart", "--rounds", "1", "--out", "run", "--format", "json"]
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "run" / "report.html").exists()
    app = next((folder / "env").glob("lib/*/site-packages/flowstate_flower/simulations/apps/federation"))
    assert (app / "pyproject.toml").exists()
    assert (app / "federation_app" / "client_app.py").exists()
