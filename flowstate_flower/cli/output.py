"""What every command prints with: results to stdout, progress and complaints to stderr."""

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flowstate_flower.errors import FlowstateError

NOTHING, WIDE = "–", 110
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


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", spare: Collection[str] = ()
) -> None:
    """A table on stdout, never narrower than its content when it goes to a file or a pipe.

    On a narrow terminal the columns that hold sentences wrap, numbers and names do not, and the `spare` ones are left out,
    as they are wherever they are empty.
    """
    console = _stdout()
    cells = [[cell(value) for value in row] for row in rows]
    shown = [i for i, name in enumerate(columns) if name not in spare or (is_wide() and _says_something(cells, i))]
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for i in shown:
        table.add_column(columns[i], overflow="fold", no_wrap=all(" " not in row[i] for row in cells))
    for row in cells:
        table.add_row(*(escape(row[i]) for i in shown))
    console.print(table)


def is_wide() -> bool:
    """Whether stdout has room for the spare columns: a file and a pipe always have."""
    return _stdout().width >= WIDE


def _stdout() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def _says_something(cells: Sequence[Sequence[str]], column: int) -> bool:
    return any(row[column] != NOTHING for row in cells)


def print_line(text: str) -> None:
    """A line on stdout."""
    Console(highlight=False, soft_wrap=True).print(escape(text))


def cell(value: object) -> str:
    """A value as people read it: – for nothing, three digits of a fraction."""
    if value is None or value == "":
        return NOTHING
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
