"""Parts of a statement that no tenant's criteria reach: raw text, and tables that are named without their class.

SQLAlchemy adds criteria to classes. A text such as `1 = 1 or 1 = 1` stands beside them without parentheses, and a bare `Table`
in a join, a union or an alias is not restricted at all.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Alias, Column, ColumnClause, CompoundSelect, FromClause, Select, Table, TextClause
from sqlalchemy.sql.visitors import HasTraverseInternals

ENTITIES = ("parententity", "parentmapper")


def raw_part(statement: Any, restricted: Collection[FromClause]) -> str | None:
    """The first such part in words, None where there is none. `restricted` are the tables of the statement's own classes."""
    parts = _written(statement) if isinstance(statement, Select) else (statement,)
    return next((raw for part in parts for raw in _raw_parts(part, restricted)), None)


def _raw_parts(part: Any, restricted: Collection[FromClause]) -> Iterator[str]:
    named = any(key in part._annotations for key in ENTITIES) if hasattr(part, "_annotations") else False
    match part:
        case TextClause():
            yield "raw text"
        case CompoundSelect():
            yield "a union"
        case Alias(element=Table()) if not named:
            yield "an alias of a bare table"
        case Table() if not named and part not in restricted:
            yield f"the bare table {part.name}"
        case ColumnClause(is_literal=True) if part.name != "*":
            yield "raw text"
        case Alias(element=Table()) | Table():
            return
        case Column():
            if not named and part.table is not None:
                yield from _raw_parts(part.table, restricted)
        case Select():  # an inner one, whose tables are not the outer's
            for child in _written(part):
                yield from _raw_parts(child, ())
        case _:
            for child in part.get_children():
                yield from _raw_parts(child, restricted)


def _written(select: Select[Any]) -> Iterable[Any]:
    """What somebody put into it: `Select.get_children` would add the tables of columns, which have lost their class there."""
    return HasTraverseInternals.get_children(select, omit_attrs=("_correlate", "_correlate_except"))
