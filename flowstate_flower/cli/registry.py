"""`flowstate run`: what an operator reads."""

from dataclasses import replace
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.registry import Registry, attempts, federation_ledger, lives, rounds, views
from flowstate_flower.registry.views import RunView

run = typer.Typer(no_args_is_help=True, help="Runs and their rounds.")


@run.command("list")
def run_list(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the runs, the newest last.

    Example: `flowstate run list --registry runs/demo --format json`
    """
    source = opened(registry)
    rows = [as_it_is(source, view) for view in views.runs(source)]
    if output is Format.JSON:
        print_json(rows)
        return
    table = [(v.run, v.status, f"{v.rounds}/{v.planned_rounds}", v.rule, v.accuracy, v.started_at) for v in rows]
    print_table(["run", "status", "rounds", "rule", "accuracy", "started"], table, spare={"started"})


@run.command("show")
def run_show(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Its name, as `run list` prints it.")],
    registry: RegistryOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show one run: its rounds, and every tenant's part in it. RUN is its name, as `run list` prints it.

    Example: `flowstate run show quickstart-1-defended --registry runs/demo`
    """
    source = opened(registry)
    view = as_it_is(source, views.run(source, name))
    closed, parts = views.rounds(source, name), views.participation(source, name)
    released, tried = federation_ledger.released(source, name), attempts.attempts(source, name)
    if output is Format.JSON:
        print_json({"run": view, "rounds": closed, "tenants": parts, "released": released, "attempts": tried})
        return
    print_line(f"{view.run}: {view.status}, {view.rule} against {view.byzantine}, for {view.purpose}. {view.note}\n")
    if released is not None:
        print_line(f"{released}\n")
    print_table(
        ["round", "status", "invited", "accepted", "refused", "rejected", "accuracy", "model", "why not"],
        [
            (r.round, r.status, r.invited, r.accepted, r.refused, r.rejected, r.accuracy, r.model_digest[:12], r.why)
            for r in closed
        ],
        spare={"model"},
    )
    print_line("")
    print_table(
        ["tenant", "consent now", "invited", "trained", "filtered", "refused", "rejected", "ε", "δ", "share"],
        [
            (p.tenant, p.status, p.invited, p.trained, p.filtered, p.refused, p.rejected, p.epsilon, p.delta, p.share)
            for p in parts
        ],
        spare={"consent now", "δ"},
    )
    if len(tried) > 1:
        print_line("")
        print_table(
            ["attempt", "Flower's run", "from round", "started", "ended", "how"],
            [(a.number, a.flower_run, a.first_round, a.started_at, a.ended_at, a.how) for a in tried],
            spare={"started", "ended"},
        )


def as_it_is(registry: Registry, view: RunView) -> RunView:
    """The run, which is interrupted where it says that it is running and its process is gone."""
    gone = view.status == rounds.RUNNING and lives.was_here(registry, view.run) and not lives.is_alive(registry, view.run)
    return replace(view, status=rounds.INTERRUPTED) if gone else view
