"""Starting, resuming and stopping runs: what is recorded in the registry, in step with what Flower is asked to do.

The registry is written first: a run of Flower that it knows nothing of reaches no tenant. The app of a run is kept beside it,
so that it goes on with the very code that it began with.
"""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flowstate_flower.errors import BadInput, BrokenRegistry, FlowstateError, RunImpossible
from flowstate_flower.registry import Registry, attempts, lives, rounds, views
from flowstate_flower.registry.attempts import Attempt
from flowstate_flower.strategies import RunSpec

APPS, LAST_WORDS_SECONDS, POLL_SECONDS = "apps", 30.0, 0.2
STOPPED, NEVER_STARTED = "stopped", "never-started"


class Runs(Protocol):
    """Flower's Control API, as far as runs need it: `superlink.control.Control`."""

    def start(self, fab: bytes) -> int:
        """Start a run of the app; Flower's id of it."""

    def stop(self, run_id: int) -> bool:
        """Stop a run; whether this stopped it."""

    def is_over(self, run_id: int) -> bool:
        """Whether nothing more will happen in a run."""


@dataclass(frozen=True, slots=True)
class RunControl:
    """Runs of one registry on one SuperLink."""

    registry: Registry
    flower: Runs

    def start(self, spec: RunSpec, app: bytes) -> str:
        """Record a new run and let Flower begin it. Returns Flower's id. Raises `BadInput`, `RunImpossible`."""
        digest = keep_app(self.registry, app)
        spec = spec.model_copy(update={"app": digest})
        terms = spec.terms
        plan = rounds.RunPlan(
            spec.run, spec.purpose, terms.closing.rule.name, spec.byzantine, spec.rounds, spec=spec.text, app=digest
        )
        rounds.announce_run(self.registry, plan)
        return self._begin(spec.run, app, 1)

    def resume(self, run: str) -> str:
        """Let Flower go on with a run that nobody carries any more. Returns Flower's id. Raises `BadInput`, `RunImpossible`."""
        status = views.run(self.registry, run).status
        if status == rounds.COMPLETED:
            raise BadInput(f"run '{run}' is completed", hint="start another run")
        if lives.is_alive(self.registry, run):
            raise BadInput(f"run '{run}' is carried on by another process", hint=f"flowstate run watch {run}")
        spec = attempts.spec_of(self.registry, run)
        if spec.app is None:
            raise BadInput(f"run '{run}' has no app on record", hint="it was not started by `flowstate run start`")
        app = kept_app(self.registry, spec.app)
        for attempt in self._open(run):  # what Flower may still believe to be running
            with suppress(FlowstateError):
                self.flower.stop(int(attempt.flower_run))
            attempts.end(self.registry, run, attempt.number, attempts.DIED)
        flower_run = self._begin(run, app, rounds.last_round(self.registry, run).number + 1)
        rounds.resume_run(self.registry, run)
        return flower_run

    def stop(self, run: str) -> None:
        """End a run where it stands; it can be resumed. Raises `BadInput` where it does not run, `RunImpossible` where it does
        not end.
        """
        view = views.run(self.registry, run)
        if view.status not in (rounds.RUNNING, rounds.STARTING):
            raise BadInput(f"run '{run}' is {view.status}", hint=f"flowstate run show {run}")
        carried = self._open(run)
        for attempt in carried:
            self.flower.stop(int(attempt.flower_run))
        until = time.monotonic() + LAST_WORDS_SECONDS
        while lives.is_alive(self.registry, run):
            if time.monotonic() > until:
                raise RunImpossible(f"run '{run}' does not end", hint="end its ServerApp; what is recorded stays valid")
            time.sleep(POLL_SECONDS)
        for attempt in carried:
            attempts.end(self.registry, run, attempt.number, STOPPED)
        if views.run(self.registry, run).status in (rounds.RUNNING, rounds.STARTING):
            rounds.interrupt_run(self.registry, run, "stopped by the operator")

    def died(self, run: str) -> bool:
        """Whether nobody carries a run on, nor will unless it is resumed: whoever did is dead, of which Flower hears a minute
        later, or Flower is done with it, or is itself gone.
        """
        carried = self._open(run)
        if lives.is_alive(self.registry, run):
            return False
        if carried and lives.last_life(self.registry, run) == carried[-1].flower_run:
            return True
        try:
            return all(self.flower.is_over(int(attempt.flower_run)) for attempt in carried)
        except RunImpossible:
            return True

    def _begin(self, run: str, app: bytes, first_round: int) -> str:
        try:
            flower_run = str(self.flower.start(app))
        except FlowstateError as error:
            rounds.interrupt_run(self.registry, run, f"Flower did not start it: {error}")
            raise
        attempts.begin(self.registry, run, flower_run, first_round)
        return flower_run

    def _open(self, run: str) -> list[Attempt]:
        found = attempts.attempts(self.registry, run)
        return [attempt for attempt in found if attempt.ended_at is None and attempt.flower_run.isdecimal()]


def keep_app(registry: Registry, app: bytes) -> str:
    """Put an app beside the registry, under its SHA-256, which is returned. Raises `BrokenRegistry`."""
    digest = hashlib.sha256(app).hexdigest()
    path = _app_file(registry, digest)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(app)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BrokenRegistry(f"cannot write {path}: {error.strerror}", hint="check the disk") from error
    return digest


def kept_app(registry: Registry, digest: str) -> bytes:
    """The app that was kept under `digest`. Raises `BrokenRegistry` where it is gone or another one."""
    path = _app_file(registry, digest)
    try:
        app = path.read_bytes()
    except OSError as error:
        raise BrokenRegistry(f"cannot read {path}: {error.strerror}", hint="restore it from a copy") from error
    if hashlib.sha256(app).hexdigest() != digest:
        raise BrokenRegistry(f"{path} is another app than it is named after", hint="restore it from a copy")
    return app


def free_name(registry: Registry, stem: str) -> str:
    """`stem-N` for the smallest N that no run has."""
    taken = {view.run for view in views.runs(registry)}
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}-{number}") not in taken)


def _app_file(registry: Registry, digest: str) -> Path:
    return registry.path.parent / APPS / f"{digest}.fab"
