"""`flowstate simulate` and `scenarios`: what an ML engineer runs on a laptop."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flowstate_flower.cli.output import Format, FormatOption, is_wide, print_json, print_line, print_table, stderr
from flowstate_flower.errors import BadInput, Interrupted, UnknownName

if TYPE_CHECKING:
    from flowstate_flower.registry.views import Participation
    from flowstate_flower.simulations.results import Results
    from flowstate_flower.simulations.world import Variant


class Engine(StrEnum):
    """Where the apps run."""

    IN_PROCESS = "in-process"
    FLOWER = "flower"


def simulate(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario, or the path of a TOML file.")],
    seed: Annotated[int, typer.Option(help="Draws data, weights and noise.", min=0, max=2**31 - 1)] = 1,
    rounds: Annotated[int | None, typer.Option(help="Instead of the scenario's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write. Default: runs/SCENARIO-SEED.")] = None,
    engine: Annotated[Engine, typer.Option(help="This process, or Flower's runtime on Ray.")] = Engine.IN_PROCESS,
    rule: Annotated[str | None, typer.Option(help="Instead of the scenario's. See: flowstate rules")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the images lie, instead of the scenario's folder.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier simulation in --out.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Simulate a federation, and beside it the same one undefended and unattacked.

    SCENARIO is the name of a shipped one (see: flowstate scenarios) or the path of a TOML file.
    Writes report.html, metrics.json, registry.db and model.npz.

    Example: `flowstate simulate quickstart --seed 7 --out runs/seven`
    """
    from flowstate_flower.simulations import scenario as scenarios_
    from flowstate_flower.simulations import simulate as simulations

    chosen = scenarios_.with_folder(scenarios_.with_rounds(scenarios_.load(scenario), rounds), folder)
    if rule is not None:
        closing = chosen.round.model_copy(update={"rule": scenarios_.usable_rule(rule, chosen.data).name})
        chosen = chosen.model_copy(update={"round": closing})
    name = Path(scenario).stem
    made = out or Path("runs") / f"{name}-{seed}"
    simulations.prepare(made, overwrite=overwrite)
    order = simulations.Order(name, chosen, seed, engine.value, made)
    with _stoppable() as check, _progress(chosen.rounds) as show:

        def progress(variant: "Variant", number: int) -> None:
            check()
            show(variant, number)

        try:
            results = simulations.simulate(order, progress)
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"stopped; what was recorded until then is in {made}",
                hint=f"flowstate audit verify --registry {made}",
            ) from stop
        except OSError as error:
            raise BadInput(f"cannot write to {made}: {error.strerror}", hint="check the disk") from error
    print_json(results.to_json()) if output is Format.JSON else _print_results(results, made)


def scenarios(
    show: Annotated[str | None, typer.Option("--show", help="Print this one's TOML, to start an own one from.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the scenarios that come with the package.

    Example: `flowstate scenarios --show quickstart > mine.toml`
    """
    from flowstate_flower.simulations.scenario import load, shipped

    if show is not None:
        if show not in shipped():
            raise UnknownName("scenario", show, shipped())
        print_line(shipped()[show].read_text(encoding="utf-8").rstrip())
        return
    known = {name: load(name) for name in shipped()}
    if output is Format.JSON:
        print_json([{"name": name, **scenario.model_dump(mode="json")} for name, scenario in known.items()])
        return
    rows = [(n, s.title, s.data.tenants, s.rounds, s.round.rule, len(s.attackers)) for n, s in known.items()]
    print_table(["scenario", "what happens", "tenants", "rounds", "rule", "attackers"], rows)


@contextmanager
def _progress(rounds: int) -> Iterator[Callable[["Variant", int], None]]:
    """Bars on a terminal, a line for every few rounds elsewhere; on stderr, so that stdout stays clean."""
    if not stderr.is_terminal:
        yield lambda variant, number: _line(variant, number, rounds)
        return
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr) as bars:
        tasks: dict[str, int] = {}

        def advance(variant: "Variant", number: int) -> None:
            if variant not in tasks:
                tasks[variant] = bars.add_task(variant, total=rounds)
            bars.update(tasks[variant], completed=number)  # type: ignore[arg-type]

        yield advance


def _line(variant: str, number: int, rounds: int) -> None:
    if number in {0, rounds} or number % 5 == 0:
        stderr.print(f"{variant}: round {number} of {rounds}")
        sys.stderr.flush()


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """A polite SIGTERM is treated as Ctrl-C, so that a run ends in the registry as interrupted.

    What is given raises once more after a signal whose exception was lost, as in a callback of a C library it is.
    """
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    def check() -> None:
        if signals:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_results(results: "Results", folder: Path) -> None:
    print_line(f"{results.title}\n")
    columns: list[Variant] = ["defended", "undefended", "unattacked"]
    by_round = results.accuracy_by_round
    rows = [(number, *(f"{by_round[c][number]:.1%}" for c in columns)) for number in by_round["defended"]]
    heads = ["round", f"{results.rule}", "plain FedAvg", "nobody poisons"]
    print_table(heads, rows, title="Accuracy on held-out images")
    print_line("")
    heads = ["tenant", "behaviour", "consent", "invited", "trained", "filtered", "refused", "rejected", "why", "ε", "share"]
    rows = [_tenant_row(results, part) for part in results.tenants]
    print_table(heads, rows, title=_tenants_title(results), spare={"consent", "why"})
    if not is_wide():
        for part in results.tenants:
            if part.reasons:
                print_line(f"{part.tenant}: {_why(part)}")
    _print_verdict(results, folder)


def _tenant_row(results: "Results", part: "Participation") -> tuple[object, ...]:
    return (
        part.tenant,
        results.behaviours.get(part.tenant, "honest"),
        part.status,
        part.invited,
        part.trained,
        part.filtered,
        part.refused,
        part.rejected,
        _why(part),
        None if part.epsilon is None else f"{part.epsilon:.2f}",
        f"{part.share:.1%}",
    )


def _why(part: "Participation") -> str:
    return ", ".join(f"{reason} × {count}" for reason, count in part.reasons.items())


def _tenants_title(results: "Results") -> str:
    if results.released is not None:
        return f"Tenants. {results.released}"
    deltas = {t.delta for t in results.tenants if t.delta is not None}
    if not deltas:
        return "Tenants (trained without differential privacy)"
    seeded = "; the noise was seeded: this is what the plan costs, not protection" if results.noise_is_seeded else ""
    return f"Tenants (ε at δ = {', '.join(f'{d:g}' for d in sorted(deltas))}{seeded})"


def _print_verdict(results: "Results", folder: Path) -> None:
    verdict = "verified" if results.audit.verified else "NOT VERIFIED"
    final = results.final_accuracy
    print_line(
        f"\nFinal accuracy: {final['defended']:.1%} defended, {final['undefended']:.1%} with plain FedAvg, "
        f"{final['unattacked']:.1%} with nobody poisoning."
    )
    print_line(f"Audit log: {verdict}, {results.audit.entries} entries, root {results.audit.root[:16]}…")
    print_line(f"Model: {results.model_digest[:16]}…   Look at {folder / 'report.html'}")
