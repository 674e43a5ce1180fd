"""`flowstate run start|watch|stop|resume`: runs on the SuperLink of a deployment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import print_line
from flowstate_flower.cli.progress import Watching
from flowstate_flower.cli.registry import run
from flowstate_flower.errors import BadInput, Interrupted
from flowstate_flower.registry import Registry, lives, rounds, views
from flowstate_flower.trust.terms import LocalWork, PrivacyTerms, Unit

if TYPE_CHECKING:
    from flowstate_flower.deployment.run_control import RunControl

app = run  # with what is read of runs
POLL_SECONDS = 0.5

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Its name, as `run list` prints it.")]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", help="An operator's token. Default: FLOWSTATE_TOKEN_FILE, else the one in superlink/."),
]
AddressOption = Annotated[
    str | None, typer.Option("--superlink", help="host:port for operators. Default: as superlink.toml says, 127.0.0.1:9093.")
]
DetachOption = Annotated[bool, typer.Option("--detach", help="Do not watch; it runs on by itself either way.")]


@run.command("start")
def run_start(
    folder: Annotated[Path, typer.Argument(metavar="APP", help="The folder of a Flower app.")],
    purpose: Annotated[str, typer.Option(help="What for: tenants that agreed to it are asked.")],
    rounds_: Annotated[int, typer.Option("--rounds", min=1, help="How many.")],
    name: Annotated[str | None, typer.Option(help="The run's name. Default: the app's folder and a number.")] = None,
    rule: Annotated[str, typer.Option(help="How updates are aggregated; see `flowstate rules`.")] = "multi-krum",
    byzantine: Annotated[int, typer.Option(min=0, help="How many hostile tenants are withstood.")] = 0,
    quorum: Annotated[int, typer.Option(min=1, help="Fewer updates close no round.")] = 1,
    weighting: Annotated[Literal["uniform", "examples"], typer.Option(help="What the mean weighs by.")] = "uniform",
    cohort: Annotated[int | None, typer.Option(min=1, help="How many tenants are asked in a round. Default: all.")] = None,
    deadline: Annotated[float, typer.Option(min=1.0, help="Seconds until a round is closed with who answered.")] = 600.0,
    largest_update_norm: Annotated[float | None, typer.Option(help="Longer updates are turned away.")] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of SGD, a round.")] = 10,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Of the tenants' SGD.")] = 0.1,
    momentum: Annotated[float, typer.Option(help="Of the tenants' SGD.")] = 0.0,
    worker_momentum: Annotated[float, typer.Option(help="Of what tenants send, over rounds.")] = 0.0,
    noise_multiplier: Annotated[float | None, typer.Option(help="Noise in units of the clipping norm. Default: none.")] = None,
    clip_norm: Annotated[float, typer.Option(help="What is clipped is at most this long.")] = 1.0,
    unit: Annotated[Literal["example", "group", "tenant"], typer.Option(help="Whose privacy.")] = "example",
    epsilon: Annotated[float | None, typer.Option(help="The federation's whole budget, with the unit tenant.")] = None,
    delta: Annotated[float, typer.Option(help="Its δ.")] = 1e-5,
    detach: DetachOption = False,
    token_file: TokenOption = None,
    superlink: AddressOption = None,
    registry: RegistryOption = None,
) -> None:
    """Start a run and watch it. Ctrl-C stops watching, not the run. Exits 0 where it completed, 3 where it did not.

    Example: `flowstate run start my-app --purpose research --rounds 10 --rule median --byzantine 1 --registry operator`
    """
    from flowstate_flower.deployment.run_control import free_name
    from flowstate_flower.documents import parsed
    from flowstate_flower.strategies import RunSpec
    from flowstate_flower.superlink.control import built_app

    fab, source = built_app(folder), opened(registry, to_write=True)
    work = {"steps": steps, "batch_size": batch_size, "learning_rate": learning_rate}
    work |= {"momentum": momentum, "worker_momentum": worker_momentum}
    said = {
        "run": name or free_name(source, folder.resolve().name),
        "purpose": purpose,
        "rounds": rounds_,
        "work": parsed_work(work),
        "privacy": privacy_terms(noise_multiplier, clip_norm, unit),
        "rule": rule,
        "byzantine": byzantine,
        "quorum": quorum,
        "weighting": weighting,
        "largest_update_norm": largest_update_norm,
        "deadline_seconds": deadline,
        "cohort": cohort,
        "budget": None if epsilon is None else (epsilon, delta),
    }
    spec = parsed(RunSpec, said, "the run")
    with controlled(source, superlink, token_file) as control:
        flower_run = control.start(spec, fab)
        print_line(f"{spec.run} is started, as Flower's run {flower_run}.")
        _watch_unless(detach, control, spec.run)


@run.command("resume")
def run_resume(
    name: RunArgument,
    detach: DetachOption = False,
    token_file: TokenOption = None,
    superlink: AddressOption = None,
    registry: RegistryOption = None,
) -> None:
    """Go on with a run that crashed, failed or was stopped, after its last recorded round, with the app that it began with.

    Example: `flowstate run resume my-app-1 --registry operator`
    """
    with controlled(opened(registry, to_write=True), superlink, token_file) as control:
        first = rounds.last_round(control.registry, name).number + 1
        flower_run = control.resume(name)
        print_line(f"{name} goes on with round {first}, as Flower's run {flower_run}.")
        _watch_unless(detach, control, name)


@run.command("watch")
def run_watch(
    name: RunArgument, token_file: TokenOption = None, superlink: AddressOption = None, registry: RegistryOption = None
) -> None:
    """Show a run's rounds as they close, until it is over. Exits 0 where it completed, 3 where it did not.

    Example: `flowstate run watch my-app-1 --registry operator`
    """
    source = opened(registry)
    view = views.run(source, name)
    if view.status not in (rounds.STARTING, rounds.RUNNING) or lives.is_alive(source, name):
        Watching(source, name).until_over(lambda: not lives.is_alive(source, name), POLL_SECONDS)
        return
    with controlled(source, superlink, token_file) as control:
        _watch_unless(False, control, name)


@run.command("stop")
def run_stop(
    name: RunArgument, token_file: TokenOption = None, superlink: AddressOption = None, registry: RegistryOption = None
) -> None:
    """Stop a run where it stands. What is recorded stays, and it can be resumed.

    Example: `flowstate run stop my-app-1 --registry operator`
    """
    with controlled(opened(registry, to_write=True), superlink, token_file) as control:
        control.stop(name)
    print_line(f"{name} is stopped. To go on: flowstate run resume {name}")


@contextmanager
def controlled(registry: Registry, address: str | None, token_file: Path | None) -> Iterator["RunControl"]:
    """The runs of a registry on the SuperLink of its folder. Raises `BadInput`."""
    from flowstate_flower.deployment.run_control import RunControl
    from flowstate_flower.superlink.control import Control
    from flowstate_flower.superlink.document import read_document

    folder = registry.path.parent
    where = address or str(read_document(folder).operators)
    try:
        with Control(where, folder / "pki" / "root.crt", _token(folder, token_file)) as control:
            yield RunControl(registry, control)
    finally:
        registry.close()


def parsed_work(said: Mapping[str, object]) -> LocalWork:
    """What flags say of local work. Raises `BadInput`."""
    try:
        return LocalWork.model_validate(said)
    except ValueError as error:
        raise BadInput(f"the local work: {_first(error)}", hint="flowstate run start --help") from error


def privacy_terms(noise_multiplier: float | None, clip_norm: float, unit: Unit) -> PrivacyTerms | None:
    """What flags say of privacy. Raises `BadInput`."""
    if noise_multiplier is None:
        return None
    try:
        return PrivacyTerms(noise_multiplier=noise_multiplier, clip_norm=clip_norm, unit=unit)
    except ValueError as error:
        raise BadInput(f"privacy: {_first(error)}", hint="flowstate run start --help") from error


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    from flowstate_flower.trust.statements import first_problem

    return first_problem(error) if isinstance(error, ValidationError) else str(error)


def _watch_unless(detached: bool, control: "RunControl", name: str) -> None:
    if detached:
        print_line(f"To watch it: flowstate run watch {name}")
        return
    try:
        Watching(control.registry, name).until_over(lambda: control.died(name), POLL_SECONDS)
    except KeyboardInterrupt as stop:
        hint = f"flowstate run watch {name}, or flowstate run stop {name}"
        raise Interrupted(f"{name} runs on, nobody watches", hint=hint) from stop


def _token(folder: Path, given: Path | None) -> str:
    """The operator's token: of the file that is named, or of the only one beside the SuperLink. Raises `BadInput`."""
    named = given or (Path(said) if (said := os.environ.get("FLOWSTATE_TOKEN_FILE")) else None)
    found = [named] if named else sorted((folder / "superlink").glob("*.token"))
    if len(found) != 1:
        raise BadInput(f"{len(found)} tokens in {folder / 'superlink'}", hint="--token-file says whose: superlink account add")
    try:
        return found[0].read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {found[0]}", hint="flowstate superlink account add writes it") from error
