"""What every command prints with: results to stdout, progress and complaints to stderr."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flowstate_flower.errors import FlowstateError

stderr = Console(stderr=True, highlight=False)


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]


def print_json(value: Any) -> None:
    """One JSON document on stdout; dataclasses become objects."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write("\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> None:
    """A table on stdout, never narrower than its content when it goes to a file or a pipe."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell(value)) for value in row))
    console.print(table)


def print_line(text: str) -> None:
    """A line on stdout."""
    Console(highlight=False, soft_wrap=True).print(escape(text))


def cell(value: object) -> str:
    """A value as people read it: – for nothing, three digits of a fraction."""
    if value is None or value == "":
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def complain(error: FlowstateError) -> None:
    """One line, and one with the hint."""
    stderr.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    if error.hint:
        stderr.print(f"[bold]hint:[/] {escape(error.hint)}", soft_wrap=True)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
