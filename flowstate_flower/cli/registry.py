"""`flowstate run` and `audit`: what an operator and an auditor read."""

from pathlib import Path
from typing import Annotated

import typer

from flowstate_flower.cli.inputs import RegistryOption, opened
from flowstate_flower.cli.output import Format, FormatOption, print_json, print_line, print_table
from flowstate_flower.errors import CHECK_FAILED
from flowstate_flower.registry import audit as auditing
from flowstate_flower.registry import views
from flowstate_flower.trust.keys import PublicKey

run = typer.Typer(no_args_is_help=True, help="Runs and their rounds.")
audit = typer.Typer(no_args_is_help=True, help="The log of everything that was recorded.")


@run.command("list")
def run_list(registry: RegistryOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the runs, the newest last.

    Example: `flowstate run list --registry runs/demo --format json`
    """
    rows = views.runs(opened(registry))
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
    view, closed, parts = views.run(source, name), views.rounds(source, name), views.participation(source, name)
    if output is Format.JSON:
        print_json({"run": view, "rounds": closed, "tenants": parts})
        return
    print_line(f"{view.run}: {view.status}, {view.rule} against {view.byzantine}, for {view.purpose}. {view.note}\n")
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


@audit.command("log")
def audit_log(
    registry: RegistryOption = None,
    about: Annotated[str | None, typer.Option("--tenant", help="Only entries about this tenant.")] = None,
    last: Annotated[int | None, typer.Option(help="Only the newest so many.", min=1)] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print the log's entries in order.

    Example: `flowstate audit log --registry runs/demo --tenant tenant-09 --last 5`
    """
    rows = views.audit_log(opened(registry), tenant=about, last=last)
    if output is Format.JSON:
        print_json(rows)
        return
    table = [(v.position, v.at, v.actor, v.tenant, v.kind, v.subject) for v in rows]
    print_table(["entry", "at", "actor", "tenant", "what", "row"], table, spare={"at", "tenant"})


@audit.command("verify")
def audit_verify(
    registry: RegistryOption = None,
    operator_key: Annotated[
        Path | None, typer.Option(help="The operator's public key that you trust. Default: operator.pub beside it.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Recompute the log and compare it with its signed heads and with every row. Exits 1 where something was changed.

    Example: `flowstate audit verify --registry runs/demo --operator-key operator.pub`
    """
    source = opened(registry)
    key = PublicKey.read(operator_key) if operator_key else source.operator
    verdict = auditing.verify(source, key)
    if output is Format.JSON:
        print_json(verdict)
    elif verdict.first is None:
        print_line(f"verified: {verdict.entries} entries, root {verdict.root}, signed by {key.text[:16]}…")
    else:
        print_line(f"NOT VERIFIED: {verdict.first.what}")
        if len(verdict.findings) > 1:
            print_line(f"and {len(verdict.findings) - 1} more; --format json lists them all")
    raise typer.Exit(0 if verdict.verified else CHECK_FAILED)
