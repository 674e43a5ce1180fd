"""Kill -9 at random points of a round: what is left opens, verifies, and holds whole rounds only."""

import os
import random
import shutil
import signal
import stat
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

from flowstate_flower.cli.bench.registry import PURPOSE, Keys, closed_round, enrolled
from flowstate_flower.cli.output import stderr
from flowstate_flower.errors import FlowstateError
from flowstate_flower.registry import Registry, audit, rounds, views
from flowstate_flower.registry.database import PUBLIC_FILE
from flowstate_flower.trust.keys import SigningKey

TENANTS, LONGEST_SECONDS, PATIENCE_SECONDS = 20, 0.15, 60.0


def survived(kills: int) -> int:
    """After how many of `kills` kills the registry was whole, and nothing secret or unfinished could be read by others."""
    context, rng, whole = get_context("forkserver"), random.SystemRandom(), 0
    context.set_forkserver_preload(["flowstate_flower.cli.bench.kills"])
    with TemporaryDirectory(prefix="flowstate-kills-") as folder:
        made, keys = enrolled(Path(folder) / "made", TENANTS)
        made.close()
        keep(keys, Path(folder))
        for number in range(kills):
            copy = Path(folder) / "copy"
            shutil.copytree(Path(folder) / "made", copy)
            ready = context.Event()
            child = context.Process(target=record_for_ever, args=(copy, Path(folder), ready), daemon=True)
            child.start()
            if not ready.wait(PATIENCE_SECONDS) or child.pid is None:
                raise RuntimeError("the process that records rounds did not begin")
            child.join(rng.uniform(0, LONGEST_SECONDS))
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            problem = what_is_wrong(copy, keys)
            whole += not problem
            if problem or number % 20 == 19:
                stderr.print(f"kill {number + 1} of {kills}: {problem or 'whole'}", soft_wrap=True)
            shutil.rmtree(copy)
    return whole


def keep(keys: Keys, folder: Path) -> None:
    """The tenants' keys, for the process that records."""
    for name, key in keys.items():
        key.write(folder / f"{name}.key")


def record_for_ever(registry: Path, keys: Path, ready: Event) -> None:
    """Record one round after the other until killed."""
    signers = {path.stem: SigningKey.read(path) for path in sorted(keys.glob("*.key"))}
    opened, number = Registry.open(registry, to_write=True), 0
    ready.set()
    while True:
        number += 1
        rounds.record_round(opened, closed_round(number, signers))


def what_is_wrong(folder: Path, keys: Keys) -> str:
    """Why a registry is not whole after a kill; nothing where it is, and where it can go on."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != PUBLIC_FILE and stat.S_IMODE(path.stat().st_mode) & 0o077:
            return f"{path.name} can be read by others"
    try:
        opened = Registry.open(folder, to_write=True)
        closed = views.rounds(opened, PURPOSE)
        if [view.round for view in closed] != list(range(1, len(closed) + 1)):
            return "a round is missing"
        if any((view.invited, view.accepted) != (len(keys), len(keys)) for view in closed):
            return "a part of a round was recorded"
        rounds.record_round(opened, closed_round(len(closed) + 1, keys))
        verdict = audit.verify(opened, opened.operator, audit.Against(models=True))
        opened.close()
    except FlowstateError as error:
        return str(error)
    return verdict.first.what if verdict.first else ""
